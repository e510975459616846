package main

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"os"
	"reflect"
	"time"

	"github.com/alecthomas/kong"
	"github.com/goccy/go-yaml"

	"liveroom/address"
	"liveroom/live"
	"liveroom/live/hls"
	"liveroom/live/rtmp"
	"liveroom/live/stream"
	"liveroom/web"
	"liveroom/web/socket"
)

// Settings is everything that can be set, once: flag, environment variable, YAML key (the flag's name) and default stand
// side by side. What is given later in that list gives way to what is given earlier.
type Settings struct {
	HTTP        string `help:"Address of the public HTTP port." default:":8080" env:"LIVEROOM_HTTP_ADDR" yaml:"http"`
	RTMP        string `help:"Address of the RTMP port." default:":1935" env:"LIVEROOM_RTMP_ADDR" yaml:"rtmp"`
	HTTPS       string `help:"Address of an HTTPS port beside the plain one; needs a certificate." env:"LIVEROOM_HTTPS_ADDR" yaml:"https"`
	RTMPS       string `help:"Address of an RTMPS port beside the plain one; needs a certificate." env:"LIVEROOM_RTMPS_ADDR" yaml:"rtmps"`
	Ops         string `help:"Address of metrics, profiles and detailed health; empty: none. Keep it private." default:"127.0.0.1:9090" env:"LIVEROOM_OPS_ADDR" yaml:"ops"`
	Data        string `help:"Data folder." default:"./data" env:"LIVEROOM_DATA_DIR" yaml:"data"`
	Redis       string `help:"Redis that the nodes of a cluster share: redis://…, rediss://…, redis+sentinel://… or redis+cluster://…; empty: this node is alone, and its data folder holds all." env:"LIVEROOM_REDIS_URL" yaml:"redis"`
	Node        string `help:"Name of this node; default: the host's name." env:"LIVEROOM_NODE_ID" yaml:"node"`
	InternalURL string `name:"internal-url" help:"Where the other nodes of a cluster reach this one's HTTP port, such as http://10.0.0.5:8080." env:"LIVEROOM_INTERNAL_URL" yaml:"internal-url"`
	LogFmt      string `name:"log-format" help:"text or json." enum:"text,json" default:"text" env:"LIVEROOM_LOG_FORMAT" yaml:"log-format"`
	LogLvl      string `name:"log-level" help:"debug, info, warn or error." enum:"debug,info,warn,error" default:"info" env:"LIVEROOM_LOG_LEVEL" yaml:"log-level"`

	TLSCert string `name:"tls-cert" help:"Certificate file (PEM), re-read when it changes." env:"LIVEROOM_TLS_CERT" yaml:"tls-cert"`
	TLSKey  string `name:"tls-key" help:"Key file (PEM)." env:"LIVEROOM_TLS_KEY" yaml:"tls-key"`

	PublicURL     string `name:"public-url" help:"How browsers reach this server; addresses are made of it." default:"http://localhost:8080" env:"LIVEROOM_PUBLIC_URL" yaml:"public-url"`
	PublicRTMPURL string `name:"public-rtmp-url" help:"How encoders reach this server." default:"rtmp://localhost:1935" env:"LIVEROOM_PUBLIC_RTMP_URL" yaml:"public-rtmp-url"`

	Apps           []string      `help:"Accepted AppNames, * = any. Addresses are made with the first." default:"live" env:"LIVEROOM_APPS" yaml:"apps"`
	Grace          time.Duration `help:"How long an interrupted room waits for its anchor." default:"60s" env:"LIVEROOM_GRACE" yaml:"grace"`
	PauseLimit     time.Duration `name:"pause-limit" help:"How long a paused room without a stream stays." default:"30m" env:"LIVEROOM_PAUSE_LIMIT" yaml:"pause-limit"`
	AutoRoom       string        `name:"auto-room" help:"on: a validly signed push for an unknown stream creates its room." enum:"on,off" default:"on" env:"LIVEROOM_AUTO_ROOM" yaml:"auto-room"`
	GuestLogin     string        `name:"guest-login" help:"on: anyone may take a nickname and speak." enum:"on,off" default:"off" env:"LIVEROOM_GUEST_LOGIN" yaml:"guest-login"`
	MaxConnections int           `name:"max-connections" help:"Most connections, of HTTP and HTTPS together and of RTMP and RTMPS together; 0: 20,000, or the descriptor limit less 512 where that is less." default:"0" env:"LIVEROOM_MAX_CONNECTIONS" yaml:"max-connections"`
	MaxPerAddress  int           `name:"max-per-address" help:"Most of them from one address, IPv6 by /64, trusted proxies excepted; 0: no limit." default:"512" env:"LIVEROOM_MAX_PER_ADDRESS" yaml:"max-per-address"`
	MaxPushes      int           `name:"max-pushes-per-address" help:"Most pushes running from one address, IPv6 by /64; 0: no limit." default:"16" env:"LIVEROOM_MAX_PUSHES_PER_ADDRESS" yaml:"max-pushes-per-address"`
	MaxViewers     int           `name:"max-viewers" help:"Most viewers of this node, over all protocols; 0: no limit." default:"0" env:"LIVEROOM_MAX_VIEWERS" yaml:"max-viewers"`
	MaxViewersRoom int           `name:"max-viewers-per-room" help:"Most viewers of a room that has no limit of its own; 0: no limit." default:"0" env:"LIVEROOM_MAX_VIEWERS_PER_ROOM" yaml:"max-viewers-per-room"`
	MaxBandwidth   bitrate       `name:"max-bandwidth" help:"Most outgoing bits per second committed to viewers of this node, such as 800Mbit; 0: no limit." default:"0" env:"LIVEROOM_MAX_BANDWIDTH" yaml:"max-bandwidth"`
	MaxBitsRoom    bitrate       `name:"max-bandwidth-per-room" help:"The same for a room that has no limit of its own; 0: no limit." default:"0" env:"LIVEROOM_MAX_BANDWIDTH_PER_ROOM" yaml:"max-bandwidth-per-room"`
	MergeWindow    time.Duration `name:"merge-window" help:"Longest that media waits for more to share a write with, while many watch over RTMP and FLV; 0: never." default:"90ms" env:"LIVEROOM_MERGE_WINDOW" yaml:"merge-window"`
	DelayBytes     bytesize      `name:"delay-bytes" help:"Most bytes of streams that are shown later, over all rooms of this node; beyond it the oldest is shown early." default:"512MiB" env:"LIVEROOM_DELAY_BYTES" yaml:"delay-bytes"`
	HLSLatency     string        `name:"hls-latency" help:"low: HLS in parts, some 2 s behind live where the player knows Low-Latency HLS; normal: whole segments only." enum:"low,normal" default:"low" env:"LIVEROOM_HLS_LATENCY" yaml:"hls-latency"`
	HLSSegments    string        `name:"hls-segments" help:"fmp4, or ts: MPEG-TS for old players, always with normal latency, of H.264, HEVC, AAC and Opus." enum:"fmp4,ts" default:"fmp4" env:"LIVEROOM_HLS_SEGMENTS" yaml:"hls-segments"`
	HLSSegment     time.Duration `name:"hls-segment" help:"Least length of an HLS segment, in whole seconds; it ends at the next keyframe." default:"2s" env:"LIVEROOM_HLS_SEGMENT" yaml:"hls-segment"`
	ChatRate       int           `name:"chat-rate" help:"Messages of members that a room delivers in a second, the most important first; the server's own pass beside them." default:"40" env:"LIVEROOM_CHAT_RATE" yaml:"chat-rate"`
	ChatHistory    int           `name:"chat-history" help:"Newest messages that a newcomer gets." default:"20" env:"LIVEROOM_CHAT_HISTORY" yaml:"chat-history"`
	ChatHistoryAge time.Duration `name:"chat-history-age" help:"How old they may be." default:"24h" env:"LIVEROOM_CHAT_HISTORY_AGE" yaml:"chat-history-age"`
	ChatMessage    int           `name:"chat-message-size" help:"Most bytes of a message, MsgBody and CloudCustomData together." default:"12288" env:"LIVEROOM_CHAT_MESSAGE_SIZE" yaml:"chat-message-size"`
	ChatNotice     int           `name:"chat-notice-size" help:"Most bytes of a room's notice; 300 is Tencent's limit." default:"300" env:"LIVEROOM_CHAT_NOTICE_SIZE" yaml:"chat-notice-size"`
	ChatUserBurst  int           `name:"chat-user-burst" help:"Messages a member may send at once; 0: as many as he likes." default:"5" env:"LIVEROOM_CHAT_USER_BURST" yaml:"chat-user-burst"`
	ChatUserRate   float64       `name:"chat-user-rate" help:"Messages a member may send in a second, after those at once." default:"2" env:"LIVEROOM_CHAT_USER_RATE" yaml:"chat-user-rate"`
	ChatPriority   string        `name:"chat-priority-cap" help:"Highest priority that messages of members have, whatever they claim or their type says: high, normal or low." enum:"high,normal,low" default:"high" env:"LIVEROOM_CHAT_PRIORITY_CAP" yaml:"chat-priority-cap"`
	ChatCount      float64       `name:"chat-count-change" help:"Share by which the count of people in a room must have moved for its members to be told at once." default:"0.02" env:"LIVEROOM_CHAT_COUNT_CHANGE" yaml:"chat-count-change"`
	ChatRecall     time.Duration `name:"chat-recall-window" help:"How long a member may recall his messages; 0: never." default:"2m" env:"LIVEROOM_CHAT_RECALL_WINDOW" yaml:"chat-recall-window"`
	ChatMembers    int           `name:"chat-members" help:"How many members, the newest, the list of a room's members goes back." default:"30" env:"LIVEROOM_CHAT_MEMBERS" yaml:"chat-members"`
	ChatTips       int           `name:"chat-tips" help:"How many people a room may have for its members to be told who comes and goes; 0: never." default:"100" env:"LIVEROOM_CHAT_TIPS" yaml:"chat-tips"`
	ChatMutes      string        `name:"chat-mute-notices" help:"on: members are told who is muted; off: only the muted member is." enum:"on,off" default:"on" env:"LIVEROOM_CHAT_MUTE_NOTICES" yaml:"chat-mute-notices"`
	ChatWrite      string        `name:"chat-members-write" help:"on: members may write attributes and counters, as with Tencent; off: only owner and administrators." enum:"on,off" default:"off" env:"LIVEROOM_CHAT_MEMBERS_WRITE" yaml:"chat-members-write"`
	ChatWeb        int           `name:"chat-web-instances" help:"Pages and mini-programs that a user may be signed in on at a time, the oldest gives way; 0: no limit." default:"10" env:"LIVEROOM_CHAT_WEB_INSTANCES" yaml:"chat-web-instances"`
	ChatNative     int           `name:"chat-native-instances" help:"The same of apps, on each platform; 0: no limit." default:"3" env:"LIVEROOM_CHAT_NATIVE_INSTANCES" yaml:"chat-native-instances"`
	ChatRivals     string        `name:"chat-rivals" help:"Which devices push each other out: platform: those of one platform; apps: all apps, and pages each other; all: all devices, as many as --chat-native-instances." enum:"platform,apps,all" default:"platform" env:"LIVEROOM_CHAT_RIVALS" yaml:"chat-rivals"`
	ChatRooms      string        `name:"chat-rooms" help:"one: a web login is in one room at a time; ask: unless its client asks for more; many: in any number." enum:"one,ask,many" default:"ask" env:"LIVEROOM_CHAT_ROOMS" yaml:"chat-rooms"`
	ChatLeave      string        `name:"chat-leave" help:"Who leaves a room on one device: apps: on the web, leaves on his apps too; everywhere: on all; device: only there." enum:"apps,everywhere,device" default:"apps" env:"LIVEROOM_CHAT_LEAVE" yaml:"chat-leave"`
	ChatCreate     string        `name:"chat-create-groups" help:"on: whoever has an account may make groups, and live rooms with them, over the chat; off: application administrators only." enum:"on,off" default:"off" env:"LIVEROOM_CHAT_CREATE_GROUPS" yaml:"chat-create-groups"`
	PopularHalf    time.Duration `name:"popularity-half-life" help:"In which what happened in a room counts half as much for its popularity." default:"10m" env:"LIVEROOM_POPULARITY_HALF_LIFE" yaml:"popularity-half-life"`
	PopularWeights []string      `name:"popularity-weights" help:"What counts how much for it, from 0 to 1000000: minute (of each who is there), join, message, like, gift (100 of its value)." default:"minute=1,join=1,message=1,like=0.2,gift=1" env:"LIVEROOM_POPULARITY_WEIGHTS" yaml:"popularity-weights"`
	DrawAge        time.Duration `name:"draw-age" help:"How long lucky draws are kept that are over, the newest 200 of each room." default:"2160h" env:"LIVEROOM_DRAW_AGE" yaml:"draw-age"`
	SummaryAge     time.Duration `name:"summary-age" help:"How long summaries of live sessions are kept, the newest 100 of each room." default:"2160h" env:"LIVEROOM_SUMMARY_AGE" yaml:"summary-age"`
	AuditAge       time.Duration `name:"audit-age" help:"How long the log of who did what is kept." default:"2160h" env:"LIVEROOM_AUDIT_AGE" yaml:"audit-age"`
	AuditEntries   int           `name:"audit-entries" help:"How many acts it keeps at most." default:"100000" env:"LIVEROOM_AUDIT_ENTRIES" yaml:"audit-entries"`
	ChatWords      string        `name:"chat-words" help:"File of sensitive words, one a line, beside those set over the API; re-read when it changes." env:"LIVEROOM_CHAT_WORDS" yaml:"chat-words"`
	ChatWordsLoose string        `name:"chat-words-loose" help:"on: spaces and punctuation between the letters don't hide a word of the file." enum:"on,off" default:"off" env:"LIVEROOM_CHAT_WORDS_LOOSE" yaml:"chat-words-loose"`
	ChatWordAction string        `name:"chat-word-action" help:"What becomes of a text with sensitive words: each: what each word says; block: it is refused; replace: the words give way." enum:"each,block,replace" default:"each" env:"LIVEROOM_CHAT_WORD_ACTION" yaml:"chat-word-action"`
	ChatWordsPub   string        `name:"chat-words-public" help:"on: anyone may read the words that block, so that clients look before they send." enum:"on,off" default:"off" env:"LIVEROOM_CHAT_WORDS_PUBLIC" yaml:"chat-words-public"`
	ChatWordsAdmin string        `name:"chat-words-admins" help:"on: messages of application administrators are checked too." enum:"on,off" default:"off" env:"LIVEROOM_CHAT_WORDS_ADMINS" yaml:"chat-words-admins"`
	ChatFiles      bytesize      `name:"chat-files" help:"Most bytes on disk of files that members upload, such as 10GiB; 0: none may." default:"10GiB" env:"LIVEROOM_CHAT_FILES" yaml:"chat-files"`

	Record        string        `help:"When the sessions of rooms that have no rule of their own are recorded: off, demand (when it is asked for) or always." enum:"off,demand,always" default:"off" env:"LIVEROOM_RECORD" yaml:"record"`
	RecordFormats []string      `name:"record-formats" help:"What is made of their recordings: hls, as they are kept, and exports as mp4 and flv." default:"hls" env:"LIVEROOM_RECORD_FORMATS" yaml:"record-formats"`
	RecordFileMax time.Duration `name:"record-file-max" help:"Longest exported file; 0: no limit." default:"30m" env:"LIVEROOM_RECORD_FILE_MAX" yaml:"record-file-max"`
	RecordAge     time.Duration `name:"record-age" help:"How long recordings are kept after they are done; 0: for ever." default:"720h" env:"LIVEROOM_RECORD_AGE" yaml:"record-age"`
	RecordBytes   bytesize      `name:"record-bytes" help:"Most bytes of all recordings together, beyond which the oldest go, such as 500GiB; 0: no limit." default:"0" env:"LIVEROOM_RECORD_BYTES" yaml:"record-bytes"`
	RecordSegment time.Duration `name:"record-segment" help:"Least length of a stored segment: what a crash may lose." default:"6s" env:"LIVEROOM_RECORD_SEGMENT" yaml:"record-segment"`
	TimeShift     time.Duration `name:"timeshift" help:"How far back viewers may watch while live, in rooms that do not say it themselves; 0: not at all." default:"0s" env:"LIVEROOM_TIMESHIFT" yaml:"timeshift"`

	RecordStore  string   `name:"record-store" help:"Where recordings and pictures are kept: a folder, or s3://bucket/prefix; empty: recordings in the data folder." env:"LIVEROOM_RECORD_STORE" yaml:"record-store"`
	RecordShared string   `name:"record-shared" help:"on: the nodes of a cluster share that folder." enum:"on,off" default:"off" env:"LIVEROOM_RECORD_SHARED" yaml:"record-shared"`
	RecordSpare  bytesize `name:"record-spare" help:"Bytes of the disk that recordings leave to others, such as 1GiB." default:"1GiB" env:"LIVEROOM_RECORD_SPARE" yaml:"record-spare"`

	Screenshots *time.Duration `help:"How often a picture is taken of what is pushed into a room, from 2s to 600s; default and 0s: only where the room says so, as the demo room does by default. Needs ffmpeg." env:"LIVEROOM_SCREENSHOTS" yaml:"screenshots"`
	ShotWidths  []int          `name:"screenshot-widths" help:"Widths of each picture, at most four; 0: the stream's own. The height follows." default:"0,320" env:"LIVEROOM_SCREENSHOT_WIDTHS" yaml:"screenshot-widths"`
	ShotKeep    int            `name:"screenshot-keep" help:"Newest pictures of a room that are kept." default:"10" env:"LIVEROOM_SCREENSHOT_KEEP" yaml:"screenshot-keep"`
	FFmpeg      string         `name:"ffmpeg" help:"The program that makes pictures, found in PATH if it is a name." default:"ffmpeg" env:"LIVEROOM_FFMPEG" yaml:"ffmpeg"`

	RecordSpool bytesize `name:"record-spool" help:"Most bytes that wait on this node's disk for S3, such as 20GiB." default:"20GiB" env:"LIVEROOM_RECORD_SPOOL" yaml:"record-spool"`
	S3Endpoint  string   `name:"s3-endpoint" help:"The S3 server, such as https://s3.example.com; empty: Amazon's." env:"LIVEROOM_S3_ENDPOINT" yaml:"s3-endpoint"`
	S3Region    string   `name:"s3-region" help:"Region of the bucket; empty: the server is asked." env:"LIVEROOM_S3_REGION" yaml:"s3-region"`
	S3PathStyle string   `name:"s3-path-style" help:"on: the bucket is in the path of addresses; off: in the host's name; auto: as is known of the server." enum:"auto,on,off" default:"auto" env:"LIVEROOM_S3_PATH_STYLE" yaml:"s3-path-style"`

	ReplayChat    string        `name:"replay-chat" help:"on: what is said while a session is recorded is kept with the recording." enum:"on,off" default:"on" env:"LIVEROOM_REPLAY_CHAT" yaml:"replay-chat"`
	ReplayChatAge time.Duration `name:"replay-chat-age" help:"How long after the end of a recording its chat is kept; 0: as long as the recording." default:"0s" env:"LIVEROOM_REPLAY_CHAT_AGE" yaml:"replay-chat-age"`

	GiftSettlement   string        `name:"gift-settlement" help:"Who settles gifts: callback: the receiver that names gift.settle; live: Tencent's Live.CallbackBeforeSendGift; free: nobody, all are accepted. Default: callback, with --demo free." enum:",free,callback,live" default:"" env:"LIVEROOM_GIFT_SETTLEMENT" yaml:"gift-settlement"`
	GiftExpire       time.Duration `name:"gift-expire" help:"How long a backend is asked again about a gift that it did not settle; then it is refused." default:"24h" env:"LIVEROOM_GIFT_EXPIRE" yaml:"gift-expire"`
	GiftGuests       string        `name:"gift-guests" help:"on: guests with a name may give." enum:"on,off" default:"off" env:"LIVEROOM_GIFT_GUESTS" yaml:"gift-guests"`
	GiftComboClicks  int           `name:"gift-combo-clicks" help:"Clicks of a run that are shown in one message." default:"20" env:"LIVEROOM_GIFT_COMBO_CLICKS" yaml:"gift-combo-clicks"`
	GiftComboStill   time.Duration `name:"gift-combo-still" help:"Time without a click that ends a run." default:"1s" env:"LIVEROOM_GIFT_COMBO_STILL" yaml:"gift-combo-still"`
	GiftAge          time.Duration `name:"gift-ledger-age" help:"How long ledgers of gifts are kept; totals of rooms stay." default:"9600h" env:"LIVEROOM_GIFT_LEDGER_AGE" yaml:"gift-ledger-age"`
	GiftMessage      string        `name:"gift-message" help:"Path and value, such as $.type=gift, by which a custom message that a backend sends is known to be a paid gift; empty: none is." env:"LIVEROOM_GIFT_MESSAGE" yaml:"gift-message"`
	GiftMessageOrder string        `name:"gift-message-order" help:"Where in its Data the order's id is." default:"$.orderId" env:"LIVEROOM_GIFT_MESSAGE_ORDER" yaml:"gift-message-order"`
	GiftMessageGift  string        `name:"gift-message-gift" help:"And the gift's id." default:"$.giftId" env:"LIVEROOM_GIFT_MESSAGE_GIFT" yaml:"gift-message-gift"`
	GiftMessageCount string        `name:"gift-message-count" help:"And how many; where it is not, one." default:"$.count" env:"LIVEROOM_GIFT_MESSAGE_COUNT" yaml:"gift-message-count"`
	GiftMessagePrice string        `name:"gift-message-price" help:"And the price of one in minor units; where it is not, the catalogue's." default:"$.price" env:"LIVEROOM_GIFT_MESSAGE_PRICE" yaml:"gift-message-price"`
	GiftMessageName  string        `name:"gift-message-name" help:"And the gift's name; where it is not, the catalogue's." default:"$.name" env:"LIVEROOM_GIFT_MESSAGE_NAME" yaml:"gift-message-name"`

	Broadcasts     string        `help:"on: messages to all rooms may be sent." enum:"on,off" default:"on" env:"LIVEROOM_BROADCASTS" yaml:"broadcasts"`
	Admins         []string      `help:"Application administrators besides administrator." env:"LIVEROOM_ADMINS" yaml:"admins"`
	IMRates        []string      `name:"im-rates" help:"Calls a second of commands of the Tencent IM API that are not to have Tencent's limits, such as send_group_msg=1000; 0: no limit." env:"LIVEROOM_IM_RATES" yaml:"im-rates"`
	CallbackURL    string        `name:"callback-url" help:"Receiver of Tencent IM callbacks; more are set over the API." env:"LIVEROOM_CALLBACK_URL" yaml:"callback-url"`
	CallbackEvents []string      `name:"callback-events" help:"The commands it gets, such as Group.CallbackAfterSendMsg; * = all that are told; what it is to be asked must be named." default:"*" env:"LIVEROOM_CALLBACK_EVENTS" yaml:"callback-events"`
	CallbackFails  string        `name:"callback-on-failure" help:"What becomes of what it is asked about before it happens and does not decide in 2 s: deliver or reject." enum:"deliver,reject" default:"deliver" env:"LIVEROOM_CALLBACK_ON_FAILURE" yaml:"callback-on-failure"`
	StreamURL      string        `name:"stream-callback-url" help:"Receiver of stream events in Tencent CSS's format." env:"LIVEROOM_STREAM_CALLBACK_URL" yaml:"stream-callback-url"`
	StatusURL      string        `name:"status-callback-url" help:"Receiver of status events in liveroom's own format." env:"LIVEROOM_STATUS_CALLBACK_URL" yaml:"status-callback-url"`
	EventURL       string        `name:"event-callback-url" help:"Receiver of events in liveroom's own format: gifts, levels, follows, draws, session summaries." env:"LIVEROOM_EVENT_CALLBACK_URL" yaml:"event-callback-url"`
	EventEvents    []string      `name:"event-callback-events" help:"The events it gets, such as gift.settled; * = all that are told; to settle gifts it must name gift.settle." default:"*" env:"LIVEROOM_EVENT_CALLBACK_EVENTS" yaml:"event-callback-events"`
	RelayPrivate   string        `name:"relay-private" help:"Private addresses that streams may be relayed to and pulled from: off, on, or CIDRs such as 10.0.0.0/8." default:"off" env:"LIVEROOM_RELAY_PRIVATE" yaml:"relay-private"`
	CallbackLocal  string        `name:"callback-private" help:"Private addresses that receivers may have: off, on, or CIDRs such as 10.0.0.0/8." default:"off" env:"LIVEROOM_CALLBACK_PRIVATE" yaml:"callback-private"`
	CallbackBytes  bytesize      `name:"callback-backlog" help:"Most bytes of messages that wait for receivers of callbacks that do not take them, the oldest give way." default:"1GiB" env:"LIVEROOM_CALLBACK_BACKLOG" yaml:"callback-backlog"`
	CallbackDead   time.Duration `name:"callback-dead-age" help:"How long what a receiver of callbacks did not take is kept to be sent again." default:"720h" env:"LIVEROOM_CALLBACK_DEAD_AGE" yaml:"callback-dead-age"`
	IMHost         string        `name:"im-host" help:"Address of an IM host, such as https://console.tim.qq.com, that is told the status of every room beside the chat here." env:"LIVEROOM_IM_HOST" yaml:"im-host"`
	IMAdmin        string        `name:"im-admin" help:"Administrator of the application on that host." default:"administrator" env:"LIVEROOM_IM_ADMIN" yaml:"im-admin"`
	IMField        string        `name:"im-field" help:"on: the status is written into the custom field live_status there too; Tencent's console must know it." enum:"on,off" default:"on" env:"LIVEROOM_IM_FIELD" yaml:"im-field"`
	CORSOrigins    []string      `name:"cors-origins" help:"Origins, such as https://www.example.com, whose pages may play, chat and read what is public; * = any." default:"*" env:"LIVEROOM_CORS_ORIGINS" yaml:"cors-origins"`
	EmbedOrigins   []string      `name:"embed-origins" help:"Sites, such as https://www.example.com or https://*.example.com, that may show rooms in a frame; * = any; empty: only this server's own." default:"*" env:"LIVEROOM_EMBED_ORIGINS" yaml:"embed-origins"`
	TrustedProxies []string      `name:"trusted-proxies" help:"CIDRs whose X-Forwarded-For, and on RTMP whose PROXY header, is believed." env:"LIVEROOM_TRUSTED_PROXIES" yaml:"trusted-proxies"`

	LikeRate    float64       `name:"like-rate" help:"Likes that a user may give in a second." default:"10" env:"LIVEROOM_LIKE_RATE" yaml:"like-rate"`
	LikeBurst   int           `name:"like-burst" help:"Likes that a user may give at once." default:"30" env:"LIVEROOM_LIKE_BURST" yaml:"like-burst"`
	LikeTotals  time.Duration `name:"like-totals" help:"How often rooms are told how often they were liked, if that changed." default:"4s" env:"LIVEROOM_LIKE_TOTALS" yaml:"like-totals"`
	LikeMessage string        `name:"like-message" help:"Custom messages that are likes too: a JSON path in their Data, and what it must lead to; empty: none are." default:"$.type=like" env:"LIVEROOM_LIKE_MESSAGE" yaml:"like-message"`
	LikeCount   string        `name:"like-message-count" help:"JSON path of how many likes such a message brings; one where it leads nowhere." default:"$.count" env:"LIVEROOM_LIKE_MESSAGE_COUNT" yaml:"like-message-count"`
	FollowLimit int           `name:"follow-limit" help:"Users that one may follow." default:"5000" env:"LIVEROOM_FOLLOW_LIMIT" yaml:"follow-limit"`

	LevelWeights    []string `name:"level-weights" help:"Points for what users do: for a minute in a room, a message, a like, each 100 of a gift's value, and for each that a tier gives." default:"onlineMinutes=1,messages=2,likes=0.1,giftValue=1,membership=1" env:"LIVEROOM_LEVEL_WEIGHTS" yaml:"level-weights"`
	LevelCaps       []string `name:"level-caps" help:"How much of these counts in a day, UTC; 0: all of it." default:"onlineMinutes=480,messages=100,likes=1000" env:"LIVEROOM_LEVEL_CAPS" yaml:"level-caps"`
	LevelThresholds []int64  `name:"level-thresholds" help:"Points from which on levels 1, 2, 3 and so on are reached." default:"20,100,300,700,1500,3000,6000,12000,25000,50000,100000,200000,400000,800000,1600000" env:"LIVEROOM_LEVEL_THRESHOLDS" yaml:"level-thresholds"`
	LevelTiers      []string `name:"level-tiers" help:"Kinds of membership: id=name:badge:points on each day on which a member is in a room." default:"silver=Silver:silver:10,gold=Gold:gold:30" env:"LIVEROOM_LEVEL_TIERS" yaml:"level-tiers"`
}

// Validate says which setting can't be used. Kong calls it after parsing.
func (s *Settings) Validate() error {
	if s.HTTP == "" || s.RTMP == "" || s.Data == "" {
		return errors.New("http, rtmp and data must not be empty")
	}
	if err := s.validAddresses(); err != nil {
		return err
	}
	if err := s.validInternalURL(); err != nil {
		return err
	}
	if (s.TLSCert == "") != (s.TLSKey == "") {
		return errors.New("tls-cert and tls-key go together")
	}
	if (s.HTTPS != "" || s.RTMPS != "") && s.TLSCert == "" {
		return errors.New("https and rtmps need tls-cert and tls-key")
	}
	if s.Grace < time.Second || s.Grace > 24*time.Hour {
		return fmt.Errorf("grace is %s, must be from 1s to 24h", s.Grace)
	}
	if s.PauseLimit < time.Second || s.PauseLimit > 168*time.Hour {
		return fmt.Errorf("pause-limit is %s, must be from 1s to 168h", s.PauseLimit)
	}
	if s.HLSSegment < time.Second || s.HLSSegment > 10*time.Second || s.HLSSegment%time.Second != 0 {
		return fmt.Errorf("hls-segment is %s, must be whole seconds from 1s to 10s", s.HLSSegment)
	}
	if s.MergeWindow < 0 || s.MergeWindow > time.Second {
		return fmt.Errorf("merge-window is %s, must be from 0 to 1s", s.MergeWindow)
	}
	if s.DelayBytes < 1<<20 {
		return fmt.Errorf("delay-bytes is %d, must be at least 1MiB", s.DelayBytes)
	}
	if err := s.switches().Validate(); err != nil {
		return err
	}
	if err := s.validChat(); err != nil {
		return err
	}
	if _, err := s.levelRules(); err != nil {
		return err
	}
	if err := s.validLikes(); err != nil {
		return err
	}
	if err := s.validPopularity(); err != nil {
		return err
	}
	if err := s.validGifts(); err != nil {
		return err
	}
	if err := s.validRecordings(); err != nil {
		return err
	}
	if err := s.validIM(); err != nil {
		return err
	}
	if err := s.validRelays(); err != nil {
		return err
	}
	if err := s.validCallbacks(); err != nil {
		return err
	}
	if err := s.validReplay(); err != nil {
		return err
	}
	if err := s.validBlobs(); err != nil {
		return err
	}
	if err := s.validScreenshots(); err != nil {
		return err
	}
	if s.MaxConnections < 0 {
		return fmt.Errorf("max-connections is %d, must be 0 (automatic) or more", s.MaxConnections)
	}
	if s.MaxPerAddress < 0 {
		return fmt.Errorf("max-per-address is %d, must be 0 (no limit) or more", s.MaxPerAddress)
	}
	if s.MaxPushes < 0 {
		return fmt.Errorf("max-pushes-per-address is %d, must be 0 (no limit) or more", s.MaxPushes)
	}
	if s.MaxViewers < 0 {
		return fmt.Errorf("max-viewers is %d, must be 0 (no limit) or more", s.MaxViewers)
	}
	if s.MaxViewersRoom < 0 {
		return fmt.Errorf("max-viewers-per-room is %d, must be 0 (no limit) or more", s.MaxViewersRoom)
	}
	if len(s.CORSOrigins) == 0 {
		return errors.New("cors-origins: at least one is needed, or *; public-url's own pages are always among them")
	}
	for _, origin := range s.CORSOrigins {
		if err := web.CheckOrigin(origin); err != nil {
			return fmt.Errorf("cors-origins: %w", err)
		}
	}
	for _, cidr := range s.TrustedProxies {
		if _, err := netip.ParsePrefix(cidr); err != nil {
			return fmt.Errorf("trusted-proxies: %q is not a CIDR such as 10.0.0.0/8", cidr)
		}
	}
	return nil
}

// validAddresses checks what signed addresses are made of.
func (s *Settings) validAddresses() error {
	good := address.Base{PublicURL: "http://h", PublicRTMPURL: "rtmp://h", App: "live"}
	check := func(name string, change func(*address.Base)) error {
		base := good
		change(&base)
		if err := base.Validate(); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	}
	err := errors.Join(
		check("public-url", func(b *address.Base) { b.PublicURL = s.PublicURL }),
		check("public-rtmp-url", func(b *address.Base) { b.PublicRTMPURL = s.PublicRTMPURL }))
	if len(s.Apps) == 0 {
		err = errors.Join(err, errors.New("apps: at least one is needed, or *"))
	}
	for _, app := range s.Apps {
		if app != "*" {
			err = errors.Join(err, check("apps", func(b *address.Base) { b.App = app }))
		}
	}
	return err
}

// maxConnections is how many connections the public ports may have of each kind.
func (s *Settings) maxConnections() int {
	if s.MaxConnections > 0 {
		return s.MaxConnections
	}
	return automaticConnections(descriptors())
}

// hub is what live/stream is told.
func (s *Settings) hub() stream.Config {
	c := stream.Config{MergeWindow: s.MergeWindow, RestWindow: segmenterWindow}
	if s.MergeWindow == 0 {
		c.MergeFrom, c.MergeFull = math.MaxInt32, math.MaxInt32 // nobody can be one too many
	}
	return c
}

// rtmp is what live/rtmp is told of the limits.
func (s *Settings) rtmp() rtmp.Config {
	return rtmp.Config{MaxConns: s.maxConnections(), MaxPerAddr: s.perAddress(), MaxPushesPerAddr: noneIsNegative(s.MaxPushes)}
}

// hls is what live/hls is told, besides its keys.
func (s *Settings) hls() hls.Config {
	cfg := hls.Config{SegmentDuration: s.HLSSegment}
	if s.HLSLatency == "normal" {
		cfg.Latency = hls.NormalLatency
	}
	if s.HLSSegments == "ts" {
		cfg.Container = hls.MPEGTS
	}
	return cfg
}

// socket is what the chat's door is told of the limits. It counts by the client behind a trusted proxy.
func (s *Settings) socket() socket.Config {
	return socket.Config{MaxSockets: s.maxConnections(), MaxPerAddress: s.perAddress(), PublicURL: s.PublicURL}
}

// web is what the HTTP side is told. It counts requests under way by the client behind a trusted proxy.
func (s *Settings) web(token string) web.Config {
	return web.Config{
		Version: version, PublicURL: s.PublicURL, Tokens: []string{token}, TrustedProxies: s.proxies(), MaxPerAddress: s.perAddress(),
		Origins: s.CORSOrigins,
	}
}

// nodeLimits and roomLimits are what live is told of viewers and bandwidth.
func (s *Settings) nodeLimits() live.Limits {
	return live.Limits{Viewers: s.MaxViewers, Bandwidth: int64(s.MaxBandwidth)}
}

func (s *Settings) roomLimits() live.Limits {
	return live.Limits{Viewers: s.MaxViewersRoom, Bandwidth: int64(s.MaxBitsRoom)}
}

// perAddress is MaxPerAddress for the doors.
func (s *Settings) perAddress() int { return noneIsNegative(s.MaxPerAddress) }

// noneIsNegative is a limit for those whose Config has a default where it is zero: a negative one says what zero says here.
func noneIsNegative[N ~int | ~int64](limit N) N {
	if limit == 0 {
		return -1
	}
	return limit
}

// app is the AppName that addresses are made with.
func (s *Settings) app() string {
	for _, app := range s.Apps {
		if app != "*" {
			return app
		}
	}
	return "live"
}

// on is the word that switches something on.
const on = "on"

// proxies are the trusted proxies; Validate has checked them.
func (s *Settings) proxies() []netip.Prefix {
	var out []netip.Prefix
	for _, cidr := range s.TrustedProxies {
		if p, err := netip.ParsePrefix(cidr); err == nil {
			out = append(out, p)
		}
	}
	return out
}

func (s *Settings) base() address.Base {
	return address.Base{PublicURL: s.PublicURL, PublicRTMPURL: s.PublicRTMPURL, App: s.app()}
}

// readFile reads a YAML file strictly: a key that means nothing is an error with its line. It may hold the settings, whose
// values are left to kong as those of flags are, and the secrets under a key of their own.
func readFile(path string) (present map[string]any, given Secrets, err error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, given, err
	}
	shape := []reflect.StructField{{Name: "Secrets", Type: reflect.TypeFor[Secrets](), Tag: `yaml:"secrets"`}}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[Settings]()) {
		shape = append(shape, reflect.StructField{Name: f.Name, Type: reflect.TypeFor[any](), Tag: f.Tag})
	}
	into := reflect.New(reflect.StructOf(shape))
	if err := yaml.UnmarshalWithOptions(raw, into.Interface(), yaml.Strict()); err != nil {
		return nil, given, fmt.Errorf("%s: %s", path, yaml.FormatError(err, false, false)) // without the lines: they may hold secrets
	}
	given, _ = into.Elem().Field(0).Interface().(Secrets)
	present = map[string]any{}
	for i, f := range shape[1:] {
		present[f.Tag.Get("yaml")] = into.Elem().Field(i + 1).Interface()
	}
	return present, given, nil
}

// resolver gives kong the file's values. Kong asks a resolver before the environment, so a set variable is answered first.
func resolver(present map[string]any) kong.Resolver {
	return kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		for _, env := range flag.Envs {
			if v, ok := os.LookupEnv(env); ok {
				return v, nil
			}
		}
		switch v := present[flag.Name].(type) {
		case nil: // absent, or a key without a value
			return nil, nil
		case []any:
			if !flag.IsSlice() {
				return nil, errors.New("must be one value, not a list")
			}
			words := make([]string, len(v))
			for i, item := range v {
				words[i] = fmt.Sprint(item)
			}
			return kong.JoinEscaped(words, ','), nil
		case map[string]any:
			return nil, errors.New("must be a value, not keys and values")
		default:
			return fmt.Sprint(v), nil
		}
	})
}

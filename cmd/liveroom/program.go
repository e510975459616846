package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"time"

	"liveroom/chat"
	"liveroom/chat/account"
	"liveroom/chat/audit"
	"liveroom/chat/draw"
	"liveroom/chat/file"
	"liveroom/chat/follow"
	"liveroom/chat/gift"
	"liveroom/chat/kind"
	"liveroom/chat/level"
	"liveroom/chat/like"
	"liveroom/chat/popularity"
	"liveroom/chat/replay"
	"liveroom/chat/schedule"
	"liveroom/chat/setting"
	"liveroom/chat/summary"
	"liveroom/chat/words"
	"liveroom/internal/redisstore"
	"liveroom/live"
	"liveroom/live/blob"
	"liveroom/live/delay"
	"liveroom/live/edge"
	"liveroom/live/flv"
	"liveroom/live/hls"
	"liveroom/live/keyring"
	"liveroom/live/programme"
	"liveroom/live/pull"
	"liveroom/live/record"
	"liveroom/live/record/export"
	"liveroom/live/relay"
	"liveroom/live/rtmp"
	"liveroom/live/stream"
	"liveroom/live/vod"
	"liveroom/status"
	"liveroom/web"
	"liveroom/web/im"
	"liveroom/web/signin"
	"liveroom/web/socket"
	"liveroom/web/ui"
)

// program is every part of a running liveroom, joined but not started.
type program struct {
	set   Settings
	log   *slog.Logger
	ready func(context.Context) error // runs once everything else does

	cluster   *cluster // nil: this node is alone
	stores    *stores
	hub       *stream.Hub
	delays    delays
	machine   *status.Machine
	outbox    *status.Synchroniser
	deadlines *status.Deadlines
	chat      *chat.Service
	words     *words.Service
	audit     *audit.Log
	files     *file.Service
	folder    *file.Folder
	accounts  *account.Service
	rooms     *live.Service
	rtmp      *rtmp.Server
	flv       *flv.Server
	relays    *relay.Service
	pulls     *pull.Service
	edges     *edge.Edges // of a cluster's node only, like the next
	pulled    *flv.Server // by other nodes
	hls       *hls.Server
	vod       *vod.Server
	socket    *socket.Server
	callbacks *callbacks
	deliver   func(context.Context) error // callbacks, on one node of a cluster at a time; nil: this node is alone
	imHost    *imHost                     // nil: there is none
	im        *im.Server

	interaction interaction
	popularity  *popularity.Service
	guide       *popularity.Guide
	summaries   *summary.Service
	levels      *level.Service
	draws       *draw.Service
	likes       *like.Service
	follows     *follow.Service
	kinds       *kind.Service
	settings    *setting.Service
	keys        *keyring.Service
	gifts       *gift.Service
	boards      *gift.Boards
	broadcasts  *schedule.Service
	programmes  *programme.Service

	recordings   *record.Service
	exports      *export.Service // files made of them
	blobs        blob.Store      // of recordings and pictures; nil: there is none
	blobsWhy     error           // why not, for whom it is asked of
	shots        *shots
	recordFolder *blob.Folder // what they are, or the next two
	recordS3     *blob.S3
	recordSpool  *blob.Spool
	blobLook     look[blob.SpoolStats]
	replay       *replay.Service // chat of recordings; nil: none is kept

	sessions   *limits // of HLS, of one address
	signIn     *signin.Service
	web        *web.Server
	ports      ports
	known      *knownRooms // of a cluster's node only
	lastStatus lastStatuses
}

// begin is newProgram, as often as the Redis of a cluster goes away in the middle of it.
func begin(ctx context.Context, set Settings, keys Secrets, log *slog.Logger) (*program, error) {
	for {
		p, err := newProgram(ctx, set, keys, log)
		if !errors.Is(err, redisstore.ErrAway) || ctx.Err() != nil {
			return p, err
		}
		log.Warn("redis went away at the start; beginning again", "err", err)
		select {
		case <-ctx.Done():
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// newProgram opens the stores, takes the ports and joins the parts. Nothing runs yet. The node of a cluster waits for Redis
// before, and answers meanwhile that it is not ready.
func newProgram(ctx context.Context, set Settings, keys Secrets, log *slog.Logger) (*program, error) {
	p := &program{set: set, log: log}
	err := os.MkdirAll(set.Data, 0o700)
	if err == nil && set.Redis != "" {
		err = p.meet(ctx, keys)
	} else if err == nil {
		p.stores, err = openFiles(set.Data, log)
	}
	if err == nil {
		err = p.join(keys)
	}
	if err == nil {
		err = p.joinDoors(keys)
	}
	if err == nil && p.ports.http == nil {
		p.ports, err = listen(set)
	}
	if err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// join makes the parts that know no network, from those that know nothing of the others to those that know many.
func (p *program) join(keys Secrets) error {
	p.hub = stream.NewHub(p.set.hub())
	p.machine = status.NewMachine(p.stores.status, status.Config{Shared: p.cluster != nil})
	p.deadlines = status.NewDeadlines(status.DeadlinesConfig{}, p.machine, p.stores.status, p.log)

	if err := p.readSettings(); err != nil {
		return err
	}
	var err error
	talk := p.set.chat(*p.settings.Now())
	talk.Who = func(user string) chat.Identity { return p.accounts.Known(user) } // made below
	talk.Viewers, talk.Rename, talk.Account = newAudience(p.viewers).of, p.rename, p.account
	talk.Found, talk.Disband, talk.Delay = p.found, p.disband, p.speechDelay
	talk.Banished, talk.Skeleton = p.banished, account.Skeleton
	if p.audit, err = audit.New(audit.Config{Age: p.set.AuditAge, Entries: p.set.AuditEntries}, p.stores.audit, p.log); err != nil {
		return err
	}
	talk.Journal = p.audit
	if err = p.joinWords(&talk); err != nil {
		return err
	}
	if err = p.joinCallbacks(keys, &talk); err != nil {
		return err
	}
	if err = p.joinBlobs(keys); err != nil {
		return err
	}
	p.joinScreenshots(keys)
	p.watchFiles(&talk)
	p.joinPeople(&talk)
	if err = p.joinParts(&talk); err != nil {
		return err
	}
	if p.chat, err = chat.New(talk, p.stores.chat, p.log); err != nil {
		return err
	}
	if err = p.joinRecordings(); err != nil {
		return err
	}
	p.joinProgrammes()
	p.joinPulls()
	p.joinDraws()
	p.joinBroadcasts()
	if err = p.joinFiles(keys); err != nil {
		return err
	}
	signer := account.Signer{AppID: keys.SDKAppID, Key: keys.AppSecret}
	people := account.Config{Signer: signer, Admins: p.settings.Now().Admins, Words: p.words, Renamed: func(a account.Account) {
		p.chat.Renamed(a.User, a.Nick, a.Avatar)
	}, Deleted: p.forgetUsers}
	if p.accounts, err = account.New(people, p.stores.accounts, p.log); err != nil {
		return err
	}
	steps := []status.Announcer{status.Delayed(&announcer{p.stores.rooms, p.chat}), p.callbacks.statuses, status.Delayed(sessions{p})}
	if p.imHost != nil {
		p.imHost.queue = p.callbacks.queues
		steps = append(steps, status.Delayed(p.imHost))
	}
	sync := status.SyncConfig{Delay: p.memberDelay}
	if p.cluster != nil {
		sync.Claims = p.cluster.states
	}
	p.outbox = status.NewSynchroniser(sync, p.stores.status, steps, p.log)
	p.machine.Watch(func(s status.State) { p.outbox.Moved(s.Record.Room) })
	p.machine.WatchOwn(func(s status.State) { p.outbox.Wake(s.Record.Room) })

	p.rooms, err = live.New(live.Config{
		Node: p.nodeID(), Shared: p.shared(), Edges: p.joinEdges(), Shown: p.shown, Apps: p.set.Apps, AutoRoom: p.set.AutoRoom == on, Grace: p.set.Grace, PauseLimit: p.set.PauseLimit, NoticeBytes: p.set.ChatNotice,
		Addresses: p.set.base(), NodeLimits: p.set.nodeLimits(), RoomLimits: p.set.roomLimits(),
		Delay:      delay.Config{Bytes: int64(p.set.DelayBytes), Hub: p.set.hub()},
		Viewers:    func(r live.Room) live.Viewers { return p.watching(r.Stream) },
		Banned:     p.isBanned,
		Recordable: func() error { return p.blobsWhy },
		Describe:   describe, Words: p.words, Pushes: p.callbacks.streams,
		PushKeys: keys.pushKeys(), PlayKeys: keys.playKeys(),
	}, p.stores.rooms, p.machine, p.hub, endedGroups{&groups{p.chat}, p}, p.outbox, p.log)
	if err == nil {
		p.joinRelays()
	}
	return err
}

// joinDoors makes what meets the network.
func (p *program) joinDoors(keys Secrets) error {
	var err error
	if p.rtmp, err = rtmp.New(p.set.rtmp(), rtmpAdmission{players{p.rooms, p}}, p.log); err != nil {
		return err
	}
	p.sessions = newLimits(0, p.set.MaxPerAddress, p.set.proxies())
	p.flv = flv.New(flv.Config{}, players{p.rooms, p}, p.log)
	play := p.set.hls()
	play.NodeKey, play.PlayKey, play.PlayKeyBackup = []byte(keys.NodeKey), []byte(keys.PlayKey), []byte(keys.PlayKeyBackup)
	play.Upstream, play.Node = p.upstream(), p.nodeID()
	play.Finished, play.Keeps = func(f hls.Finished) { p.recordings.Take(record.Piece(f)) }, p.recordings.Keeps
	if p.hls, err = hls.New(play, p.hub, hlsGate{players{p.rooms, p}, p.sessions}, p.log); err != nil {
		return err
	}
	if err = p.joinVOD(keys); err != nil {
		return err
	}
	if err = p.joinKeys(keys); err != nil {
		return err
	}
	door := p.set.socket()
	door.Files, door.Gifts, door.Likes, door.Follows = p.files, giftDoor{p.gifts, p}, p.likes, p.follows
	door.Levels, door.Draws, door.Summaries = p.levels, p.draws, p.summaries
	p.joinStreams(&door)
	if p.socket, err = socket.New(door, p.chat, p.accounts, p.log); err != nil {
		return err
	}
	deps := web.Deps{
		Rooms: p.doorRooms(), Chat: p.billedChat(), Accounts: p.accounts, Words: p.words, Audit: p.audit, Files: p.files, Callbacks: p.callbacks.door(keys.SDKAppID),
		Gifts: giftDoor{p.gifts, p}, Likes: p.likes, Follows: p.follows, Levels: p.levels, Ranking: p.popularity, Guide: p.guide,
		Draws: p.draws, Relays: p.relays, Pulls: p.pulls, Broadcasts: p.broadcasts, Summaries: p.summaries, Kinds: p.kinds, Settings: p.settings, Guests: p.accounts, Screenshots: p.shots, Covers: p.shots.covers,
		Nodes: p.joinNodes(), Events: p.stores.status, Watch: p.machine.Watch, Log: p.log,
		Socket: p.socket, Media: recordedMedia{p.vod, media{flv: p.flv, hls: p.hls}},
		Pages:  ui.Handler(ui.Config{Room: p.pageHead, EmbedOrigins: func() []string { return p.settings.Now().EmbedOrigins }}),
		Checks: p.checks(), Metrics: p.metrics(),
	}
	if err = p.joinSignIn(keys); err != nil {
		return err
	}
	deps.Sessions = p.signIn
	deps.Keys = p.keys
	p.playVOD(&deps)
	p.offerRecordings(&deps)
	if p.cluster != nil {
		deps.Peers, deps.Facts, deps.Metrics = p.cluster.peers, p.cluster.facts, append(deps.Metrics, p.edgeMetrics)
	}
	if err = p.joinIM(keys, &deps); err != nil {
		return err
	}
	if p.web, err = web.New(p.set.web(keys.APIToken), deps); err != nil {
		return err
	}
	p.settings.Watch(p.switched)
	return nil
}

// close lets go of what newProgram took.
func (p *program) close() {
	p.ports.close()
	if p.imHost != nil {
		p.imHost.client.Close()
	}
	if p.callbacks != nil {
		p.callbacks.client.Close()
	}
	var err error
	if p.folder != nil {
		err = p.folder.Close()
	}
	err = errors.Join(err, p.closeBlobs())
	if p.stores != nil {
		err = errors.Join(err, p.stores.close())
	}
	if p.cluster != nil {
		err = errors.Join(err, p.cluster.close())
	}
	if err != nil {
		p.log.Error("store did not close", "err", err)
	}
}

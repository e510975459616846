package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"liveroom/live/hls"
)

// precedence is a setting that is given in all ways, and what comes out of each.
type precedence struct {
	name, env                     string
	flag, variable, file          string // as given
	def                           any    // and as they come out
	viaFile, viaVariable, viaFlag any
}

func TestPrecedence(t *testing.T) {
	list := func(words ...any) []any { return append([]any{}, words...) }
	data := t.TempDir() // one for all: its secrets are made once
	defaults := effectively(t, "--data", data)
	settings := []precedence{
		{"http", "LIVEROOM_HTTP_ADDR", ":1", ":2", `":3"`, ":8080", ":3", ":2", ":1"},
		{"https", "LIVEROOM_HTTPS_ADDR", "", "", `""`, "", "", "", ""},
		{"ops", "LIVEROOM_OPS_ADDR", "h:1", "", `"h:3"`, "127.0.0.1:9090", "h:3", "", "h:1"},
		{"public-url", "LIVEROOM_PUBLIC_URL", "http://a", "http://b", "http://c", "http://localhost:8080", "http://c", "http://b", "http://a"},
		{"log-format", "LIVEROOM_LOG_FORMAT", "text", "json", "json", "text", "json", "json", "text"},
		{"log-level", "LIVEROOM_LOG_LEVEL", "debug", "warn", "error", "info", "error", "warn", "debug"},
		{"grace", "LIVEROOM_GRACE", "70s", "1m20s", "90s", "1m0s", "1m30s", "1m20s", "1m10s"},
		{"pause-limit", "LIVEROOM_PAUSE_LIMIT", "1h", "2h", "180m", "30m0s", "3h0m0s", "2h0m0s", "1h0m0s"},
		{"auto-room", "LIVEROOM_AUTO_ROOM", "on", "off", "off", "on", "off", "off", "on"},
		{"guest-login", "LIVEROOM_GUEST_LOGIN", "off", "on", "on", "off", "on", "on", "off"},
		{"apps", "LIVEROOM_APPS", "a", "b,*", "[c, d, e]", list("live"), list("c", "d", "e"), list("b", "*"), list("a")},
		{"im-rates", "LIVEROOM_IM_RATES", "account_import=1", "", `["account_import=2"]`, list(), list("account_import=2"), list(), list("account_import=1")},
		{"level-thresholds", "LIVEROOM_LEVEL_THRESHOLDS", "1,2", "3,4", "[5, 6]", list(uint64(20), uint64(100), uint64(300), uint64(700), uint64(1500), uint64(3000), uint64(6000), uint64(12_000), uint64(25_000), uint64(50_000), uint64(100_000), uint64(200_000), uint64(400_000), uint64(800_000), uint64(1_600_000)), list(uint64(5), uint64(6)), list(uint64(3), uint64(4)), list(uint64(1), uint64(2))},
		{"level-tiers", "LIVEROOM_LEVEL_TIERS", "a=A:a:1", "b=B:b:2", `["c=C:c:3"]`, list("silver=Silver:silver:10", "gold=Gold:gold:30"), list("c=C:c:3"), list("b=B:b:2"), list("a=A:a:1")},
		{"admins", "LIVEROOM_ADMINS", "a,b", "", `["c,d", e]`, list(), list("c,d", "e"), list(), list("a", "b")},
		{"cors-origins", "LIVEROOM_CORS_ORIGINS", "https://f.example", "https://e.example:8443", "[https://y.example, capacitor://localhost]", list("*"), list("https://y.example", "capacitor://localhost"), list("https://e.example:8443"), list("https://f.example")},
		{"trusted-proxies", "LIVEROOM_TRUSTED_PROXIES", "10.0.0.0/8", "fd00::/8", "[192.0.2.0/24]", list(), list("192.0.2.0/24"), list("fd00::/8"), list("10.0.0.0/8")},
		{"callback-url", "LIVEROOM_CALLBACK_URL", "http://a/", "http://b/", "http://c/", "", "http://c/", "http://b/", "http://a/"},
		{"callback-events", "LIVEROOM_CALLBACK_EVENTS", "State.StateChange", "*", "[Group.CallbackAfterSendMsg]", list("*"), list("Group.CallbackAfterSendMsg"), list("*"), list("State.StateChange")},
		{"callback-backlog", "LIVEROOM_CALLBACK_BACKLOG", "2GiB", "3GiB", "4GiB", "1GiB", "4GiB", "3GiB", "2GiB"},
		{"callback-dead-age", "LIVEROOM_CALLBACK_DEAD_AGE", "2h", "3h", "4h", "720h0m0s", "4h0m0s", "3h0m0s", "2h0m0s"},
		{"callback-private", "LIVEROOM_CALLBACK_PRIVATE", "on", "10.0.0.0/8,fd00::/8", `"off"`, "off", "off", "10.0.0.0/8,fd00::/8", "on"},
		{"relay-private", "LIVEROOM_RELAY_PRIVATE", "on", "10.0.0.0/8,fd00::/8", `"off"`, "off", "off", "10.0.0.0/8,fd00::/8", "on"},
		{"max-connections", "LIVEROOM_MAX_CONNECTIONS", "1", "2", "3", uint64(0), uint64(3), uint64(2), uint64(1)},
		{"max-per-address", "LIVEROOM_MAX_PER_ADDRESS", "0", "2", "3", uint64(512), uint64(3), uint64(2), uint64(0)},
		{"merge-window", "LIVEROOM_MERGE_WINDOW", "0s", "20ms", "30ms", "90ms", "30ms", "20ms", "0s"},
		{"max-pushes-per-address", "LIVEROOM_MAX_PUSHES_PER_ADDRESS", "0", "2", "3", uint64(16), uint64(3), uint64(2), uint64(0)},
		{"max-viewers", "LIVEROOM_MAX_VIEWERS", "1", "2", "3", uint64(0), uint64(3), uint64(2), uint64(1)},
		{"max-bandwidth", "LIVEROOM_MAX_BANDWIDTH", "800Mbit", "2.5Gbit", "1500", "0", "1500", "2500Mbit", "800Mbit"},
		{"hls-latency", "LIVEROOM_HLS_LATENCY", "low", "normal", "normal", "low", "normal", "normal", "low"},
		{"hls-segments", "LIVEROOM_HLS_SEGMENTS", "fmp4", "ts", "ts", "fmp4", "ts", "ts", "fmp4"},
		{"hls-segment", "LIVEROOM_HLS_SEGMENT", "1s", "3s", "4s", "2s", "4s", "3s", "1s"},
		{"redis", "LIVEROOM_REDIS_URL", "redis://a", "redis://b", "redis://c", "", "redis://c", "redis://b", "redis://a"},
	}
	var file strings.Builder
	var flags []string
	for _, c := range settings {
		file.WriteString(c.name + ": " + c.file + "\n")
		flags = append(flags, "--"+c.name+"="+c.flag)
		if got := defaults[c.name]; !reflect.DeepEqual(got, c.def) {
			t.Errorf("default of %s: %#v, want %#v", c.name, got, c.def)
		}
	}
	expect := func(what string, want func(precedence) any, args ...string) {
		t.Helper()
		got := effectively(t, append(args, "--data", data)...)
		for _, c := range settings {
			if !reflect.DeepEqual(got[c.name], want(c)) {
				t.Errorf("%s, %s: %#v, want %#v", c.name, what, got[c.name], want(c))
			}
		}
	}
	viaFile, viaFlag := func(c precedence) any { return c.viaFile }, func(c precedence) any { return c.viaFlag }
	path := writeFile(t, "liveroom.yaml", file.String())
	expect("file", viaFile, "--config", path)
	expect("flag before file", viaFlag, append(flags, "--config="+path)...)
	t.Setenv("LIVEROOM_CONFIG", path)
	expect("file named by the environment", viaFile)
	for _, c := range settings {
		t.Setenv(c.env, c.variable)
	}
	expect("environment before file", func(c precedence) any { return c.viaVariable })
	expect("flag before both", viaFlag, flags...)
}

// TestEverySettingHasItsFourForms: a flag, a variable that begins with LIVEROOM_, and a YAML key that is the flag's name.
func TestEverySettingHasItsFourForms(t *testing.T) {
	help := mustCommand(t, "serve", "--help")
	doc, err := os.ReadFile(filepath.Join("..", "..", "docs", "operating.md"))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[Settings]()) {
		key, env := f.Tag.Get("yaml"), f.Tag.Get("env")
		if key == "" || seen[key] || !strings.HasPrefix(env, "LIVEROOM_") || seen[env] {
			t.Errorf("%s: key %q, variable %q", f.Name, key, env)
		}
		seen[key], seen[env] = true, true
		if !strings.Contains(help, "--"+key+"=") && !strings.Contains(help, "--"+key+" ") || !strings.Contains(help, "$"+env) {
			t.Errorf("the help does not name --%s and $%s", key, env)
		}
		if !strings.Contains(string(doc), "`--"+key+"`") || !strings.Contains(string(doc), "`"+env+"`") {
			t.Errorf("docs/operating.md does not name --%s and %s", key, env)
		}
	}
}

func TestValuesThatCannotBe(t *testing.T) {
	for _, c := range []struct {
		name  string
		flags []string
		yaml  string
		says  []string
	}{
		{"unknown key", nil, "http: \":1\"\nfoo: 3\n", []string{"liveroom.yaml", "foo", "[2:1]"}},
		{"unknown key of a secret", nil, "secrets:\n  api-tokn: x\n", []string{"api-tokn", "[2:3]"}},
		{"key twice", nil, "grace: 1m\ngrace: 2m\n", []string{"grace", "[2:1]"}},
		{"no mapping", nil, "- grace\n", []string{"liveroom.yaml", "[1:1]"}},
		{"no yaml", nil, "{", []string{"liveroom.yaml", "[1:1]"}},
		{"list for one value", nil, "http: [a, b]\n", []string{"--http", "one value"}},
		{"keys for one value", nil, "http: {a: b}\n", []string{"--http", "must be a value"}},
		{"duration in the file", nil, "grace: soon\n", []string{"--grace", "soon"}},
		{"duration without unit", nil, "pause-limit: 90\n", []string{"--pause-limit", "90"}},
		{"number in the file", nil, "max-connections: many\n", []string{"--max-connections", "many"}},
		{"word in the file", nil, "log-level: loud\n", []string{"--log-level", "loud", "debug"}},
		{"boolean in the file", nil, "auto-room: true\n", []string{"--auto-room", "on", "off"}},
		{"duration", []string{"--grace", "x"}, "", []string{"--grace"}},
		{"grace too short", []string{"--grace", "999ms"}, "", []string{"grace", "999ms", "1s to 24h"}},
		{"grace too long", []string{"--grace", "25h"}, "", []string{"grace", "1s to 24h"}},
		{"pause limit", []string{"--pause-limit", "0s"}, "", []string{"pause-limit", "1s to 168h"}},
		{"guest login", []string{"--guest-login", "yes"}, "", []string{"--guest-login", "yes"}},
		{"connections", []string{"--max-connections=-1"}, "", []string{"max-connections", "-1"}},
		{"per address", []string{"--max-per-address=-1"}, "", []string{"max-per-address", "-1"}},
		{"merge window", []string{"--merge-window=2s"}, "", []string{"merge-window", "2s"}},
		{"pushes per address", []string{"--max-pushes-per-address=-1"}, "", []string{"max-pushes-per-address", "-1"}},
		{"viewers", []string{"--max-viewers=-1"}, "", []string{"max-viewers", "-1"}},
		{"viewers of a room", []string{"--max-viewers-per-room=-1"}, "", []string{"max-viewers-per-room", "-1"}},
		{"bandwidth", []string{"--max-bandwidth", "8MB"}, "", []string{"--max-bandwidth", "8MB", "800Mbit"}},
		{"bandwidth in the file", nil, "max-bandwidth-per-room: -1\n", []string{"--max-bandwidth-per-room", "-1"}},
		{"origin", []string{"--cors-origins", "https://a.example,https://b.example/page"}, "", []string{"cors-origins", "https://b.example/page"}},
		{"no origin", []string{"--cors-origins", ""}, "", []string{"cors-origins"}},
		{"HLS latency", []string{"--hls-latency", "ultra"}, "", []string{"--hls-latency", "ultra", "low"}},
		{"HLS container", []string{"--hls-segments=mkv"}, "", []string{"--hls-segments", "mkv", "fmp4"}},
		{"HLS segment", []string{"--hls-segment=1500ms"}, "", []string{"hls-segment", "1.5s", "whole seconds"}},
		{"long HLS segment", []string{"--hls-segment=11s"}, "", []string{"hls-segment", "11s", "10s"}},
		{"six administrators", []string{"--admins", "a,b,c,d,e,f"}, "", []string{"admins", "6", "5"}},
		{"rate of no command", []string{"--im-rates", "kick=1,kicks=2"}, "", []string{"im-rates", "kicks"}},
		{"weight of nothing", []string{"--level-weights", "messages=2,frob=1"}, "", []string{"level-weights", "frob=1", "giftValue"}},
		{"weight that is none", []string{"--level-weights", "messages=-1"}, "", []string{"messages", "-1"}},
		{"cap that is none", []string{"--level-caps", "likes=many"}, "", []string{"level-caps", "likes=many"}},
		{"levels that fall", []string{"--level-thresholds", "5,5"}, "", []string{"level 2", "5"}},
		{"tier without points", []string{"--level-tiers", "gold=Gold:x"}, "", []string{"level-tiers", "gold=Gold"}},
		{"tier twice", []string{"--level-tiers", "a=A:a:1,a=B:b:2"}, "", []string{"tier a", "twice"}},
		{"gift settlement", []string{"--gift-settlement=never"}, "", []string{"--gift-settlement", "never", "callback"}},
		{"clicks of a combo", []string{"--gift-combo-clicks=0"}, "", []string{"gift-combo-clicks", "0", "10000"}},
		{"stillness of a combo", []string{"--gift-combo-still=1ms"}, "", []string{"gift-combo-still", "1ms", "100ms"}},
		{"short settlement", []string{"--gift-expire=1s"}, "", []string{"gift-expire", "1s", "1m"}},
		{"short ledger", []string{"--gift-ledger-age=1h"}, "", []string{"gift-ledger-age", "1h", "24h"}},
		{"gift message without value", []string{"--gift-message=$.type"}, "", []string{"gift-message", "$.type=gift"}},
		{"gift message by a bad path", []string{"--gift-message=type=gift"}, "", []string{"gift-message", "$"}},
		{"order of a gift message", []string{"--gift-message=$.type=gift", "--gift-message-order="}, "", []string{"gift-message-order", "somewhere"}},
		{"count of a gift message", []string{"--gift-message=$.type=gift", "--gift-message-count=$.a..b"}, "", []string{"gift-message-count", "$.a..b"}},
		{"rate that is none", []string{"--im-rates", "kick=often"}, "", []string{"im-rates", "kick=often"}},
		{"proxy", []string{"--trusted-proxies", "10.0.0.0/8,10.0.0.1"}, "", []string{"trusted-proxies", "10.0.0.1"}},
		{"callback url", []string{"--callback-url", "ftp://x"}, "", []string{"callback-url", "url"}},
		{"callback events", []string{"--callback-url", "http://x/", "--callback-events", "Group.CallbackAfterSendMsg,frob"}, "", []string{"callback-events", "frob"}},
		{"callback policy", []string{"--callback-on-failure=ask"}, "", []string{"--callback-on-failure", "ask", "deliver"}},
		{"callback addresses", []string{"--callback-private=10.0.0.1"}, "", []string{"callback-private", "10.0.0.1", "CIDR"}},
		{"relay addresses", []string{"--relay-private=10.0.0.1"}, "", []string{"relay-private", "10.0.0.1", "CIDR"}},
		{"callback backlog", []string{"--callback-backlog=1000"}, "", []string{"callback-backlog", "1000", "1MiB"}},
		{"delay bytes", []string{"--delay-bytes=1000"}, "", []string{"delay-bytes", "1000", "1MiB"}},
		{"callback dead letters", []string{"--callback-dead-age=1m"}, "", []string{"callback-dead-age", "1m", "1h"}},
		{"stream callback url", []string{"--stream-callback-url", "x"}, "", []string{"stream-callback-url", "url"}},
		{"event callback url", []string{"--event-callback-url", "x"}, "", []string{"event-callback-url", "https"}},
		{"event callback events", []string{"--event-callback-url", "http://x/", "--event-callback-events", "live_status"}, "", []string{"event-callback-events", "live_status"}},
		{"status callback url", []string{"--status-callback-url", "http://u:p@x/"}, "", []string{"status-callback-url", "user"}},
		{"shared folder that is not named", []string{"--record-shared=on"}, "", []string{"record-shared", "record-store"}},
		{"a format of recordings that is none", []string{"--record-formats=hls,avi"}, "", []string{"record-formats", "avi", "mp4"}},
		{"too long a time shift", []string{"--timeshift=25h"}, "", []string{"timeshift", "25h", "24h"}},
		{"bucket", []string{"--record-store=s3://Bucket/x"}, "", []string{"record-store", "bucket"}},
		{"prefix in a bucket", []string{"--record-store=s3://bucket/../x"}, "", []string{"record-store", "prefix"}},
		{"S3 server", []string{"--record-store=s3://bucket", "--s3-endpoint=s3.example.com"}, "", []string{"s3-endpoint", "https://"}},
		{"small spool", []string{"--record-store=s3://bucket", "--record-spool=1MiB"}, "", []string{"record-spool", "1MiB", "64MiB"}},
		{"age of chat", []string{"--replay-chat-age=5s"}, "", []string{"replay-chat-age", "5s", "1m"}},
		{"screenshots too often", []string{"--screenshots=1s"}, "", []string{"screenshots", "1s", "2s"}},
		{"screenshots too seldom", []string{"--screenshots=11m"}, "", []string{"screenshots", "11m", "10m"}},
		{"many widths", []string{"--screenshot-widths=0,1,2,3,4"}, "", []string{"screenshot-widths", "5"}},
		{"small width", []string{"--screenshot-widths=0,8"}, "", []string{"screenshot-widths", "8"}},
		{"no screenshots kept", []string{"--screenshot-keep=0"}, "", []string{"screenshot-keep", "0"}},
		{"no ffmpeg", []string{"--ffmpeg="}, "", []string{"ffmpeg", "empty"}},
		{"bytes to spare", []string{"--record-spare=some"}, "", []string{"--record-spare", "some", "10GiB"}},
		{"IM host", []string{"--im-host", "console.tim.qq.com"}, "", []string{"im-host", "https://"}},
		{"IM host with a path", []string{"--im-host", "https://h/v4"}, "", []string{"im-host", "alone"}},
		{"administrator of the IM host", []string{"--im-host", "https://h", "--im-admin", "two words"}, "", []string{"im-host", "admin"}},
		{"field of the IM host", []string{"--im-field=no"}, "", []string{"--im-field", "no", "on"}},
		{"public url", []string{"--public-url", "localhost"}, "", []string{"public-url", "localhost"}},
		{"public rtmp url", []string{"--public-rtmp-url", "http://x"}, "", []string{"public-rtmp-url", "http://x"}},
		{"app", []string{"--apps", "live,a b"}, "", []string{"apps", "a b"}},
		{"no app", []string{"--apps", ""}, "", []string{"apps"}},
		{"internal url", []string{"--internal-url", "10.0.0.5:8080"}, "", []string{"internal-url", "10.0.0.5"}},
		{"internal url with a path", []string{"--internal-url", "http://h/x"}, "", []string{"internal-url", "alone"}},
		{"no port", []string{"--http", ""}, "", []string{"http", "empty"}},
		{"no data folder", []string{"--data", ""}, "", []string{"data", "empty"}},
		{"certificate without key", []string{"--tls-cert", "x"}, "", []string{"tls-cert", "tls-key"}},
		{"https without certificate", []string{"--https", ":1"}, "", []string{"https", "tls-cert"}},
		{"rtmps without certificate", []string{"--rtmps", ":1"}, "", []string{"rtmps", "tls-cert"}},
		{"unknown flag", []string{"--frob"}, "", []string{"--frob"}},
		{"missing file", []string{"--config", "no-such.yaml"}, "", []string{"no-such.yaml"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := append([]string{"config", "--data=" + t.TempDir()}, c.flags...)
			if c.yaml != "" {
				args = append(args, "--config", writeFile(t, "liveroom.yaml", c.yaml))
			}
			mustFail(t, args, c.says...)
		})
	}
	t.Run("variable", func(t *testing.T) {
		t.Setenv("LIVEROOM_GRACE", "soon")
		mustFail(t, []string{"config"}, "--grace", "soon")
	})
}

func TestAFileMayLeaveOut(t *testing.T) {
	for _, c := range []struct{ name, yaml string }{
		{"everything", ""},
		{"all but comments", "# nothing\n"},
		{"values", "grace:\napps:\nhttp:\nsecrets:\n"},
		{"brackets", "apps: live\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			data := t.TempDir()
			got := effectively(t, "--data", data, "--config", writeFile(t, "liveroom.yaml", c.yaml))
			if want := effectively(t, "--data", data); !reflect.DeepEqual(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

func TestConfigCanBeGivenBack(t *testing.T) {
	data := t.TempDir()
	flags := []string{
		"--http", "127.0.0.1:1", "--rtmp=:2", "--https=:3", "--rtmps=:4", "--ops=", "--data", data, "--node", "n 1: #x",
		"--log-format=json", "--log-level=warn", "--tls-cert=c", "--tls-key=k", "--public-url=https://h", "--public-rtmp-url=rtmps://h",
		"--apps=*,a", "--grace=1500ms", "--pause-limit=2h", "--auto-room=off", "--guest-login=on", "--max-connections=7", "--max-per-address=0", "--max-pushes-per-address=40", "--merge-window=45ms", "--delay-bytes=64MiB",
		"--max-viewers=9", "--max-viewers-per-room=8", "--max-bandwidth=1500kbit", "--max-bandwidth-per-room=2Gbit",
		"--hls-latency=normal", "--hls-segments=ts", "--hls-segment=4s",
		"--chat-rate=80", "--chat-history=50", "--chat-history-age=1h", "--chat-message-size=8000", "--chat-notice-size=1000", "--chat-recall-window=30s", "--chat-user-burst=7", "--chat-user-rate=0.5", "--chat-members=40", "--chat-tips=0", "--chat-create-groups=on", "--chat-members-write=on", "--chat-mute-notices=off", "--audit-age=48h", "--audit-entries=5000",
		"--chat-web-instances=2", "--chat-native-instances=4", "--chat-rivals=apps", "--chat-priority-cap=normal", "--chat-count-change=0.1", "--chat-rooms=many", "--chat-leave=device",
		"--chat-words=w", "--broadcasts=off", "--chat-words-loose=on", "--chat-word-action=replace", "--chat-words-public=on", "--chat-words-admins=on", "--chat-files=3GiB",
		`--admins=a\,b,c`, "--im-rates=account_import=0", "--im-host=https://im.example.com", "--im-admin=root", "--im-field=off", "--callback-url=http://x/?a=1", "--callback-events=State.StateChange,*", "--callback-on-failure=reject", "--stream-callback-url=https://x/css",
		"--status-callback-url=https://x/status", "--event-callback-url=https://x/events", "--event-callback-events=*,gift.settle", "--callback-private=127.0.0.0/8", "--relay-private=192.168.0.0/16", "--callback-backlog=2GiB", "--callback-dead-age=48h", "--trusted-proxies=10.0.0.0/8,fd00::/8", "--cors-origins=https://a.example,https://b.example", "--embed-origins=https://a.example,https://*.b.example", "--redis=redis://h:1/2", "--internal-url=http://h:1",
		"--record=demand", "--record-formats=hls,flv", "--record-file-max=1h", "--record-age=48h", "--record-bytes=3GiB", "--record-segment=4s", "--timeshift=90s",
		"--screenshots=10s", "--screenshot-widths=0,640", "--screenshot-keep=20", "--ffmpeg=/usr/bin/ffmpeg",
		"--record-store=/recordings", "--record-shared=on", "--record-spare=2GiB", "--record-spool=3GiB", "--s3-endpoint=https://s3.example.com", "--s3-region=eu", "--s3-path-style=on", "--replay-chat=off", "--replay-chat-age=48h",
		"--like-rate=5", "--like-burst=9", "--like-totals=5s", "--like-message=$.kind=heart", "--like-message-count=$.n", "--follow-limit=100",
		"--gift-settlement=live", "--gift-expire=2h", "--gift-guests=on", "--gift-combo-clicks=10", "--gift-combo-still=2s", "--gift-ledger-age=48h", "--gift-message=$.kind=paid gift",
		"--gift-message-order=$.o", "--gift-message-gift=$.g", "--gift-message-count=", "--gift-message-price=$.p[0]", `--gift-message-name=$["the name"]`,
		"--level-weights=messages=3", "--level-caps=likes=0", "--level-thresholds=5,10", "--level-tiers=vip=Vip:★:5",
		"--popularity-half-life=5m", "--popularity-weights=minute=2,gift=0", "--summary-age=48h", "--draw-age=48h",
	}
	out := mustCommand(t, append([]string{"config"}, flags...)...)
	again := mustCommand(t, "config", "--config", writeFile(t, "liveroom.yaml", out))
	if again != out {
		t.Errorf("given back it became\n%s\nfrom\n%s", again, out)
	}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[Settings]()) {
		if flag := "--" + f.Tag.Get("yaml"); !strings.Contains(strings.Join(flags, " "), flag) {
			t.Errorf("%s is not tried here", flag)
		}
	}
}

func TestConfigHidesSecrets(t *testing.T) {
	keys := newSecrets()
	for _, f := range keys.fields() {
		if f.optional {
			*f.value = randomHex(16)
		}
	}
	raw, err := yaml.Marshal(map[string]any{"secrets": keys, "redis": "redis://someone:opensesame@h:1/2", "callback-url": "https://x/im?token=opensesame"})
	if err != nil {
		t.Fatal(err)
	}
	path, data := writeFile(t, "liveroom.yaml", string(raw)), t.TempDir()
	out := mustCommand(t, "config", "--data", data, "--config", path)
	for _, f := range keys.fields() {
		if strings.Contains(out, *f.value) {
			t.Errorf("%s is shown:\n%s", f.env, out)
		}
		if !strings.Contains(out, "# "+f.env+": set\n") {
			t.Errorf("%s is not said to be set:\n%s", f.env, out)
		}
	}
	if strings.Contains(out, "opensesame") || !strings.Contains(out, "@h:1/2") {
		t.Errorf("the Redis password is shown, or the rest is not:\n%s", out)
	}
	t.Setenv("LIVEROOM_REDIS_URL", "redis://:opensesame@h:x y")
	if out := mustCommand(t, "config", "--data", data); strings.Contains(out, "opensesame") {
		t.Errorf("the password of something that is no URL is shown:\n%s", out)
	}
	for _, c := range []struct{ name, yaml string }{
		{"unknown key beside it", "secrets:\n  push-key: opensesame\n  foo: opensesame\n"},
		{"list", "secrets:\n  push-key: [opensesame]\n"},
		{"not a number", "secrets:\n  sdk-app-id: opensesame\n"},
		{"quote left open", "secrets:\n  push-key: \"opensesame\n"},
		{"second colon", "secrets:\n  push-key: opensesame: x\n"},
		{"wrong level", "secrets: opensesame\n"},
		{"bad setting after it", "secrets:\n  push-key: opensesame\ngrace: soon\n"},
		{"too short", "secrets:\n  api-token: opensesame\n"},
		{"equal", "secrets:\n  push-key: opensesame\n  play-key: opensesame\n"},
	} {
		t.Run("error of "+c.name, func(t *testing.T) {
			t.Setenv("LIVEROOM_REDIS_URL", "")
			out, err := command(t, "config", "--data", data, "--config", writeFile(t, "liveroom.yaml", c.yaml))
			if err == nil {
				t.Fatalf("succeeded:\n%s", out)
			}
			if strings.Contains(err.Error()+out, "opensesame") {
				t.Errorf("shown: %v\n%s", err, out)
			}
		})
	}
}

func TestSettingsForTheProgram(t *testing.T) {
	t.Run("app of addresses", func(t *testing.T) {
		for _, c := range []struct {
			apps []string
			want string
		}{{[]string{"a", "b"}, "a"}, {[]string{"*", "b"}, "b"}, {[]string{"*"}, "live"}} {
			if got := (&Settings{Apps: c.apps}).app(); got != c.want {
				t.Errorf("%v: %q, want %q", c.apps, got, c.want)
			}
		}
	})
	t.Run("incarnations", func(t *testing.T) {
		p := &program{set: Settings{Node: "n1"}}
		a, b := p.nodeID(), p.nodeID()
		if a == b || !strings.HasPrefix(a, "n1/") {
			t.Errorf("%q and %q", a, b)
		}
		if host, _ := os.Hostname(); nodeNames.MatchString(host) && (&Settings{}).nodeName() != host {
			t.Error("a node without a name has not the host's")
		}
	})
	t.Run("proxies", func(t *testing.T) {
		s := Settings{TrustedProxies: []string{"10.0.0.0/8", "fd00::/8"}}
		if got := s.proxies(); len(got) != 2 || got[0].String() != "10.0.0.0/8" || got[1].String() != "fd00::/8" {
			t.Errorf("%v", got)
		}
	})
}

func TestHLSIsTold(t *testing.T) {
	s := Settings{HLSLatency: "low", HLSSegments: "fmp4", HLSSegment: 2 * time.Second}
	if c := s.hls(); c.Latency != hls.LowLatency || c.Container != hls.FMP4 || c.SegmentDuration != 2*time.Second {
		t.Errorf("%+v", c)
	}
	s = Settings{HLSLatency: "normal", HLSSegments: "ts", HLSSegment: 6 * time.Second}
	if c := s.hls(); c.Latency != hls.NormalLatency || c.Container != hls.MPEGTS || c.SegmentDuration != 6*time.Second {
		t.Errorf("%+v", c)
	}
}

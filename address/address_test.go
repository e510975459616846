package address_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"liveroom/address"
)

func TestParseName(t *testing.T) {
	long := strings.Repeat("a", 64)
	for _, tt := range []struct {
		raw     string
		name    string
		queries []string
		bad     bool
	}{
		{raw: "demo", name: "demo"},
		{raw: "demo?", name: "demo", queries: []string{""}},
		{raw: "demo?txTime=1&a=?b", name: "demo", queries: []string{"txTime=1&a=?b"}},
		{raw: "d%65mo", name: "demo"},
		{raw: long, name: long},
		{raw: "a.flv.b", name: "a.flv.b"},
		{raw: "FLV.FLV", name: "FLV.FLV"},
		{raw: long + "a", bad: true},
		{raw: "", bad: true},
		{raw: "?txTime=1", bad: true},
		{raw: ".", bad: true},
		{raw: "..", bad: true},
		{raw: "demo.flv", bad: true},
		{raw: "demo.m3u8?x", bad: true},
		{raw: "de%2565mo", bad: true}, // decoded once only
		{raw: "demo%3Fx", bad: true},
		{raw: "a/b", bad: true},
		{raw: "a%2Fb", bad: true},
		{raw: "room 1001", bad: true},
		{raw: "room%201001", bad: true},
		{raw: "a\x00b", bad: true},
		{raw: "直播", bad: true},
		{raw: "a%zz", bad: true},
		{raw: "a#b", bad: true},
	} {
		t.Run(tt.raw, func(t *testing.T) {
			name, queries, err := address.ParseName(tt.raw)
			if tt.bad {
				if code(err) != address.CodeName {
					t.Errorf("ParseName = %q, %v; want bad_name", name, err)
				}
				return
			}
			if err != nil || name != tt.name || !slices.Equal(queries, tt.queries) {
				t.Errorf("ParseName = %q, %q, %v; want %q, %q", name, queries, err, tt.name, tt.queries)
			}
		})
	}
}

func TestBase(t *testing.T) {
	base := address.Base{PublicURL: "https://example.com/", PublicRTMPURL: "rtmp://example.com:1935", App: "live"}
	if err := base.Validate(); err != nil {
		t.Fatal(err)
	}
	expires := time.Unix(0x6955B900, 0)
	const query = "?txSecret=786652dcea63628147f9c4b9bd4615b2&txTime=6955B900"
	wantPush := address.PushAddresses{
		RTMP: "rtmp://example.com:1935/live/room1001" + query,
		OBS:  address.OBS{Server: "rtmp://example.com:1935/live/", StreamKey: "room1001" + query},
	}
	if got := base.Push("push_master_key_0001", "room1001", expires); got != wantPush {
		t.Errorf("Push = %+v", got)
	}
	const playQuery = "?txSecret=4bed73b167b3764b27c36755aa7ecc5e&txTime=6955B900"
	wantPlay := address.PlayAddresses{
		RTMP:  "rtmp://example.com:1935/live/room1001" + playQuery,
		FLV:   "https://example.com/live/room1001.flv" + playQuery,
		HLS:   "https://example.com/live/room1001.m3u8" + playQuery,
		WSFLV: "wss://example.com/live/room1001.flv" + playQuery,
	}
	if got := base.Play("play_master_key_0003", "room1001", expires); got != wantPlay {
		t.Errorf("Play = %+v", got)
	}
	base.PublicURL = "http://localhost:8080"
	if got := base.Play("", "a", expires); got.WSFLV != "ws://localhost:8080/live/a.flv" || got.HLS != "http://localhost:8080/live/a.m3u8" {
		t.Errorf("unsigned Play = %+v", got)
	}
}

func TestAddressesMadeAreAccepted(t *testing.T) {
	base := address.Base{PublicURL: "http://h", PublicRTMPURL: "rtmp://h", App: "live"}
	keys := address.Keys{Backup: "only-backup"}
	expires := time.Unix(2_000_000_000, 0)
	play := base.Play(keys.Backup, "demo", expires)
	for _, raw := range []string{base.Push(keys.Backup, "demo", expires).RTMP, play.RTMP, play.FLV, play.HLS, play.WSFLV} {
		a, err := address.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if err := address.New(keys, 0).Check(a.Name, a.Queries(), expires); err != nil || a.Name != "demo" || a.App != "live" || a.Host != "h" {
			t.Errorf("%v: %v", a, err)
		}
	}
}

func TestBaseValidate(t *testing.T) {
	good := address.Base{PublicURL: "http://h", PublicRTMPURL: "rtmps://h", App: "live"}
	for name, change := range map[string]func(*address.Base){
		"public URL":           func(b *address.Base) { b.PublicURL = "ftp://h" },
		"public URL query":     func(b *address.Base) { b.PublicURL = "http://h?x=1" },
		"public URL host":      func(b *address.Base) { b.PublicURL = "http://" },
		"public RTMP URL":      func(b *address.Base) { b.PublicRTMPURL = "http://h" },
		"public RTMP URL user": func(b *address.Base) { b.PublicRTMPURL = "rtmp://u:p@h" },
		"app":                  func(b *address.Base) { b.App = "a/b" },
	} {
		t.Run(name, func(t *testing.T) {
			b := good
			change(&b)
			err := b.Validate()
			if err == nil {
				t.Fatal("accepted")
			}
			if what, _, _ := strings.Cut(name, " U"); !strings.HasPrefix(err.Error(), what) {
				t.Errorf("error %q does not name %s", err, what)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for _, tt := range []struct{ raw, want string }{
		{"", "bad_url"},
		{"demo?txTime=1", "bad_url"},
		{"rtmp://h/demo", "bad_url"},
		{"rtmp://h/live/", "bad_name"},
		{"rtmp://h/live/a/b", "bad_name"},
		{"rtmp:///live/demo", "bad_url"},
		{"rtmp://u:p@h/live/demo", "bad_url"},
		{"rtmp://h/live/demo#x", "bad_url"},
		{"ftp://h/live/demo.flv", "bad_url"},
		{"http://h/live/demo", "bad_url"},
		{"ws://h/live/demo.m3u8", "bad_url"},
		{"http://h/live/demo.mp4", "bad_url"},
		{"rtmp://h/live/demo.flv", "bad_name"},
		{"rtmp://h/live/" + strings.Repeat("a", 5000), "bad_url"},
		{"rtmp://h:port/live/demo?txSecret=786652dcea63628147f9c4b9bd4615b2", "bad_url"},
	} {
		t.Run(tt.raw[:min(40, len(tt.raw))], func(t *testing.T) {
			_, err := address.Parse(tt.raw)
			if code(err) != tt.want {
				t.Errorf("Parse = %v, want %s", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "786652dc") {
				t.Errorf("error shows the signature: %v", err)
			}
		})
	}
}

func TestNothingSecretIsPrinted(t *testing.T) {
	const secret = "4bed73b167b3764b27c36755aa7ecc5e"
	a, err := address.Parse("https://h/live/room1001.flv?vid=s1&txSecret=" + secret + "&txTime=6955B900")
	if err != nil {
		t.Fatal(err)
	}
	base := address.Base{PublicURL: "https://h", PublicRTMPURL: "rtmp://h", App: "live"}
	expires := time.Unix(0x6955B900, 0)
	push := base.Push("play_master_key_0003", "room1001", expires)
	keys := address.Keys{Primary: "play_master_key_0003"}
	var out bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&out, nil))
	log.Info("x", "a", a, "push", push, "obs", push.OBS, "play", base.Play("play_master_key_0003", "room1001", expires), "keys", keys)
	fmt.Fprintf(&out, "%v %s %+v %#v %v %#v %+v", a, a, a, a, keys, keys, keys)
	if strings.Contains(out.String(), secret) || strings.Contains(out.String(), "play_master") {
		t.Errorf("printed: %s", out.String())
	}
	if !strings.Contains(out.String(), "https://h/live/room1001.flv?vid=s1&txSecret=…&txTime=6955B900") {
		t.Errorf("the rest of the address is gone: %s", out.String())
	}
}

func TestRedact(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"", ""},
		{"a=1&b=2", "a=1&b=2"},
		{"txSecret=abc&txTime=1", "txSecret=…&txTime=1"},
		{"x=1?txSecret=abc;userSig=def&", "x=1?txSecret=…;userSig=…&"},
		{"tx%53ecret=abc", "tx%53ecret=…"},
		{"tx%2553ecret=abc", "tx%2553ecret=…"},
		{"usersig=a&TOKEN=b&apiKey=c&password=d&authorization=e", "usersig=…&TOKEN=…&apiKey=…&password=…&authorization=…"},
		{"token", "token"},
		{"token=", "token="},
	} {
		if got := address.Redact(tt.in); got != tt.want {
			t.Errorf("Redact(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestExplain(t *testing.T) {
	push := address.New(address.Keys{Primary: "push_master_key_0001"}, 0)
	play := address.New(address.Keys{Primary: "play_master_key_0003"}, 0)
	end := time.Unix(0x6955B900, 0)
	sign := func(key, name, txTime string) string {
		return "?txSecret=" + md5Hex(key+name+txTime) + "&txTime=" + txTime
	}
	for _, tt := range []struct {
		name string
		raw  string
		now  time.Time
		want []string
	}{
		{
			"push", "rtmp://h/live/room1001" + sign("push_master_key_0001", "room1001", "6955B900"), end.Add(-time.Hour),
			[]string{`Stream "room1001" in app "live" on h, over RTMP.`, "in 1h0m0s", "As a push address its signature is accepted", "As a play address it is refused"},
		},
		{
			"expired", "rtmp://h/live/room1001" + sign("push_master_key_0001", "room1001", "6955B900"), end.Add(time.Hour),
			[]string{"1h0m0s ago", "expired at 2026-01-01T00:00:00Z", "(expired)"},
		},
		{
			"play", "https://h/live/room1001.m3u8" + sign("play_master_key_0003", "room1001", "6955B900"), end,
			[]string{"over HLS", "As a play address its signature is accepted"},
		},
		{
			"push key on a play address", "ws://h/live/room1001.flv" + sign("push_master_key_0001", "room1001", "6955B900"), end,
			[]string{"over WebSocket-FLV", "signed with the push key"},
		},
		{
			"extension signed", "http://h/live/room1001.flv" + sign("play_master_key_0003", "room1001.flv", "6955B900"), end,
			[]string{"over HTTP-FLV", "signed with a file extension"},
		},
		{
			"app signed", "rtmp://h/live/room1001" + sign("push_master_key_0001", "live/room1001", "6955B900"), end,
			[]string{"with the app in front"},
		},
		{
			"case changed", "rtmp://h/live/room1001?txSecret=" + md5Hex("push_master_key_0001room10016955B900") + "&txTime=6955b900", end,
			[]string{"upper case but written in lower case"},
		},
		{
			"case changed back", "rtmp://h/live/room1001?txSecret=" + md5Hex("push_master_key_0001room10016955b900") + "&txTime=6955B900", end,
			[]string{"lower case but written in upper case"},
		},
		{
			"foreign key", "rtmp://h/live/room1001" + sign("x", "room1001", "6955B900"), end,
			[]string{"Neither this server's push keys nor its play keys"},
		},
		{"bare", "rtmp://h/live/room1001", end, []string{"has no txTime", "missing_signature"}},
		{"not an address", "hello", end, []string{"This is refused:", "bad_url"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := strings.Join(address.Explain(tt.raw, push, play, tt.now), "\n")
			for _, want := range tt.want {
				if !strings.Contains(got, want) {
					t.Errorf("Explain lacks %q:\n%s", want, got)
				}
			}
			if tt.name != "foreign key" && strings.Contains(got, "Neither") {
				t.Errorf("Explain guesses wrong:\n%s", got)
			}
		})
	}
}

func TestLoggable(t *testing.T) {
	const secret = "32dfe1fbc21b6a2f25bc941d197128b4"
	for name, want := range map[string]string{
		"":                                 "",
		"demo":                             "demo",
		"a.b_c-9":                          "a.b_c-9",
		"demo?txSecret=" + secret:          "demo",
		"demo&txSecret=" + secret:          "demo",
		"demo;txSecret=" + secret:          "demo",
		"demo%3FtxSecret%3D" + secret:      "demo",
		"txSecret=" + secret + "&txTime=1": "txSecret",
		"live/demo/txSecret=" + secret:     "live",
		"line\nend":                        "line",
		"имя":                              "",
		strings.Repeat("x", 100):           strings.Repeat("x", address.MaxNameBytes),
	} {
		if got := address.Loggable(name); got != want {
			t.Errorf("Loggable(%q) = %q, want %q", name, got, want)
		}
	}
}

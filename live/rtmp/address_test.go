package rtmp

import (
	"net"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"liveroom/live/stream"
)

func TestRequest(t *testing.T) {
	for _, tt := range []struct {
		name             string
		app, tcURL, file string
		want             stream.Request
	}{
		{
			"OBS: app with a slash, query in the name", "live/", "rtmp://Push.Example.com:1935/live/", "room?txSecret=a&txTime=b",
			stream.Request{Host: "push.example.com", App: "live", Name: "room", Query: []string{"txSecret=a&txTime=b"}},
		},
		{
			"query in the app, repeated in tcUrl", "live?txSecret=a", "rtmp://h/live?txSecret=a", "room",
			stream.Request{Host: "h", App: "live", Name: "room", Query: []string{"txSecret=a"}},
		},
		{
			"different queries everywhere are all told", "live?a=1", "rtmps://h/live?b=2", "room?c=3",
			stream.Request{Host: "h", App: "live", Name: "room", Query: []string{"a=1", "b=2", "c=3"}},
		},
		{
			"a query with question marks", "live", "rtmp://h/live", "room?a=?b?",
			stream.Request{Host: "h", App: "live", Name: "room", Query: []string{"a=?b?"}},
		},
		{"IPv6 with port", "live", "rtmp://[2001:DB8::1]:1935/live", "room", stream.Request{Host: "2001:db8::1", App: "live", Name: "room"}},
		{"IPv6 without port", "live", "rtmp://[::1]/live", "room", stream.Request{Host: "::1", App: "live", Name: "room"}},
		{"user information", "live", "rtmp://u:p@h:1/live", "room", stream.Request{Host: "h", App: "live", Name: "room"}},
		{"no tcUrl", "live", "", "room", stream.Request{App: "live", Name: "room"}},
		{"tcUrl without scheme", "live", "h/live", "room", stream.Request{App: "live", Name: "room"}},
		{"leading slash of the name", "live", "rtmp://h/live", "/room", stream.Request{Host: "h", App: "live", Name: "room"}},
		{"the app is in front of the name", "", "rtmp://h", "live/room?x=1", stream.Request{Host: "h", App: "live", Name: "room", Query: []string{"x=1"}}},
		{"two elements in the app stay for the admission to refuse", "live/a", "rtmp://h/live/a", "room", stream.Request{Host: "h", App: "live/a", Name: "room"}},
		{"slashes around the key", "live", "rtmp://h/live", "//room/?x=1", stream.Request{Host: "h", App: "live", Name: "room", Query: []string{"x=1"}}},
		{"the app is only in tcUrl", "", "rtmp://h:1935/live/?a=1", "room", stream.Request{Host: "h", App: "live", Name: "room", Query: []string{"a=1"}}},
		{"the instance that is none", "live/_definst_/", "rtmp://h/live/_definst_", "room", stream.Request{Host: "h", App: "live", Name: "room"}},
		{"a kind of file", "live", "rtmp://h/live", "mp4:room?x=1", stream.Request{Host: "h", App: "live", Name: "room", Query: []string{"x=1"}}},
		{"another kind of file", "live", "rtmp://h/live", "flv:room", stream.Request{Host: "h", App: "live", Name: "room"}},
		{"an escaped key", "live", "rtmp://h/live", "room%3ftxSecret%3Da%26txTime=b", stream.Request{Host: "h", App: "live", Name: "room", Query: []string{"txSecret=a&txTime=b"}}},
		{"an escape that is none", "live", "rtmp://h/live", "room%3f%zz", stream.Request{Host: "h", App: "live", Name: "room%3f%zz"}},
		{"escapes in the query stay", "live", "rtmp://h/live", "room?x=%3F", stream.Request{Host: "h", App: "live", Name: "room", Query: []string{"x=%3F"}}},
		{"nothing at all", "", "", "", stream.Request{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.want.Protocol, tt.want.Remote, tt.want.Local = stream.RTMP, "1.2.3.4:5", "5.6.7.8:1935"
			got := parseApplication(tt.app, tt.tcURL).request(tt.file, "1.2.3.4:5", "5.6.7.8:1935")
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

func TestNetwork(t *testing.T) {
	for in, want := range map[string]string{
		"1.2.3.4:5":             "1.2.3.4/32",
		"[::ffff:1.2.3.4]:5":    "1.2.3.4/32",
		"[2001:db8:1:2:3::4]:5": "2001:db8:1:2::/64",
		"[fe80::1%eth0]:5":      "fe80::/64",
	} {
		if got := network(net.TCPAddrFromAddrPort(netip.MustParseAddrPort(in))); got.String() != want {
			t.Errorf("network(%s) = %s, want %s", in, got, want)
		}
	}
	if got := network(&net.UnixAddr{Name: "x"}); got != (netip.Prefix{}) {
		t.Errorf("network of a socket file = %v", got)
	}
}

func TestQuota(t *testing.T) {
	a, a2, b := tcp("[2001:db8::1]:1"), tcp("[2001:db8::2]:1"), tcp("9.9.9.9:1")
	q := newQuota(Config{MaxConns: 3, MaxPerAddr: 2, MaxPushesPerAddr: 1})
	steps := []struct {
		what string
		got  bool
		want bool
	}{
		{"first", q.enter(a), true},
		{"second of the network", q.enter(a2), true},
		{"third of the network", q.enter(a), false},
		{"another", q.enter(b), true},
		{"fourth in all", q.enter(b), false},
		{"push", q.enterPush(a), true},
		{"second push of the network", q.enterPush(a2), false},
		{"push of another", q.enterPush(b), true},
	}
	for _, s := range steps {
		if s.got != s.want {
			t.Errorf("%s: %v, want %v", s.what, s.got, s.want)
		}
	}
	q.leavePush(a)
	if !q.enterPush(a2) {
		t.Error("the place of a push was not given back")
	}
	q.leavePush(a2)
	q.leavePush(b)
	q.leave(a)
	q.leave(a2)
	q.leave(b)
	if q.total != 0 || len(q.addrs) != 0 {
		t.Errorf("%d connections, %d addresses are left", q.total, len(q.addrs))
	}
	off := newQuota(Config{MaxConns: -1, MaxPerAddr: -1, MaxPushesPerAddr: -1})
	for range 1000 {
		if !off.enter(a) || !off.enterPush(a) {
			t.Fatal("a limit that is off limits")
		}
	}
}

func tcp(s string) net.Addr { return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(s)) }

func TestConfig(t *testing.T) {
	for _, tt := range []struct {
		name string
		cfg  Config
		text string
	}{
		{"zero", Config{}, ""},
		{"limits off", Config{MaxConns: -1, MaxPerAddr: -1, MaxPushesPerAddr: -1}, ""},
		{"negative time", Config{Silent: -1}, "Silent is -1ns"},
		{"reads never merged", Config{MergeReads: -1}, ""},
		{"messages too large", Config{MaxMessageBytes: 1 << 24}, "MaxMessageBytes is 16777216"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := New(tt.cfg, newRoom(), nil)
			if tt.text == "" && err != nil || tt.text != "" && (err == nil || !strings.Contains(err.Error(), tt.text)) {
				t.Errorf("error %v, want %q", err, tt.text)
			}
		})
	}
	if _, err := New(Config{}, nil, nil); err == nil {
		t.Error("a server without Admission was made")
	}
}

package rtmp

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestParseURL(t *testing.T) {
	for _, tt := range []struct {
		text                          string
		dial, base, app, name, public string
	}{
		{"rtmp://a.example/live/key", "a.example:1935", "rtmp://a.example/live", "live", "key", "rtmp://a.example/live/…"},
		{"RTMPS://a.example:4430/app/k?x=1&y=2", "a.example:4430", "rtmps://a.example:4430/app", "app", "k?x=1&y=2", "rtmps://a.example:4430/app/…"},
		{"rtmps://a.example/rtmp/FB-1-0-x?s_bl=1", "a.example:443", "rtmps://a.example/rtmp", "rtmp", "FB-1-0-x?s_bl=1", "rtmps://a.example/rtmp/…"},
		{"rtmp://[2001:db8::1]:1936/live/key", "[2001:db8::1]:1936", "rtmp://[2001:db8::1]:1936/live", "live", "key", "rtmp://[2001:db8::1]:1936/live/…"},
		{"rtmp://a.example/app/instance/key", "a.example:1935", "rtmp://a.example/app/instance", "app/instance", "key", "rtmp://a.example/app/…"},
		{"rtmp://a.example/live?vhost=b.example/key?t=1", "a.example:1935", "rtmp://a.example/live?vhost=b.example", "live?vhost=b.example", "key?t=1", "rtmp://a.example/live/…"},
		{"rtmp://a.example/live-bvc/?streamname=s&key=1/2", "a.example:1935", "rtmp://a.example/live-bvc", "live-bvc", "?streamname=s&key=1/2", "rtmp://a.example/live-bvc/…"},
		{"rtmp://a.example/live/k%2F1?sign=a/b=", "a.example:1935", "rtmp://a.example/live", "live", "k%2F1?sign=a/b=", "rtmp://a.example/live/…"},
	} {
		u, err := ParseURL(tt.text)
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		if u.address() != tt.dial || u.base() != tt.base || u.app != tt.app || u.name != tt.name || u.String() != tt.public {
			t.Errorf("%s: %q %q %q %q %q", tt.text, u.address(), u.base(), u.app, u.name, u.String())
		}
	}
	for text, want := range map[string]string{
		"":                                                  "rtmp://",
		"http://a.example/live/key":                         "rtmp://",
		"rtmp://a.example":                                  "stream key",
		"rtmp://a.example/live":                             "stream key",
		"rtmp://a.example/live/":                            "stream key",
		"rtmp://a.example//key":                             "stream key",
		"rtmp://a.example/live?x=1":                         "stream key",
		"rtmp:///live/key":                                  "host",
		"rtmp://a.example:/live/key":                        "host",
		"rtmp://a.example:0/live/key":                       "port",
		"rtmp://a.example:1x/live/key":                      "host",
		"rtmp://u:secret@a/live/key":                        "user",
		"rtmp://a.example/li ve/key":                        "blanks",
		"rtmp://a.example/live/k\r\ney":                     "blanks",
		"rtmp://a.example/live/kéy":                         "ASCII",
		"rtmp://a/live/" + strings.Repeat("k", maxURLBytes): "bytes",
	} {
		_, err := ParseURL(text)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%.40q: %v, want an error with %q", text, err, want)
		}
	}
}

func TestURLHidesItsSecrets(t *testing.T) {
	u, err := ParseURL("rtmp://a.example/live/inst/stream-key?tok=appsecret&sign=s%2Fgn-value&t=1")
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "url", u)
	for _, text := range []string{
		u.String(), fmt.Sprint(u), fmt.Sprintf("%v %s", u, u), log.String(),
		u.hide("stream-key?tok=appsecret&sign=s%2Fgn-value&t=1 is busy; s/gn-value; inst; appsecret stream-key?x \x1b[31m"),
	} {
		for _, secret := range []string{"stream-key", "gn-value", "appsecret", "inst", "\x1b"} {
			if strings.Contains(text, secret) {
				t.Errorf("%q gives %q away", text, secret)
			}
		}
	}
	if got := u.hide("live is full"); got != "live is full" {
		t.Errorf("%q", got)
	}
}

func FuzzParseURL(f *testing.F) {
	f.Add("rtmp://a.example/live?vhost=b/key?t=1")
	f.Add("rtmps://[::1]:1/a/b/c/?d")
	f.Fuzz(func(t *testing.T, text string) {
		u, err := ParseURL(text)
		if err != nil {
			return
		}
		if u.host == "" || u.app == "" || u.name == "" || u.port == "" {
			t.Errorf("%q: %+v", text, u)
		}
		if shown := u.String(); !strings.HasSuffix(shown, "/…") || strings.Contains(shown, "?") {
			t.Errorf("%q is shown as %q", text, shown)
		}
		_ = u.hide(text)
	})
}

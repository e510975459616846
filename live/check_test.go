package live_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"liveroom/address"
	"liveroom/live"
	"liveroom/live/stream"
	"liveroom/status"
)

var base = address.Base{PublicURL: "http://h", PublicRTMPURL: "rtmp://h", App: "live"}

func pushURL(key, name string) string { return base.Push(key, name, time.Now().Add(time.Hour)).RTMP }

func playURL(key, name string) address.PlayAddresses {
	return base.Play(key, name, time.Now().Add(time.Hour))
}

// TestCheckAddressSaysWhatAPushWould looks at an address in each state of a room, and then pushes to it.
func TestCheckAddressSaysWhatAPushWould(t *testing.T) {
	for _, c := range []struct {
		name    string
		prepare func(f *fixture)
		url     string
		purpose string
		code    string // empty: accepted
		says    string
	}{
		{name: "waiting", url: pushURL(pushKey, "demo"), purpose: "push", says: `Room "demo" is waiting; a push would be accepted.`},
		{name: "taken", prepare: func(f *fixture) { f.push("demo") }, url: pushURL(pushKey, "demo"), purpose: "push", says: "would take over"},
		{name: "ended", prepare: func(f *fixture) { f.mustDrive(f.End) }, url: pushURL(pushKey, "demo"), purpose: "push", code: "room_ended", says: "reopen it"},
		{name: "forbidden", prepare: func(f *fixture) {
			_, err := f.Forbid(f.t.Context(), "demo", time.Time{}, "")
			f.must(err)
		}, url: pushURL(pushKey, "demo"), purpose: "push", code: "forbidden", says: "forbidden"},
		{name: "early", url: pushURL(pushKey, "later"), purpose: "push", code: "early_push", says: "accepts pushes from"},
		{name: "no room", url: pushURL(pushKey, "other"), purpose: "push", says: "a push would make one"},
		{name: "another app", url: strings.Replace(pushURL(pushKey, "demo"), "/live/", "/vod/", 1), purpose: "push", code: "unknown_app", says: "application name"},
		{name: "another key", url: pushURL("some other key", "demo"), code: "bad_signature", says: "Neither this server's push keys"},
		{name: "unsigned", url: "rtmp://h/live/demo", code: "missing_signature", says: "no txTime"},
		{name: "bad delay", url: pushURL(pushKey, "demo") + "&txDelayTime=soon", purpose: "push", code: "malformed_delay", says: "txDelayTime"},
		{name: "expired", url: base.Push(pushKey, "demo", time.Now().Add(-time.Hour)).RTMP, purpose: "push", code: "expired", says: "ask for a new one"},
		{name: "no address", url: "hello", code: "bad_url", says: "scheme://host"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t)
			f.create(live.Draft{ID: "demo"})
			f.create(live.Draft{ID: "later", ScheduledAt: time.Now().Add(time.Hour), EarlyPush: live.EarlyRefuse})
			if c.prepare != nil {
				c.prepare(f)
			}
			before := f.record("demo")
			got, err := f.CheckAddress(t.Context(), c.url)
			if err != nil {
				t.Fatal(err)
			}
			if got.OK != (c.code == "") || got.Code != c.code || got.Purpose != c.purpose || !slices.ContainsFunc(got.Sentences, func(s string) bool { return strings.Contains(s, c.says) }) {
				t.Errorf("%+v, want %q for %q, saying %q", got, c.code, c.purpose, c.says)
			}
			if f.record("demo").Version != before.Version {
				t.Error("it changed the room")
			}
			a, err := address.Parse(c.url)
			if err != nil {
				return
			}
			req := signed("", a.Name)
			req.App, req.Query = a.App, a.Queries()
			if p, err := f.Publish(t.Context(), req); err == nil {
				p.Close(stream.StopClosed)
				if c.code != "" {
					t.Error("a push is accepted")
				}
			} else {
				wantRefusal(t, err, c.code)
			}
		})
	}
}

func (f *fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) mustDrive(how func(context.Context, string, status.Reason, string) (status.Record, error)) {
	f.t.Helper()
	_, err := how(f.t.Context(), "demo", status.ReasonByAdmin, "")
	f.must(err)
}

func TestCheckAddressOfPlaying(t *testing.T) {
	f := newFixture(t)
	f.create(live.Draft{ID: "demo"})
	f.create(live.Draft{ID: "open", PlayAuth: live.PlayNone})
	check := func(url, purpose, code string) {
		t.Helper()
		if got, err := f.CheckAddress(t.Context(), url); err != nil || got.Purpose != purpose || got.Code != code || got.OK != (code == "") {
			t.Errorf("%+v, %v; want %s, %q", got, err, purpose, code)
		}
	}
	check(playURL(playKey, "demo").FLV, "play", "not_live")
	f.push("demo")
	f.push("open")
	good := playURL(playKey, "demo")
	for _, url := range []string{good.RTMP, good.FLV, good.HLS, good.WSFLV, "http://h/live/open.m3u8", "rtmp://h/live/open", playURL("an old key", "open").FLV} {
		check(url, "play", "")
	}
	check(playURL(pushKey, "demo").FLV, "play", "bad_signature")
	check("http://h/live/demo.flv", "play", "missing_signature")
	check(playURL(playKey, "nobody").FLV, "play", "unknown_room")
	check(base.Play(playKey, "demo", time.Now().Add(-time.Minute)).HLS, "play", "expired")
	f.mustDrive(f.Pause)
	check(good.HLS, "play", "paused")
	check(good.FLV, "play", "")
}

func TestMakeAddressesOfAnyStream(t *testing.T) {
	f := newFixture(t, func(c *live.Config) { c.Apps = []string{"live", "show"} })
	f.create(live.Draft{ID: "demo", Stream: "studio"})
	at := time.Now().Add(2 * time.Hour).Truncate(time.Second)
	for _, c := range []struct {
		name   string
		of     live.AddressesOf
		prefix string // of the push address; empty: refused
		field  string
	}{
		{"of a room", live.AddressesOf{Room: "demo", ExpiresAt: at}, "rtmp://h/live/studio?", ""},
		{"of a room to come", live.AddressesOf{Room: "other", ExpiresAt: at}, "rtmp://h/live/other?", ""},
		{"of a stream", live.AddressesOf{Stream: "s.1", App: "show", ExpiresIn: 2 * time.Hour}, "rtmp://h/show/s.1?", ""},
		{"of both", live.AddressesOf{Stream: "a", Room: "a"}, "", "room"},
		{"of neither", live.AddressesOf{}, "", "room"},
		{"no stream's name", live.AddressesOf{Stream: "a b"}, "", "stream"},
		{"no room's id", live.AddressesOf{Room: "a b"}, "", "room"},
		{"an app of somebody else", live.AddressesOf{Stream: "a", App: "vod"}, "", "app"},
		{"two ends", live.AddressesOf{Stream: "a", ExpiresIn: time.Hour, ExpiresAt: at}, "", "expiresAt"},
		{"too short", live.AddressesOf{Stream: "a", ExpiresIn: time.Second}, "", "expiresIn"},
		{"over", live.AddressesOf{Stream: "a", ExpiresAt: time.Unix(1, 0)}, "", "expiresAt"},
		{"endless", live.AddressesOf{Stream: "a", ExpiresAt: at.AddDate(2, 0, 0)}, "", "expiresAt"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, err := f.MakeAddresses(t.Context(), c.of)
			if bad := (*live.Error)(nil); c.prefix == "" {
				if !errors.As(err, &bad) || bad.Field != c.field {
					t.Fatalf("%v, want %s to be refused", err, c.field)
				}
				return
			}
			if err != nil || !strings.HasPrefix(a.Push.RTMP, c.prefix) || a.ExpiresAt.Sub(at).Abs() > time.Minute {
				t.Fatalf("%+v, %v", a, err)
			}
			if got, err := f.CheckAddress(t.Context(), a.Push.RTMP); err != nil || !got.OK || !got.ExpiresAt.Equal(a.ExpiresAt) {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

package status

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestRecordOnTheWire(t *testing.T) {
	berlin := time.FixedZone("CET", 3600)
	until, url := t0.Add(1500*time.Millisecond), "https://a/b.mp4"
	for _, c := range []struct {
		name string
		r    Record
		want string
	}{
		{"all set", Record{
			Room: "demo", Epoch: "01J", Version: 7, Code: Paused, Name: "paused", Reason: ReasonPushLost, Detail: "why", Session: "01S",
			Since: t0.In(berlin), StreamActive: true, GraceUntil: &until, PlaybackURL: &url, Delay: Delay(90 * time.Second),
		}, `{"room":"demo","epoch":"01J","version":7,"code":3,"name":"paused","reason":"push_lost","detail":"why","session":"01S",` +
			`"since":"2026-11-21T06:00:00.000Z","streamActive":true,"graceUntil":"2026-11-21T06:00:01.500Z","playbackUrl":"https://a/b.mp4","delay":"90s"}`},
		{"all that may be empty", Record{Room: "demo", Epoch: "01J", Version: 1, Code: Waiting, Name: "waiting", Reason: ReasonCreated, Since: t0}, `{"room":"demo",` +
			`"epoch":"01J","version":1,"code":1,"name":"waiting","reason":"created","detail":"","session":"","since":"2026-11-21T06:00:00.000Z",` +
			`"streamActive":false,"graceUntil":null,"playbackUrl":null}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := json.Marshal(c.r)
			if err != nil || string(got) != c.want {
				t.Errorf("%s (%v)\nwant %s", got, err, c.want)
			}
			var back Record
			if err := json.Unmarshal(got, &back); err != nil || !sameRecord(back, c.r) || !back.Since.Equal(c.r.Since) || back.Version != c.r.Version {
				t.Errorf("read back as %+v (%v)", back, err)
			}
		})
	}
}

func TestShortRecordFitsACustomField(t *testing.T) {
	r := Record{Room: "demo", Epoch: "01J", Version: 7, Code: Paused, Name: "paused", Reason: ReasonPushLost, Detail: "why", Since: t0}
	want := `{"code":3,"name":"paused","version":7,"since":"2026-11-21T06:00:00.000Z"}`
	if got, err := r.Short(); err != nil || string(got) != want {
		t.Errorf("%s (%v)\nwant %s", got, err, want)
	}
	r.Version, r.Code, r.Name = 1<<64-1, Playback, Playback.String()
	if got, err := r.Short(); err != nil || len(got) > 512 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestRecordFitsAnAttribute(t *testing.T) {
	s := tableState(t, "ended")
	s.Record.Room, s.Record.Version = strings.Repeat("r", 48), 1<<64-2
	s.Record.Epoch, s.Record.Session = NewULID(t0), NewULID(t0)
	for _, c := range []struct {
		name, url string
		ok        bool
	}{
		{"plain", strings.Repeat("u", MaxURLBytes), true},
		{"too long", strings.Repeat("u", MaxURLBytes+1), false},
		{"all escaped", strings.Repeat("&", MaxURLBytes/6), true},
		{"escaped and too long", strings.Repeat("&", MaxURLBytes/6+1), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			next, err := Apply(s, Event{Kind: PlaybackStart, URL: c.url, Detail: strings.Repeat("<", 300)}, now)
			if (err == nil) != c.ok {
				t.Fatal(err)
			}
			next.Record.GraceUntil = &now // a record never has both; this is more than the worst
			if data, err := json.Marshal(next.Record); err != nil || len(data) > 4000 {
				t.Errorf("%d bytes, %v", len(data), err)
			}
		})
	}
}

func TestLimitsEndInWholeMilliseconds(t *testing.T) {
	s := tableState(t, "live")
	s.Grace = 1500*time.Millisecond + 7*time.Microsecond
	s, err := Apply(s, Event{Kind: PushStopped, Generation: s.Generation, Stop: ReasonPushLost}, now)
	if err != nil || !s.Record.GraceUntil.Equal(now.Add(1500*time.Millisecond)) {
		t.Errorf("grace until %v (%v)", s.Record.GraceUntil, err)
	}
}

package web

import (
	"encoding/json"
	"net/netip"
	"testing"
	"time"
)

func TestLimiterRefills(t *testing.T) {
	l := newLimiter(60)
	addr, now := netip.MustParseAddr("192.0.2.1"), time.Unix(1000, 0)
	for i := range 60 {
		if !l.allow(addr, 1, now) {
			t.Fatalf("refused at %d of 60", i)
		}
	}
	if l.allow(addr, 1, now) || l.allow(addr, 0, now) {
		t.Error("allowed past the allowance")
	}
	if l.refusedCount() != 2 {
		t.Errorf("counted %d refusals", l.refusedCount())
	}
	if now = now.Add(time.Second); !l.allow(addr, 0, now) || !l.allow(addr, 1, now) || l.allow(addr, 1, now) {
		t.Error("a second is not worth one")
	}
	if other := netip.MustParseAddr("192.0.2.2"); !l.allow(other, 0, now) || len(l.byAddr) != 1 {
		t.Error("looking makes an entry")
	}
}

func TestLimiterIsBounded(t *testing.T) {
	l := newLimiter(2)
	now := time.Unix(1000, 0)
	at := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}) }
	for i := range maxLimited {
		l.allow(at(i), 1, now)
	}
	for i := range 10 {
		l.allow(at(maxLimited+i), 1, now)
	}
	if len(l.byAddr) != maxLimited {
		t.Errorf("%d entries", len(l.byAddr))
	}
	if l.allow(at(maxLimited+11), 1, now) {
		t.Error("a full table gives newcomers more than one allowance")
	}
	if now = now.Add(time.Hour); !l.allow(at(maxLimited+12), 1, now) || len(l.byAddr) != 1 {
		t.Errorf("idle entries stay: %d", len(l.byAddr))
	}
}

func TestWireTypes(t *testing.T) {
	for _, tt := range []struct {
		in   time.Duration
		want string
	}{{0, `"0s"`}, {90 * time.Second, `"90s"`}, {time.Hour, `"3600s"`}, {1500 * time.Millisecond, `"1500ms"`}} {
		got, err := json.Marshal(Duration(tt.in))
		if err != nil || string(got) != tt.want {
			t.Errorf("%v = %s, %v; want %s", tt.in, got, err, tt.want)
		}
		var back Duration
		if err := json.Unmarshal(got, &back); err != nil || time.Duration(back) != tt.in {
			t.Errorf("%s = %v, %v", got, time.Duration(back), err)
		}
	}
	for _, bad := range []string{`""`, `"90"`, `"-1s"`, `"1d"`, `90`, `"9999999999999h"`} {
		var d Duration
		if err := json.Unmarshal([]byte(bad), &d); err == nil {
			t.Errorf("%s was read as %v", bad, time.Duration(d))
		}
	}
	at := time.Date(2026, 11, 21, 20, 0, 0, 5_999_999, time.FixedZone("", 8*3600))
	if got, _ := json.Marshal(Time{at}); string(got) != `"2026-11-21T12:00:00.005Z"` {
		t.Errorf("time = %s", got)
	}
	if got, _ := json.Marshal(NullTime{}); string(got) != `null` {
		t.Errorf("no time = %s", got)
	}
	var body struct{ A, B, C TimePatch }
	if err := json.Unmarshal([]byte(`{"A":null,"B":"2026-11-21T20:00:00+08:00"}`), &body); err != nil {
		t.Fatal(err)
	}
	if a := body.A.patch(); a == nil || !a.IsZero() {
		t.Errorf("null = %v", a)
	}
	if b := body.B.patch(); b == nil || !b.Equal(at.Truncate(time.Second)) {
		t.Errorf("given = %v", b)
	}
	if body.C.patch() != nil {
		t.Error("absent is not absent")
	}
}

func FuzzRoomList(f *testing.F) {
	f.Add("a,b, c,,a")
	f.Add("a/b")
	f.Fuzz(func(t *testing.T, text string) {
		ids, err := roomList(text)
		if err != nil {
			return
		}
		seen := map[string]bool{}
		for _, id := range ids {
			if seen[id] || !roomID.MatchString(id) {
				t.Fatalf("roomList(%q) = %q", text, ids)
			}
			seen[id] = true
		}
		if len(ids) > maxRooms {
			t.Fatalf("%d rooms", len(ids))
		}
	})
}

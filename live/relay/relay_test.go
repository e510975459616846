package relay

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/live/rtmp"
	"liveroom/live/stream"
)

// TestRelay: a target that refuses, takes no notice, then stops reading, then works; its state and cause are right at each time.
func TestRelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, far := newNetwork(t), newFar(t)
		h := newHome(t, n, NewMemory(), "n1")
		target := h.target("r1", "rtmp://far.example/live/stream-key?sign=topsecret")
		h.want("r1", target.ID, Idle, "")
		n.set("far.example", refuses)
		h.follow("r1", "n1", true)
		time.Sleep(time.Minute)
		h.want("r1", target.ID, Idle, "") // no media: nothing is connected to
		stop := h.anchor("r1", 1)
		time.Sleep(100 * time.Millisecond)
		st := h.want("r1", target.ID, Waiting, rtmp.FailRefused)
		if st.Retries != 1 || st.NextAt.Before(time.Now()) || st.NextAt.After(time.Now().Add(time.Second)) {
			t.Errorf("%+v at %v", st, time.Now())
		}
		time.Sleep(20 * time.Second) // tries at most 1, 3, 7, 15 s after the first
		if st := h.want("r1", target.ID, Waiting, rtmp.FailRefused); st.Retries < 5 || st.Retries > 9 {
			t.Errorf("%d tries in 20 s", st.Retries)
		}
		if got := h.kinds(); !slices.Equal(got, []EventKind{Stopped, Failing}) {
			t.Errorf("told of %v", got)
		}

		n.set("far.example", accepts)
		h.until("r1", target.ID, Connecting, rtmp.FailRefused)
		h.until("r1", target.ID, Waiting, rtmp.FailTimeout)

		far.setDeaf(true)
		n.set("far.example", far.dial)
		h.until("r1", target.ID, Running, "")
		h.until("r1", target.ID, Waiting, rtmp.FailStalled)

		far.setDeaf(false)
		st = h.until("r1", target.ID, Running, "")
		before := st.Bytes
		time.Sleep(10 * time.Second)
		if st = h.want("r1", target.ID, Running, ""); st.Bytes-before < 900_000 || st.Node != "n1" {
			t.Errorf("%+v, %d bytes in 10 s", st, st.Bytes-before)
		}
		time.Sleep(time.Minute)
		if st = h.state("r1", target.ID); st.Retries != 0 {
			t.Errorf("after a minute: %+v", st)
		}
		stop()
		h.hub.End("r1", nil)
		h.follow("r1", "", false)
		h.want("r1", target.ID, Idle, "")
		time.Sleep(time.Second)
		if stops := far.stops(); stops[len(stops)-1] != stream.StopClosed {
			t.Errorf("the target saw %v", stops)
		}
		if kinds := h.kinds(); kinds[len(kinds)-1] != Stopped {
			t.Errorf("told of %v", kinds)
		}
	})
}

// seen is a tag and when it came.
type seen struct {
	at  time.Duration
	tag string
}

// TestSourceNeverNotices: a viewer of the room gets the same tags at the same moments, whatever becomes of its relays.
func TestSourceNeverNotices(t *testing.T) {
	watch := func(t *testing.T, hosts map[string]func(context.Context) (net.Conn, error), deaf bool) (all []seen) {
		synctest.Test(t, func(t *testing.T) {
			n, far := newNetwork(t), newFar(t)
			h := newHome(t, n, NewMemory(), "n1")
			n.set("works.example", far.dial)
			for host, dial := range hosts {
				n.set(host, dial)
				h.target("r1", "rtmp://"+host+"/live/key")
			}
			if deaf {
				other := newFar(t)
				other.setDeaf(true)
				n.set("deaf.example", other.dial)
				h.target("r1", "rtmp://works.example/live/key")
				h.target("r1", "rtmp://works.example/live/wrong-key")
				h.target("r1", "rtmp://deaf.example/live/key")
			}
			h.follow("r1", "n1", true)
			sub := h.hub.Subscribe("r1", "flv", stream.SubscribeOptions{})
			start := time.Now()
			done := make(chan struct{})
			go func() {
				defer close(done)
				for {
					tags, err := sub.Next(t.Context(), nil)
					if err != nil {
						return
					}
					for _, tag := range tags {
						all = append(all, seen{time.Since(start), fmt.Sprintf("%x", tag.FLV()[:24])})
					}
				}
			}()
			stop := h.anchor("r1", 1)
			time.Sleep(2*time.Minute + time.Millisecond)
			stop()
			sub.Close()
			<-done
			if deaf {
				if begun, active, _ := far.count(); begun != 1 || active > 1 {
					t.Errorf("the target that works saw %d pushes", begun)
				}
			}
		})
		return all
	}
	alone := watch(t, nil, false)
	troubled := watch(t, map[string]func(context.Context) (net.Conn, error){"refuses.example": refuses, "stalls.example": accepts}, true)
	if len(alone) < 5900 || !slices.Equal(alone, troubled) {
		t.Errorf("%d tags alone, %d beside relays in trouble, or not the same ones at the same moments", len(alone), len(troubled))
	}
}

// TestTargetSeesOneLine: what the target gets is what was pushed, from 0 on, without leaps over interruptions.
func TestTargetSeesOneLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, far := newNetwork(t), newFar(t)
		n.set("far.example", far.dial)
		h := newHome(t, n, NewMemory(), "n1")
		target := h.target("r1", "rtmp://far.example/live/key")
		sub := far.hub.Subscribe("key", "test", stream.SubscribeOptions{})
		defer sub.Close()
		var times [2][]int64
		done := make(chan struct{})
		go func() {
			defer close(done)
			for {
				tags, err := sub.Next(t.Context(), nil)
				if err != nil {
					return
				}
				for _, tag := range tags {
					if !tag.SequenceHeader() && tag.Kind() != stream.Script {
						i := int(tag.Kind() - stream.Audio)
						times[i] = append(times[i], tag.Time())
					}
				}
			}
		}()
		h.follow("r1", "n1", true)
		stop := h.anchor("r1", 1)
		time.Sleep(10 * time.Second)
		stop()
		h.follow("r1", "", true) // interrupted
		time.Sleep(5 * time.Second)
		h.want("r1", target.ID, Running, "")
		h.follow("r1", "n1", true)
		stop = h.anchor("r1", 2)
		time.Sleep(10 * time.Second)
		h.hub.Gate("r1", true) // paused by the anchor
		begun, _, _ := far.count()
		time.Sleep(9 * time.Second)
		h.want("r1", target.ID, Running, "")
		time.Sleep(2 * time.Second)
		h.want("r1", target.ID, Idle, CauseNoMedia)
		if b, active, most := far.count(); b != 1 || begun != 1 || active != 0 || most != 1 {
			t.Errorf("the target saw %d pushes, %d now, %d at a time", b, active, most)
		}
		h.hub.Gate("r1", false)
		time.Sleep(5 * time.Second)
		h.want("r1", target.ID, Running, "")
		stop()
		far.hub.End("key", nil)
		<-done
		for i, line := range times {
			if len(line) < 2*10*25 {
				t.Errorf("track %d has %d tags", i, len(line))
			}
			for j, ms := range line[1:500] { // of the first connection: 20 s
				if step := ms - line[j]; step < 0 || step > 100 {
					t.Errorf("track %d: from %d to %d ms", i, line[j], ms)
				}
			}
		}
	})
}

// TestTheRestIsSent: a target that is behind gets what is left of a stream that is over, however quickly others are done.
func TestTheRestIsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, far := newNetwork(t), newFar(t)
		n.set("slow.example", func(ctx context.Context) (net.Conn, error) {
			nc, err := far.dial(ctx)
			return slowConn{nc}, err
		})
		h := newHome(t, n, NewMemory(), "n1")
		h.target("r1", "rtmp://slow.example/live/key")
		n.set("refuses.example", refuses)
		for i := range MaxTargets - 1 {
			h.target("r1", fmt.Sprintf("rtmp://refuses.example/live/key%d", i))
		}
		h.follow("r1", "n1", true)
		stop := h.anchor("r1", 1)
		time.Sleep(20 * time.Second)
		sub := far.hub.Subscribe("key", "test", stream.SubscribeOptions{})
		defer sub.Close()
		stop()
		h.hub.End("r1", nil)
		h.follow("r1", "", false)
		time.Sleep(20 * time.Second)
		if got := far.stops(); !slices.Equal(got, []stream.StopReason{stream.StopClosed}) {
			t.Errorf("the target saw %v", got)
		}
		far.hub.End("key", nil)
		var newest int64
		for {
			tags, err := sub.Next(t.Context(), nil)
			if err != nil {
				break
			}
			newest = max(newest, tags[len(tags)-1].Time())
		}
		if newest < 19_900 {
			t.Errorf("the target's newest picture is of %d ms", newest)
		}
	})
}

// slowConn takes 8 kB in 100 ms.
type slowConn struct{ net.Conn }

func (c slowConn) Write(p []byte) (n int, err error) {
	for len(p) > 0 && err == nil {
		var some int
		time.Sleep(100 * time.Millisecond)
		some, err = c.Conn.Write(p[:min(len(p), 8000)])
		n, p = n+some, p[some:]
	}
	return n, err
}

// TestRelayMoves: the push goes to another node, and the relay with it; not two at once for longer than a moment. Other nodes
// know how it does.
func TestRelayMoves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, far, store := newNetwork(t), newFar(t), NewMemory()
		n.set("far.example", far.dial)
		a, b, c := newHome(t, n, store, "a"), newHome(t, n, store, "b"), newHome(t, n, store, "c")
		target := a.target("r1", "rtmp://far.example/live/key")
		tell := func(node string, on bool) {
			for _, h := range []*home{a, b, c} {
				h.follow("r1", node, on)
			}
		}
		tell("a", true)
		stop := a.anchor("r1", 1)
		time.Sleep(10 * time.Second)
		a.want("r1", target.ID, Running, "")
		if st := c.want("r1", target.ID, Running, ""); st.Node != "a" {
			t.Errorf("a third node says %+v", st)
		}
		stop2 := b.anchor("r1", 2)
		tell("b", true)
		stop()
		time.Sleep(6 * time.Second)
		if st := c.want("r1", target.ID, Running, ""); st.Node != "b" {
			t.Errorf("a third node says %+v", st)
		}
		if st := a.state("r1", target.ID); st.Node != "b" {
			t.Errorf("the first node says %+v", st)
		}
		if begun, active, most := far.count(); begun != 2 || active != 1 || most > 2 {
			t.Errorf("the target saw %d pushes, %d now, %d at a time", begun, active, most)
		}
		if stops := far.stops(); !slices.Equal(stops, []stream.StopReason{stream.StopLost}) {
			t.Errorf("the target saw a goodbye, though the stream goes on: %v", stops)
		}
		a.Follow(Source{Room: "r1", Epoch: "e", Revision: 1, On: true, Node: "a"}) // late news
		time.Sleep(time.Minute)
		if begun, active, _ := far.count(); begun != 2 || active != 1 {
			t.Errorf("after late news: %d pushes, %d now", begun, active)
		}
		if st := a.want("r1", target.ID, Running, ""); st.Node != "b" {
			t.Errorf("after late news the first node says %+v", st)
		}
		stop2()
		b.hub.End("r1", nil)
		tell("", false)
		time.Sleep(time.Second)
		c.want("r1", target.ID, Idle, "")
	})
}

// TestOthersPushesAreLeftToThem: what reaches this node's viewers from another node is not relayed from here.
func TestOthersPushesAreLeftToThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, far := newNetwork(t), newFar(t)
		n.set("far.example", far.dial)
		h := newHome(t, n, NewMemory(), "n1")
		target := h.target("r1", "rtmp://far.example/live/key")
		h.follow("r1", "n1", true)
		h.follow("r1", "", true) // the push was here, and nothing is known of the next one yet
		stop := h.anchorOf("r1", stream.PublishOptions{Generation: 2, Relay: true})
		time.Sleep(time.Minute)
		h.want("r1", target.ID, Idle, "")
		if begun, _, _ := far.count(); begun != 0 {
			t.Errorf("the target saw %d pushes", begun)
		}
		stop()
	})
}

// TestTargetsChange: targets come and go while the room is live; others run on.
func TestTargetsChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, far, other := newNetwork(t), newFar(t), newFar(t)
		n.set("far.example", far.dial)
		n.set("other.example", other.dial)
		h := newHome(t, n, NewMemory(), "n1")
		stays := h.target("r1", "rtmp://far.example/live/key")
		h.follow("r1", "n1", true)
		defer h.anchor("r1", 1)()
		time.Sleep(2 * time.Second)
		more := h.target("r1", "rtmp://other.example/live/one")
		time.Sleep(2 * time.Second)
		h.want("r1", more.ID, Running, "")
		off, on, url, name := false, true, "rtmp://other.example/live/two", "Zwei"
		if _, err := h.Change(t.Context(), "r1", more.ID, Patch{Name: &name}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		if begun, _, _ := other.count(); begun != 1 {
			t.Error("another name made it connect again")
		}
		if _, err := h.Change(t.Context(), "r1", more.ID, Patch{URL: &url}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		h.want("r1", more.ID, Running, "")
		if begun, active, most := other.count(); begun != 2 || active != 1 || most > 2 || other.begun[1] != "two" {
			t.Errorf("%d pushes %v, %d now, %d at a time", begun, other.begun, active, most)
		}
		left := func(times int) { // with a goodbye each time: or the target keeps the stream as live until its time is out
			t.Helper()
			stops := other.stops()
			if len(stops) != times || slices.ContainsFunc(stops, func(r stream.StopReason) bool { return r != stream.StopClosed }) {
				t.Errorf("the target saw %v", stops)
			}
		}
		left(1)
		if _, err := h.Change(t.Context(), "r1", more.ID, Patch{Enabled: &off}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		h.want("r1", more.ID, Idle, CauseOff)
		left(2)
		if _, err := h.Change(t.Context(), "r1", more.ID, Patch{Enabled: &on}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		h.want("r1", more.ID, Running, "")
		if err := h.Remove(t.Context(), "r1", more.ID); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		if _, active, _ := other.count(); active != 0 {
			t.Error("it was removed and runs")
		}
		left(3)
		h.want("r1", stays.ID, Running, "")
		if begun, _, _ := far.count(); begun != 1 {
			t.Errorf("the other one connected %d times", begun)
		}
		if err := h.RemoveRoom(t.Context(), "r1"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		if _, active, _ := far.count(); active != 0 {
			t.Error("its room was removed and it runs")
		}
	})
}

// TestOneThatTakesNothingIsLeftAtOnce when it is switched off: no goodbye is waited for.
func TestOneThatTakesNothingIsLeftAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, far, deaf := newNetwork(t), newFar(t), newFar(t)
		deaf.setDeaf(true)
		n.set("deaf.example", deaf.dial)
		n.set("mute.example", accepts)
		n.set("far.example", far.dial)
		h := newHome(t, n, NewMemory(), "n1")
		stuck, opening := h.target("r1", "rtmp://deaf.example/live/one"), h.target("r1", "rtmp://mute.example/live/one")
		h.follow("r1", "n1", true)
		defer h.anchor("r1", 1)()
		time.Sleep(2 * time.Second)
		h.want("r1", stuck.ID, Running, "")
		h.want("r1", opening.ID, Connecting, "")
		for _, id := range []string{stuck.ID, opening.ID} {
			if err := h.Remove(t.Context(), "r1", id); err != nil {
				t.Fatal(err)
			}
		}
		next := h.target("r1", "rtmp://far.example/live/one")
		time.Sleep(2 * time.Second)
		h.want("r1", next.ID, Running, "")
	})
}

// TestTargetsAreChecked: what can't be right is refused with its field, and nothing says the key.
func TestTargetsAreChecked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := NewMemory()
		h := newHome(t, newNetwork(t), store, "n1", func(c *Config) {
			c.Allowed = func(ip netip.Addr) bool { return !ip.IsPrivate() }
			c.Own = func(host string) bool { return host == "here.example" }
		})
		h.target("r1", "rtmp://a.example/live/topsecret")
		time.Sleep(2 * time.Millisecond) // targets are in the order of their making
		for _, tt := range []struct{ name, url, code, field string }{
			{"", "http://a.example/live/topsecret", "invalid", "url"},
			{"", "rtmp://10.1.2.3/live/topsecret", "private_address", "url"},
			{"", "rtmp://a.example/live/topsecret", "exists", "url"},
			{"", "rtmp://here.example/live/r1?txSecret=topsecret", "invalid", "url"},
			{strings.Repeat("n", 65), "rtmp://b.example/live/topsecret", "invalid", "name"},
			{"a\nb", "rtmp://b.example/live/topsecret", "invalid", "name"},
		} {
			_, err := h.Add(t.Context(), "r1", Draft{Name: tt.name, URL: tt.url, Enabled: true})
			why, ok := errors.AsType[*Error](err)
			if !ok || why.Code != tt.code || why.Field != tt.field || strings.Contains(err.Error(), "topsecret") {
				t.Errorf("%s: %v, want %s of %s", tt.url, err, tt.code, tt.field)
			}
		}
		if _, err := h.Add(t.Context(), "r1", Draft{URL: "rtmp://here.example/live/r2"}); err != nil {
			t.Errorf("another room here: %v", err)
		}
		all, err := h.List(t.Context(), "r1")
		if err != nil || len(all) != 2 || all[0].Shown() != "rtmp://a.example/live/…" || strings.Contains(fmt.Sprint(all[0].Target), "topsecret") {
			t.Errorf("%v, %v", all, err)
		}
		h.mu.Lock()
		h.began = time.Now().Add(time.Second) // the room was deleted and made anew
		h.mu.Unlock()
		if all, err := h.List(t.Context(), "r1"); err != nil || len(all) != 0 {
			t.Errorf("a new room has the old one's targets: %v, %v", all, err)
		}
	})
}

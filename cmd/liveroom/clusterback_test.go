package main

import (
	"slices"
	"strings"
	"testing"

	"liveroom/status"
)

// TestNodeIsKilledAndBack under its name at once, with another setting: it is another node. What the killed one held lapses
// and is told once, what is done by one node at a time goes on, and so do the room and its people.
func TestNodeIsKilledAndBack(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	c := prepareCluster(t, 2, nil, "--callback-private=127.0.0.0/8", "--status-callback-url="+r.URL+"/status", "--stream-callback-url="+r.URL+"/css")
	steady, back := c.nodes[0], c.nodes[1]
	right := back.flags
	back.flags = append(slices.Clone(right), "--grace=3m")
	leads := func(nodes ...*node) string {
		var all []string
		for _, n := range nodes {
			all = append(all, n.about().Leads...)
		}
		slices.Sort(all)
		return strings.Join(all, " ")
	}
	const each = "broadcasts courier draws gifts jobs keeper likes playbacks popularity pulls summaries" // where nothing can be recorded
	back.start()
	back.eventually("it leads", func() bool { return leads(back) == each })
	steady.start()
	c.meet()
	killed := back.about().Node.ID
	steady.eventually("it says in what they differ", func() bool {
		return slices.Equal(steady.about().OtherSettings[killed], []string{"grace"}) && strings.Contains(steady.log.String(), "settings=[grace]")
	})

	steady.createRoom(map[string]any{"id": "r1"})
	first := push(t, back.addresses("r1").Push.RTMP)
	live := steady.waitStatus("r1", status.Live)
	r.wait(t, 1, "/css", "event_type", 1)
	back.enter("r1", "vera", back.userSig("vera"), nil)
	otto := steady.enter("r1", "otto", steady.userSig("otto"), nil)
	steady.waitOnline("r1", 2)

	back.kill()
	first.wait()
	back.flags = right
	back.start()
	if now := back.about().Node; now.ID == killed || now.Name != "n2" {
		t.Errorf("it is %+v, it was %s", now, killed)
	}
	steady.waitStatus("r1", status.Paused)
	steady.waitOnline("r1", 1)
	c.meet()
	if h := steady.about(); len(h.OtherSettings) != 0 {
		t.Errorf("they differ in %v", h.OtherSettings)
	}
	if over := r.wait(t, 1, "/css", "event_type", 0); over.body["errcode"] != 5. {
		t.Errorf("the end of the push is told as %s", over.raw)
	}
	steady.eventually("one of them does each work", func() bool { return leads(steady, back) == each })

	push(t, back.addresses("r1").Push.RTMP)
	if now := back.waitStatus("r1", status.Live); now.Session != live.Session {
		t.Errorf("the session is another: %+v, before %+v", now, live)
	}
	vera := back.enter("r1", "vera", back.userSig("vera"), nil)
	steady.waitOnline("r1", 2)
	vera.say("r1", "again", 1)
	eventually(t, "it is heard on the other node", func() bool { return slices.Contains(otto.texts(), "again") })
	eventually(t, "all changes are told", func() bool { return uint64(len(r.all("/status", "room", "r1"))) >= steady.status("r1").Version })
	for i, got := range r.all("/status", "room", "r1") {
		if got.body["version"] != float64(i+1) {
			t.Errorf("event %d: %s", i, got.raw)
		}
	}
	if over := r.all("/css", "event_type", 0); len(over) != 1 {
		t.Errorf("the end of the push is told %d times", len(over))
	}
}

package edge_test

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"liveroom/internal/redistest"
	"liveroom/live/edge"
	"liveroom/live/stream"
	"liveroom/status"
)

func TestEdgePlaysTheSameBytes(t *testing.T) {
	c, n := newCluster(t, "a", "b")
	c.room("x")
	e := encode(t, n[0].push("x"), 0)
	e.gop()
	there, here := n[0].watch("x"), n[1].watch("x")
	for _, until := range []byte{10, 20, 30} {
		for i, last := 0, [2]got{}; !bytes.HasSuffix(last[0].data, []byte{0, 0, until}); i++ {
			for j, v := range []*viewer{there, here} {
				var err error
				if last[j], err = v.next(); err != nil {
					t.Fatal(err)
				}
			}
			if last[0].kind != last[1].kind || last[0].ms != last[1].ms || !bytes.Equal(last[0].data, last[1].data) {
				t.Fatalf("tag %d is %v at the origin, %v at the edge", i, last[0], last[1])
			}
		}
		e.gop()
	}
	if total, _ := n[0].hub.Viewers("x"); total != 1 {
		t.Errorf("the origin counts %d viewers, want its own one", total)
	}
	if total, _ := n[1].hub.Viewers("x"); total != 1 {
		t.Errorf("the edge counts %d viewers, want 1", total)
	}
}

func TestManyViewersCostOnePull(t *testing.T) {
	c, n := newCluster(t, "a", "b")
	c.room("x")
	e := encode(t, n[0].push("x"), 0)
	e.gop()
	const many = 200
	var wg sync.WaitGroup
	all := make([]*viewer, many)
	for i := range all {
		wg.Go(func() { all[i] = n[1].watch("x") })
	}
	wg.Wait()
	eventually(t, "b pulls", func() bool { return n[0].pulled.Stats().Playing == 1 })
	e.gop()
	for _, v := range all {
		wg.Go(func() { v.until(20) })
	}
	wg.Wait()
	if st := n[1].edges.Stats(); st.Pulls != 1 || n[0].pulled.Stats().Played != 1 {
		t.Errorf("%d pulls and %d served for %d viewers", st.Pulls, n[0].pulled.Stats().Played, many)
	}
	for _, v := range all {
		v.done()
	}
	eventually(t, "b lets go of the stream", func() bool { return n[1].edges.Stats().Pulling == 0 && n[0].pulled.Stats().Playing == 0 })
	if _, ok := n[1].hub.Info("x"); ok {
		t.Error("the stream is still in the edge's hub")
	}
	v := n[1].watch("x")
	e.gop()
	wantRow(t, v.until(30)[0:1], 21, 21)
}

func TestPushMovesToAThirdNode(t *testing.T) {
	c, n := newCluster(t, "a", "b", "c")
	c.room("x")
	first := encode(t, n[0].push("x"), 0)
	first.gop()
	at := []*viewer{n[0].watch("x"), n[1].watch("x"), n[2].watch("x")}
	for _, v := range at {
		v.until(10)
	}
	second := encode(t, n[2].push("x"), 100) // the anchor comes to c without a goodbye to a
	second.gop()
	for i, v := range at {
		if numbers := v.until(110); numbers[0] != 101 {
			t.Errorf("viewer at node %d goes on with pictures %v, want 101 first", i, numbers)
		}
	}
	if err := first.p.Err(); err == nil {
		t.Error("the first push goes on")
	}
	eventually(t, "a has become an edge, and c an origin", func() bool {
		return n[0].edges.Stats().Pulling == 1 && n[2].edges.Stats().Pulling == 0 && n[2].pulled.Stats().Playing == 2
	})
	third := encode(t, n[1].push("x"), 200) // and to b, which was an edge all the time
	third.gop()
	for i, v := range at {
		if numbers := v.until(210); numbers[0] != 201 {
			t.Errorf("viewer at node %d goes on with pictures %v, want 201 first", i, numbers)
		}
	}
}

func TestOriginDies(t *testing.T) {
	c, n := newCluster(t, "a", "b", "c")
	c.room("x")
	p := n[0].push("x")
	encode(t, p, 0).gop()
	v := n[1].watch("x")
	v.until(10)
	c.setURL("a", closed(t))
	n[0].stop() // with all its connections; nobody tells the store
	eventually(t, "b has noticed", func() bool {
		in, ok := n[1].hub.Info("x")
		return ok && !in.Publishing && n[1].edges.Stats().Failures > 2
	})
	if _, err := n[1].machine.PushStopped(t.Context(), "x", p.Generation(), status.ReasonPushLost); err != nil {
		t.Fatal(err)
	}
	v.life()
	e := encode(t, n[2].push("x"), 100)
	e.gop()
	if numbers := v.until(110); numbers[0] != 101 {
		t.Errorf("pictures %v, want 101 first", numbers)
	}
}

// TestOriginFallsSilent has the network between two nodes swallow everything, without a word to either.
func TestOriginFallsSilent(t *testing.T) {
	c, n := newCluster(t, "a")
	b := c.add("b", edge.Config{Silence: 1500 * time.Millisecond}) // long enough for a busy machine
	c.room("x")
	proxy := redistest.Through(t, host(n[0].server.URL))
	c.setURL("a", "http://"+proxy.Addr)
	e := encode(t, n[0].push("x"), 0)
	e.gop()
	v := b.watch("x")
	v.until(10)
	proxy.Stall()
	eventually(t, "b has noticed", func() bool {
		in, ok := b.hub.Info("x")
		return ok && !in.Publishing && b.edges.Stats().Silences > 0
	})
	e.gop()
	proxy.Heal()
	e.gop()
	if numbers := v.until(30); numbers[0] != 11 && numbers[0] != 21 {
		t.Errorf("pictures %v, want those from a keyframe on", numbers)
	}
}

func TestConnectionBreaks(t *testing.T) {
	c, n := newCluster(t, "a", "b")
	c.room("x")
	proxy := redistest.Through(t, host(n[0].server.URL))
	c.setURL("a", "http://"+proxy.Addr)
	e := encode(t, n[0].push("x"), 0)
	e.gop()
	v := n[1].watch("x")
	wantRow(t, v.until(10), 1, 10)
	for i := range uint32(5) {
		proxy.Cut()
		proxy.Heal()
		e.gop()
		wantRow(t, v.until(20+10*i), 11+10*i, 20+10*i) // nothing is lost, nothing comes twice
	}
}

func TestPauseReachesTheEdge(t *testing.T) {
	c, n := newCluster(t, "a", "b", "c")
	c.room("x")
	e := encode(t, n[0].push("x"), 0)
	e.gop()
	v := n[1].watch("x")
	v.until(10)
	if _, err := n[2].rooms.Pause(t.Context(), "x", status.ReasonByAnchor, ""); err != nil {
		t.Fatal(err)
	}
	e.gop()
	eventually(t, "b pulls no longer", func() bool { return n[0].pulled.Stats().Playing == 0 })
	late := n[1].watch("x") // a newcomer waits behind the gate
	if _, err := n[2].rooms.Resume(t.Context(), "x", status.ReasonByAnchor, ""); err != nil {
		t.Fatal(err)
	}
	e.gop()
	wantRow(t, v.until(30), 21, 30)
	wantRow(t, late.until(30), 21, 30)
}

func TestEndReachesTheEdge(t *testing.T) {
	c, n := newCluster(t, "a", "b")
	c.room("x")
	e := encode(t, n[0].push("x"), 0)
	e.gop()
	v := n[1].watch("x")
	v.until(10)
	if _, err := n[1].rooms.End(t.Context(), "x", status.ReasonByAdmin, ""); err != nil {
		t.Fatal(err)
	}
	for {
		if g, err := v.next(); err != nil {
			break
		} else if g.kind == stream.Video && g.data[1] == 1 {
			t.Errorf("after the end came %v", g)
		}
	}
	eventually(t, "b pulls no longer", func() bool { return n[1].edges.Stats().Pulling == 0 })
}

func TestWatchingBeforeThePush(t *testing.T) {
	c, n := newCluster(t, "a", "b")
	c.room("x")
	p := n[0].push("x")
	encode(t, p, 0).gop()
	v := n[1].watch("x")
	v.until(10)
	p.Close(stream.StopLost)
	eventually(t, "b pulls no longer", func() bool { return n[1].edges.Stats().Pulling == 0 })
	late := n[1].watch("x")
	encode(t, n[0].push("x"), 100).gop()
	wantRow(t, v.until(110), 101, 110)
	wantRow(t, late.until(110), 101, 110)
}

// TestNodeThatHeardNothing has missed all news: the first viewer makes it look, and so does an origin that refuses it.
func TestNodeThatHeardNothing(t *testing.T) {
	c, n := newCluster(t, "a", "b", "c")
	n[1].deaf = true
	c.room("x")
	encode(t, n[0].push("x"), 0).gop()
	v := n[1].watch("x")
	v.until(10)
	encode(t, n[2].push("x"), 100).gop()
	if numbers := v.until(110); numbers[0] != 101 {
		t.Errorf("pictures %v, want 101 first", numbers)
	}
}

// TestMadeUpStreams are looked up once in a while, and not each time that somebody asks.
func TestMadeUpStreams(t *testing.T) {
	_, n := newCluster(t, "a")
	for range 1000 {
		if at, ok := n[0].edges.Where(t.Context(), "made-up"); ok {
			t.Fatalf("it is at %+v", at)
		}
	}
	if looked := n[0].looked.Load(); looked > 500 { // 1 a second
		t.Errorf("looked up %d times", looked)
	}
}

func TestWhichNewsAreNewer(t *testing.T) {
	for name, test := range map[string]struct {
		then stream.Origin
		node string // where the stream is after that
	}{
		"a later revision":             {stream.Origin{Epoch: "01B", Revision: 6, Node: "c", On: true}, "c"},
		"an earlier revision":          {stream.Origin{Epoch: "01B", Revision: 4, Node: "c", On: true}, "b"},
		"a later epoch":                {stream.Origin{Epoch: "01C", Revision: 1, Node: "c", On: true}, "c"},
		"an earlier epoch":             {stream.Origin{Epoch: "01A", Revision: 9, Node: "c", On: true}, "b"},
		"the store knows no such room": {stream.Origin{Epoch: "01B", Node: "c", Unknown: true}, "c"},
	} {
		t.Run(name, func(t *testing.T) {
			e := edge.New(edge.Config{Node: "a"}, stream.NewHub(stream.Config{}), nil, slog.New(slog.DiscardHandler))
			e.Follow("x", stream.Origin{Epoch: "01B", Revision: 5, Node: "b", On: true})
			e.Follow("x", test.then)
			if at, _ := e.Where(t.Context(), "x"); at.Node != test.node {
				t.Errorf("the stream is at %s, want %s", at.Node, test.node)
			}
			if !test.then.Unknown {
				return
			}
			e.Follow("x", stream.Origin{Epoch: "01B", Revision: 1, Node: "d", On: true})
			if at, _ := e.Where(t.Context(), "x"); at.Node != "d" {
				t.Errorf("the store knows it again: it is at %s, want d", at.Node)
			}
		})
	}
}

func TestOnlyTheOriginIsPulledFrom(t *testing.T) {
	c, n := newCluster(t, "a", "b", "c")
	c.room("x")
	p := n[0].push("x")
	encode(t, p, 0).gop()
	n[1].watch("x").until(10)
	for _, test := range []struct {
		name, to, query string
		code            int
		says            string
	}{
		{"an edge", "b", "generation=1", 409, "node a has generation 1"},
		{"a node without it", "c", "generation=1", 409, "node a has generation 1"},
		{"another generation", "a", "generation=2", 409, "node a has generation 1"},
		{"no generation", "a", "", 400, "generation"},
		{"nonsense", "a", "generation=%zz", 400, "generation"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if code, body := raw(t, n[2], test.to, test.query); code != test.code || !strings.Contains(body, test.says) {
				t.Errorf("answer %d %s", code, body)
			}
		})
	}
}

// TestSlowEdge stops reading what it pulls: the origin's publisher and viewers go on, and the edge loses whole GOPs.
func TestSlowEdge(t *testing.T) {
	c, n := newCluster(t, "a", "b")
	c.room("x")
	proxy := redistest.Through(t, host(n[0].server.URL))
	c.setURL("a", "http://"+proxy.Addr)
	e := encode(t, n[0].push("x"), 0)
	e.gop()
	there, here := n[0].watch("x"), n[1].watch("x")
	here.until(10)
	there.until(10)
	proxy.Stall() // nothing more arrives
	filler := make([]byte, 1<<20)
	filler[0], filler[1] = 0x27, 1
	for range 40 { // more than the backlog holds
		e.gop()
		for range 3 {
			e.write(stream.Video, filler)
		}
	}
	e.gop()
	proxy.Cut()
	proxy.Heal()
	e.gop()
	want := e.n
	if numbers := here.until(want); (numbers[0]-1)%10 != 0 {
		t.Errorf("pictures %v, want to begin at a keyframe", numbers)
	}
}

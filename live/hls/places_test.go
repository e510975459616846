package hls

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/live/pass"
	"liveroom/live/stream"
)

// turnstile is a Gatekeeper with a number of places.
type turnstile struct {
	places int

	mu    sync.Mutex
	taken int
}

var errFull = &stream.Refusal{Code: "room_full", Detail: "the room is full", Temporary: true}

func (g *turnstile) Authorize(context.Context, stream.Request) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.taken >= g.places {
		return errFull
	}
	return nil
}

func (g *turnstile) Enter(ctx context.Context, req stream.Request) (func(), error) {
	return g.Reenter(ctx, req, false)
}

func (g *turnstile) Reenter(_ context.Context, _ stream.Request, watching bool) (func(), error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.taken >= g.places && !watching {
		return nil, errFull
	}
	g.taken++
	return sync.OnceFunc(func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.taken--
	}), nil
}

func (g *turnstile) holds(t *testing.T, want int) {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.taken != want {
		t.Errorf("%d places are taken, want %d", g.taken, want)
	}
}

func TestFullRoomRefusesNewSessionsOnly(t *testing.T) {
	inRoom(t, Config{}, func(r *room) {
		gate := &turnstile{places: 2}
		r.s.admit = gate
		r.live()
		for range 5 { // asking costs no place
			if w := r.get("HEAD", "/live/demo.m3u8"); w.Code != http.StatusOK || w.Body.Len() != 0 {
				t.Fatalf("HEAD: %d %s", w.Code, w.Body)
			}
		}
		gate.holds(t, 0)
		a, b := r.watch(""), r.watch("")
		for range 2 { // also before they are used
			w := r.get("GET", "/live/demo.m3u8")
			refused(t, w, 503, "room_full")
			if w.Header().Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
		}
		if w := r.get("HEAD", "/live/demo.m3u8"); w.Code != 503 {
			t.Errorf("HEAD: %d", w.Code)
		}
		if w := r.get("HEAD", a); w.Code != http.StatusOK || r.s.Viewers("demo") != 0 {
			t.Errorf("HEAD %s: %d, %d viewers", a, w.Code, r.s.Viewers("demo"))
		}
		for range 4 { // who watches goes on
			for _, media := range []string{a, b} {
				if w := r.get("GET", media); w.Code != http.StatusOK {
					t.Fatalf("%s: %d %s", media, w.Code, w.Body)
				}
			}
			time.Sleep(20 * time.Second)
		}
		gate.holds(t, 2)
		for range 4 { // b leaves
			r.get("GET", a)
			time.Sleep(20 * time.Second)
		}
		gate.holds(t, 1)
		r.watch("")
		gate.holds(t, 2)
	})
}

func TestSessionNeverUsedLosesItsPlace(t *testing.T) {
	inRoom(t, Config{}, func(r *room) {
		gate := &turnstile{places: 1}
		r.s.admit = gate
		r.live()
		late := r.watch("")
		time.Sleep(pass.MintKept + 2*sweepEvery)
		gate.holds(t, 0)
		if w := r.get("GET", late); w.Code != http.StatusOK { // there is room, so it may come late
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		gate.holds(t, 1)
		hoarded := r.watchAnyway(gate)
		refused(t, r.get("GET", hoarded), 503, "room_full")
		gate.holds(t, 1)
		time.Sleep(70 * time.Second)
		gate.holds(t, 0)
		if n := r.s.Viewers("demo"); n != 0 {
			t.Errorf("%d viewers", n)
		}
	})
}

// watchAnyway begins a session whose place was given back, because it was not used.
func (r *room) watchAnyway(gate *turnstile) string {
	gate.places++
	media := r.watch("")
	gate.places--
	time.Sleep(pass.MintKept + 2*sweepEvery)
	return media
}

// TestPlayerThatStartsAnewKeepsItsPlace: it names the same chat session, so what it had before is over.
func TestPlayerThatStartsAnewKeepsItsPlace(t *testing.T) {
	inRoom(t, Config{}, func(r *room) {
		gate := &turnstile{places: 2}
		r.s.admit = gate
		r.live()
		r.get("GET", r.watch("?vid=other"))
		old := r.watch("?vid=me")
		r.get("GET", old)
		refused(t, r.get("GET", "/live/demo.m3u8?vid=third"), 503, "room_full")
		refused(t, r.get("GET", "/live/demo.m3u8"), 503, "room_full")
		for range 3 {
			media := r.watch("?vid=me")
			if w := r.get("GET", media); w.Code != http.StatusOK {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			gate.holds(t, 2)
			linked := r.s.Linked("demo")
			slices.Sort(linked)
			if n := r.s.Viewers("demo"); n != 2 || !slices.Equal(linked, []string{"me", "other"}) {
				t.Errorf("%d viewers, %q", n, linked)
			}
		}
		refused(t, r.get("GET", old), 503, "room_full") // whoever that is
		gate.places = 3
		if w := r.get("GET", old); w.Code != http.StatusOK {
			t.Errorf("with a place free: %d %s", w.Code, w.Body)
		}
		gate.places = 1
		r.s.admit = gatekeeper{gate, &stream.Refusal{Code: "bad_signature", Detail: "d"}}
		refused(t, r.get("GET", "/live/demo.m3u8?vid=other"), 403, "bad_signature")
		gate.holds(t, 3) // who may not play ends nobody's session
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		gate.holds(t, 0)
		if n := r.s.sessions.People(); n != 0 {
			t.Errorf("%d people are remembered", n)
		}
	})
}

// gatekeeper refuses all who enter.
type gatekeeper struct {
	Gatekeeper
	why error
}

func (g gatekeeper) Enter(context.Context, stream.Request) (func(), error) { return nil, g.why }

// TestRestartKeepsWhoWatched: sessions from before it are let in although newcomers have filled the room.
func TestRestartKeepsWhoWatched(t *testing.T) {
	inRoom(t, Config{}, func(r *room) {
		r.live()
		a, b := r.watch(""), r.watch("")
		r.stop()
		time.Sleep(2 * time.Second)
		gate := &turnstile{places: 1}
		var err error
		if r.s, err = New(Config{NodeKey: testNode, PlayKey: []byte("a play key")}, r.hub, gate, r.s.log); err != nil {
			t.Fatal(err)
		}
		r.restart()
		e := r.publish(2, 10*time.Second)
		e.headers()
		e.media(0, 6040, 2000)
		r.watch("")
		for _, media := range []string{a, b, a} {
			if w := r.get("GET", media); w.Code != http.StatusOK {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		}
		gate.holds(t, 3)
		refused(t, r.get("GET", "/live/demo.m3u8"), 503, "room_full")
	})
}

package hls

import (
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/live/pass"
)

// A session is remembered for hours: it must not keep the request it came with.
func TestSessionsDoNotKeepTheirRequests(t *testing.T) {
	inRoom(t, Config{}, func(r *room) {
		r.live()
		const viewers, queryBytes = 2000, 4000
		heap := func() uint64 {
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			return m.HeapAlloc
		}
		before := heap()
		for i := range viewers {
			// Each address is a text of its own, as net/http makes it.
			address := fmt.Sprintf("%s?vid=v%d&pad=%s", strings.SplitN(r.watch(""), "?", 2)[0], i, strings.Repeat("x", queryBytes))
			if w := r.get("GET", address); w.Code != http.StatusOK {
				t.Fatalf("viewer %d: %d %s", i, w.Code, w.Body)
			}
		}
		if n := r.s.Viewers("demo"); n != viewers {
			t.Fatalf("%d viewers", n)
		}
		if each := int64(heap()-before) / viewers; each > 1500 {
			t.Errorf("a session keeps %d bytes", each)
		}
	})
}

// Who mints sessions and leaves them must not be able to shut the others out of the count for hours.
func TestDeadSessionsMakeRoomForLivingOnes(t *testing.T) {
	const newcomers = 20 // as many as one shard takes, should chance put them all into one
	inRoom(t, Config{MaxSessions: pass.Shards * newcomers}, func(r *room) {
		r.live()
		play := func() int { return r.get("GET", r.watch("")).Code }
		for range 4 * newcomers * pass.Shards {
			play()
		}
		if n := r.s.Viewers("demo"); n != newcomers*pass.Shards {
			t.Fatalf("%d viewers fill the table", n)
		}
		first := r.watch("")
		time.Sleep(2 * time.Minute) // all are idle
		synctest.Wait()
		if n := r.s.Viewers("demo"); n != 0 {
			t.Fatalf("%d viewers after two minutes", n)
		}
		for range newcomers {
			if code := play(); code != http.StatusOK {
				t.Fatalf("= %d", code)
			}
		}
		if n := r.s.Viewers("demo"); n != newcomers {
			t.Errorf("%d of %d newcomers are counted", n, newcomers)
		}
		if w := r.get("GET", first); w.Code != http.StatusOK {
			t.Errorf("a session that was never used = %d", w.Code)
		}
	})
}

// What the room has ended stays ended, however many come after.
func TestRevokedSessionsAreNotForgotten(t *testing.T) {
	inRoom(t, Config{MaxSessions: pass.Shards}, func(r *room) {
		r.live()
		banned := r.watch("?vid=bad")
		if w := r.get("GET", banned); w.Code != http.StatusOK {
			t.Fatalf("= %d", w.Code)
		}
		r.s.Revoke("demo", "bad")
		time.Sleep(2 * time.Minute)
		for range 20 * pass.Shards {
			r.get("GET", r.watch(""))
		}
		refused(t, r.get("GET", banned), http.StatusForbidden, "forbidden")
	})
}

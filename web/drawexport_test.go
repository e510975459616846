package web_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
	"testing"
	"time"

	"liveroom/chat"
	"liveroom/chat/draw"
	"liveroom/web"
)

// draws is web.Draws by a name that none of its methods has.
type draws = web.Draws

// lots are draws of which each has n entries, and breaks where it is told to.
type lots struct {
	draws
	n    int
	err  error         // after so many entries
	hold chan struct{} // nil, or what is waited for before the first
}

func (l lots) Export(_ context.Context, group, id string) (draw.Draw, iter.Seq2[draw.Entry, error], error) {
	at := time.Date(2026, 11, 21, 6, 0, 0, 0, time.UTC)
	d := draw.Draw{
		Terms: draw.Terms{ID: id, Title: "T", Trigger: draw.Trigger{Keyword: "x"}, Window: time.Minute, Winners: 1}, Group: group,
		State: draw.Ended, Commitment: "c0", StartedAt: at, EndsAt: at.Add(time.Minute), Entries: l.n,
	}
	return d, func(yield func(draw.Entry, error) bool) {
		if l.hold != nil {
			<-l.hold
		}
		for i := range l.n {
			if !yield(draw.Entry{User: fmt.Sprint("u", i), Seq: uint64(i + 1), At: at}, nil) {
				return
			}
		}
		if l.err != nil {
			yield(draw.Entry{}, l.err)
		}
	}, nil
}

const exportPath = "/api/v1/rooms/demo/draws/d1/export"

// TestDrawExport: of any length, and read as it is written.
func TestDrawExport(t *testing.T) {
	for _, n := range []int{0, 1, 5000} {
		b := newBench(t, func(_ *web.Config, d *web.Deps) { d.Draws = lots{draws: d.Draws, n: n} })
		b.createRoom("demo")
		a := b.do(200, "GET", exportPath, "", nil)
		x, err := draw.ParseExport([]byte(a.raw))
		if err != nil || len(x.Entries) != n || n > 0 && x.Entries[n-1].User != fmt.Sprint("u", n-1) {
			t.Errorf("%d entries, %v", len(x.Entries), err)
		}
		tag := a.header.Get("ETag")
		if a := b.do(304, "GET", exportPath, "", nil, "If-None-Match", tag); a.raw != "" || a.header.Get("ETag") != tag {
			t.Errorf("with the tag %s: %s", tag, a.raw)
		}
	}
}

// TestDrawExportThatBreaks: it says so, by an error if nothing was sent yet, or by a connection that breaks.
func TestDrawExportThatBreaks(t *testing.T) {
	for _, n := range []int{0, 5000} {
		b := newBench(t, func(_ *web.Config, d *web.Deps) { d.Draws = lots{draws: d.Draws, n: n, err: chat.ErrUnavailable} })
		b.createRoom("demo")
		if n == 0 {
			b.do(503, "GET", exportPath, "", nil)
			continue
		}
		resp, err := b.client.Get(b.url + exportPath)
		if err != nil { // it broke before the head was out
			continue
		}
		_, err = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != 200 || err == nil {
			t.Errorf("%d, %v", resp.StatusCode, err)
		}
	}
}

// TestManyDrawExports: an address has four under way at most, and may come back.
func TestManyDrawExports(t *testing.T) {
	hold := make(chan struct{})
	b := newBench(t, func(_ *web.Config, d *web.Deps) { d.Draws = lots{draws: d.Draws, n: 5000, hold: hold} })
	b.createRoom("demo")
	status := make(chan int, 5)
	for range cap(status) {
		go func() {
			resp, err := b.client.Get(b.url + exportPath)
			if err != nil {
				status <- 0
				return
			}
			_, _ = bufio.NewReader(resp.Body).WriteTo(io.Discard)
			_ = resp.Body.Close()
			status <- resp.StatusCode
		}()
	}
	if got := <-status; got != http.StatusTooManyRequests {
		t.Errorf("the fifth: %d", got)
	}
	close(hold)
	for range 4 {
		if got := <-status; got != http.StatusOK {
			t.Errorf("one of four: %d", got)
		}
	}
	b.do(200, "GET", exportPath, "", nil)
}

// TestDrawsOutliveTheirRoom: they are there by the group's id, for whoever wants to see that it was fair.
func TestDrawsOutliveTheirRoom(t *testing.T) {
	b := newBench(t, nil)
	b.createRoom("demo")
	b.do(201, "POST", "/api/v1/rooms/demo/draws", apiToken, map[string]any{"id": "d1", "title": "T", "trigger": map[string]any{"keyword": "tea"}, "window": "60s", "winners": 1})
	b.do(200, "POST", "/api/v1/rooms/demo/draws/d1/end", apiToken, nil)
	b.do(204, "DELETE", "/api/v1/rooms/demo", apiToken, nil)
	for _, path := range []string{"", "/d1", "/d1/export"} {
		if a := b.do(200, "GET", "/api/v1/rooms/demo/draws"+path, "", nil); !strings.Contains(a.raw, `"id":"d1"`) {
			t.Errorf("%s: %s", path, a.raw)
		}
		if a := b.do(404, "GET", "/api/v1/rooms/never/draws"+path, "", nil); path == "" && a.code() != "not_found" || path != "" && a.code() != "no_such_draw" {
			t.Errorf("%s: %s", path, a.raw)
		}
	}
}

package chaos

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

// Viewer watches a room from any node, over HTTP-FLV or HLS, and comes back when the stream ends.
type Viewer struct {
	Name, Room string

	w     *World
	hls   bool
	bytes atomic.Int64 // of media so far
	node  atomic.Value // name of the node it watches
	last  atomic.Int64 // when the newest came, of the history's clock; 0: none yet
	stall atomic.Int64 // the longest time between two
}

// Viewer returns one of HTTP-FLV that has not begun to watch.
func (w *World) Viewer(who, room string) *Viewer { return &Viewer{Name: who, Room: room, w: w} }

// HLSViewer returns one of HLS that has not begun to watch.
func (w *World) HLSViewer(who, room string) *Viewer {
	return &Viewer{Name: who, Room: room, w: w, hls: true}
}

// Bytes is how much media it got so far.
func (v *Viewer) Bytes() int64 { return v.bytes.Load() }

// Stall is the longest time for which nothing came, since the first picture.
func (v *Viewer) Stall() time.Duration { return time.Duration(v.stall.Load()) }

// Run watches until ctx ends.
func (v *Viewer) Run(ctx context.Context) {
	rng := v.w.rng(v.Name)
	a, ok := v.w.addressesOf(ctx, rng, v.Room)
	if v.hls {
		if ok {
			v.play(ctx, rng, a.Play.HLS)
		}
		return
	}
	for ok {
		n := v.w.any(rng)
		v.node.Store(n.Name)
		_ = v.watch(ctx, n.at(a.Play.FLV)) // however it ends: it comes back
		ok = pause(ctx, rng, 500*time.Millisecond)
	}
}

// silence is how long a viewer waits for a byte: a paused room sends one tag each 10 s (design §4).
const silence = 15 * time.Second

func (v *Viewer) watch(ctx context.Context, address string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	dead := time.AfterFunc(silence, cancel)
	defer dead.Stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	resp, err := (&http.Client{Transport: v.w.client().Transport}).Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}
	in := bufio.NewReader(resp.Body)
	if _, err := in.Discard(13); err != nil { // the file's head
		return err
	}
	for {
		var head [11]byte
		if _, err := io.ReadFull(in, head[:]); err != nil {
			return err
		}
		size := int(binary.BigEndian.Uint32(head[:4]) & 0xffffff)
		if _, err := in.Discard(size + 4); err != nil {
			return err
		}
		dead.Reset(silence)
		if kind := head[0]; kind == 8 || kind == 9 {
			v.took(size)
		}
	}
}

// took notes media that came.
func (v *Viewer) took(size int) {
	v.bytes.Add(int64(size))
	now := int64(v.w.History.Now())
	if last := v.last.Swap(now); last > 0 {
		v.stall.Store(max(v.stall.Load(), now-last))
	}
}

// Watched notes what came since bytes, at the end of a run.
func (v *Viewer) Watched(since int64) {
	node, _ := v.node.Load().(string)
	v.w.History.Add(v.Name, node, v.Room, Flow{v.Bytes() - since})
}

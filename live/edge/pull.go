package edge

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"liveroom/live/flv"
	"liveroom/live/stream"
)

// Why a connection to an origin ends.
var (
	errSilent   = errors.New("edge: nothing came from the origin")
	errMoved    = errors.New("edge: the push is elsewhere, or another")
	errUnwatch  = errors.New("edge: nobody watches any more")
	errReplaced = errors.New("edge: a newer push came to this node")
)

// readBytes is how much is read from the connection at once; a payload that is larger goes directly where it stays.
const readBytes = 32 << 10

// pull is one stream that comes from another node.
type pull struct {
	*Edges
	at    *place
	from  stream.Origin
	relay *stream.Publisher // nil until the origin has answered
	alone time.Time         // since when nobody watches, zero while somebody does

	heard atomic.Int64 // Unix ns of what came last
	flows atomic.Bool  // media came over this connection
}

// run pulls a stream for as long as it is pushed elsewhere and watched here.
func (e *Edges) run(ctx context.Context, at *place) {
	e.count.pulling.Add(1)
	defer e.count.pulling.Add(-1)
	p := &pull{Edges: e, at: at}
	defer p.release(stream.StopLost)
	failures := 0
	for ctx.Err() == nil {
		o, changed := e.where(at)
		if o.Node != p.from.Node || o.Generation != p.from.Generation || !e.foreign(o) {
			p.release(stream.StopLost)
			failures = 0
		}
		if !e.foreign(o) || p.unwatched(time.Now()) {
			p.release(stream.StopClosed)
			if e.leave(at) {
				return
			}
			continue
		}
		p.from = o
		err := p.copy(ctx, changed)
		switch {
		case errors.Is(err, errUnwatch), ctx.Err() != nil:
		case errors.Is(err, errMoved):
			e.count.moves.Add(1)
		default:
			failures = p.failed(ctx, err, failures)
			p.wait(ctx, changed, waitFor(failures))
		}
	}
}

// failed notes that a connection could not be made or broke, and returns how often that happened in a row. What was
// given out stays for newcomers as long as the first try to go on may succeed.
func (p *pull) failed(ctx context.Context, err error, before int) int {
	p.count.failures.Add(1)
	p.log.Debug("stream does not come from its origin", "stream", p.at.name, "node", p.from.Node, "generation", p.from.Generation, "err", err)
	if errors.Is(err, errSilent) {
		p.count.silences.Add(1)
		p.release(stream.StopSilent)
	}
	if p.flows.Swap(false) {
		return 0
	}
	p.release(stream.StopLost)
	if before > 0 && p.cfg.Locate != nil { // news may have been lost
		look, cancel := context.WithTimeout(ctx, maxWait)
		defer cancel()
		_ = p.cfg.Locate(look, p.at.name) // asked again at the next failure
	}
	return before + 1
}

// wait waits before the next try, unless there are news.
func (p *pull) wait(ctx context.Context, changed <-chan struct{}, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-changed:
	case <-t.C:
	}
}

// release ends what is given out here: viewers wait, and newcomers get no picture of what is gone.
func (p *pull) release(why stream.StopReason) {
	if p.relay != nil {
		p.relay.Close(why)
		p.relay = nil
	}
}

// copy pulls over one connection until that ends, there are other news, or nobody watches. It returns why.
func (p *pull) copy(ctx context.Context, changed <-chan struct{}) error {
	p.count.pulls.Add(1)
	p.heard.Store(time.Now().UnixNano())
	var wg sync.WaitGroup
	defer wg.Wait()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	wg.Go(func() { cancel(p.read(ctx)) })
	tick := time.NewTicker(p.cfg.Silence / 8)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-changed:
			var o stream.Origin
			if o, changed = p.where(p.at); o.Node != p.from.Node || o.Generation != p.from.Generation || !p.foreign(o) {
				return errMoved
			}
		case now := <-tick.C:
			if now.UnixNano()-p.heard.Load() > int64(p.cfg.Silence) {
				return errSilent
			}
			if p.unwatched(now) {
				return errUnwatch
			}
		}
	}
}

// unwatched says whether nobody has watched for a while.
func (p *pull) unwatched(now time.Time) bool {
	switch {
	case p.watched(p.at):
		p.alone = time.Time{}
	case p.alone.IsZero():
		p.alone = now
	}
	return !p.alone.IsZero() && now.Sub(p.alone) >= p.cfg.Linger
}

// read asks the origin and writes what comes into the hub.
func (p *pull) read(ctx context.Context) error {
	query := url.Values{"generation": {strconv.FormatUint(p.from.Generation, 10)}}
	resp, err := p.peers.Get(ctx, p.from.Node, Path+url.PathEscape(p.at.name)+".flv", query.Encode())
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("edge: node %s answers %d", p.from.Node, resp.StatusCode)
	}
	in, err := flv.NewReader(bufio.NewReaderSize(resp.Body, readBytes), 0)
	if err != nil {
		return err
	}
	if err := p.begin(); err != nil {
		return err
	}
	for {
		kind, ms, buf, err := in.Next()
		if err != nil {
			return err
		}
		p.heard.Store(time.Now().UnixNano())
		p.count.bytes.Add(uint64(len(buf)))
		if len(buf) == stream.HeaderBytes+stream.TrailerBytes { // a sign of life
			continue
		}
		p.flows.Store(true)
		if err := p.relay.Write(kind, ms, buf); err != nil {
			return fmt.Errorf("%w: %w", errReplaced, err)
		}
	}
}

// begin makes the relay, or tells it that what comes may have come before.
func (p *pull) begin() error {
	if p.relay != nil && p.relay.Err() == nil {
		p.relay.Rejoin()
		return nil
	}
	o := p.from
	offset := time.Duration(0)
	if !o.Start.IsZero() {
		offset = time.Since(o.Start)
	}
	var err error
	p.relay, err = p.hub.Publish(p.at.name, stream.PublishOptions{
		Generation: o.Generation, Epoch: o.Epoch, Offset: offset, Gated: o.Gated, Remote: o.Node, Session: o.Session, SessionStart: o.Start, Relay: true,
	})
	return err
}

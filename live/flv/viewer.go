package flv

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"liveroom/live/stream"
)

// Why a viewer is ended, beside what stream says.
var (
	errShutdown = errors.New("flv: server is shutting down")
	errGone     = errors.New("flv: viewer went away")
	errPanic    = errors.New("flv: viewer ended by a panic")
)

// lastWriteTimeout is how long a write, or the goodbye, may take once the viewer is to end: enough for a healthy one to
// end at a tag's end, too short to hold up a shutdown.
const lastWriteTimeout = time.Second

// firstLook is how long the answer waits for what it could be sent together with: the beginning of a stream that flows.
const firstLook = time.Millisecond

// viewer is one play. Thousands rest here, so that it holds nothing of its request, and no more tags than it writes.
type viewer struct {
	server *Server
	sub    *stream.Subscriber
	only   only
	log    *slog.Logger // nil: nobody reads what it would say

	// Owned by the goroutine that plays.
	tracks tracks
	held   []*stream.Tag // until the header can be written
	opened bool          // the header is written
	looked bool          // past firstLook
	last   int64         // time of the newest tag, in ms
	sentAt time.Time

	armedAt time.Time // of the write deadline; owned by the output, whose reader may write too

	mu    sync.Mutex // guards what follows
	cause error      // why it is to end, nil while it plays
	conn  deadliner  // what end interrupts, nil before and after
}

// deadliner is what of a connection ends a blocked write.
type deadliner interface {
	SetWriteDeadline(t time.Time) error
}

// end stops the viewer from any goroutine, also in the middle of a write. The first cause stays.
func (v *viewer) end(cause error) {
	v.mu.Lock()
	if v.cause == nil {
		v.cause = cause
	}
	if v.conn != nil {
		_ = v.conn.SetWriteDeadline(time.Now().Add(lastWriteTimeout)) // fails only on a closed connection
	}
	v.mu.Unlock()
	v.sub.Close()
}

// ended is why the viewer is to end, nil while it plays.
func (v *viewer) ended() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.cause
}

// bind names what end may interrupt, nil for nothing: a response must not be touched once its handler has returned.
func (v *viewer) bind(c deadliner) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.conn = c
}

// arm gives the next write its deadline, unless the viewer has been ended: end notes the cause before it sets its own
// deadline, so asking after setting ours loses neither. A deadline that is nearly new is kept, as setting one is not free.
func (v *viewer) arm(c deadliner) error {
	now := time.Now()
	if timeout := v.server.cfg.WriteTimeout; now.Sub(v.armedAt) > timeout/10 {
		if err := c.SetWriteDeadline(now.Add(timeout)); err != nil {
			return err
		}
		v.armedAt = now
	}
	return v.ended()
}

// output is how a viewer is answered.
type output interface {
	// begin answers before there is anything to send. It is left out where something is.
	begin() error
	// send writes whole pieces of FLV, in one write where the connection allows it.
	send(head []byte, tags []*stream.Tag) error
}

// play answers, writes the FLV header and then tags until the stream, the viewer or the server ends, or ctx does. It
// returns why.
func (v *viewer) play(ctx context.Context, out output) error {
	v.sub.SetIdle(firstLook)
	var (
		tags []*stream.Tag
		err  error
	)
	for {
		tags, err = v.sub.Next(ctx, tags)
		switch {
		case err == nil:
			err = v.pass(out, tags)
		case errors.Is(err, stream.ErrIdle):
			err = v.rest(out)
		case errors.Is(err, stream.ErrEnded) && !v.opened: // what there was, in a whole file
			return errors.Join(v.open(out, v.held), err)
		}
		if err != nil {
			return v.reason(err)
		}
		tags = emptied(tags)
	}
}

// pass sends what the viewer wants of a batch, the header in front where it is due.
func (v *viewer) pass(out output, tags []*stream.Tag) error {
	v.last = tags[len(tags)-1].Time()
	tags = v.only.filter(tags)
	if v.opened {
		if len(tags) > 0 {
			return v.send(out, nil, tags)
		}
		if time.Since(v.sentAt) >= v.server.cfg.KeepAlive { // the stream flows, but not what this one watches
			return v.send(out, empty(v.last), nil)
		}
		return nil
	}
	for _, t := range tags {
		v.tracks.see(t)
	}
	if len(v.held) > 0 {
		v.held = append(v.held, tags...)
		tags = v.held
	}
	if !v.only.known() && !v.tracks.known() && !enough(tags) {
		v.sub.SetIdle(trackWait)
		v.held = append(v.held[:0], tags...)
		return nil
	}
	return v.open(out, tags)
}

// rest is what happens while nothing comes: the first time the answer without media, then what is held back, then signs
// of life.
func (v *viewer) rest(out output) error {
	switch {
	case len(v.held) > 0:
		return v.open(out, v.held)
	case !v.looked:
		v.looked = true
		v.sub.SetIdle(v.server.cfg.KeepAlive)
		return out.begin()
	case !v.opened:
		v.tracks = tracks{audio: true, video: true} // whatever will come
		return v.open(out, nil)
	default:
		return v.send(out, empty(v.last), nil)
	}
}

// send notes when media or a sign of life last left.
func (v *viewer) send(out output, head []byte, tags []*stream.Tag) error {
	v.sentAt = time.Now()
	return out.send(head, tags)
}

// open sends the header, and tags behind it, or a sign of life where there are none.
func (v *viewer) open(out output, tags []*stream.Tag) error {
	v.opened, v.looked = true, true
	v.sub.SetIdle(v.server.cfg.KeepAlive)
	audio, video := v.only.header(v.tracks)
	head := Header(audio, video)
	if len(tags) == 0 {
		head = append(head, empty(v.last)...)
	}
	err := v.send(out, head, tags)
	v.held = nil
	return err
}

// maxSpareTags is the length of a batch whose memory a viewer keeps. A newcomer's first ones are longer.
const maxSpareTags = 32

// emptied returns a batch's memory for the next one: a waiting viewer must not keep tags alive.
func emptied(tags []*stream.Tag) []*stream.Tag {
	if cap(tags) > maxSpareTags && len(tags) < cap(tags)/2 {
		return nil
	}
	clear(tags)
	return tags
}

// reason prefers why end was called to the failed write that this caused.
func (v *viewer) reason(err error) error {
	if cause := v.ended(); cause != nil {
		return cause
	}
	return err
}

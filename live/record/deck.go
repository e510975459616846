package record

import (
	"context"
	"errors"
	"fmt"
	"time"

	"liveroom/live/blob"
)

const (
	// fullAgain is how long nothing is tried where the store is full.
	fullAgain = 10 * time.Second
	// putLimit bounds one try to store a segment; againMost is the longest between two.
	putLimit  = 30 * time.Second
	againMost = 5 * time.Second
	// followAgain is how long what is known of a recording that runs holds.
	followAgain = 5 * time.Second
	// mostGOP is the longest GOP that is stored as one segment: who watches earlier stands that far behind at least.
	mostGOP = 30 * time.Second
	// mostInits bounds the init segments that are known to be stored; beyond, they are stored again.
	mostInits = 1000
)

// deck writes one recording of a tape's session. It belongs to its goroutine.
type deck struct {
	tape  *tape
	kind  Kind
	rec   Recording // ID empty: none
	asked time.Time // when the store was last asked for it
	none  bool      // there is to be none: its session is over

	ready   bool  // what is stored of it is known
	last    int64 // where on the session's clock what is stored or pending ends
	pending pending
	inits   map[string]bool // stored, at most mostInits
	init    string          // of the newest
	lost    bool            // something is missing before what comes next
	oldest  int64           // where the first segment of a time shift ends, ms on the session's clock; 0: not known
	stored  int             // segments, by this deck
	noted   bool            // what the first of them says of the recording

	again  time.Time // not before then: the store is full
	broken bool      // nothing could be stored the last time
	paused bool
	over   bool // its session is over: what comes then is stored as it comes
}

// pending is a stored segment that is being put together. Its zero value is none.
type pending struct {
	seg           Segment
	init          []byte
	data          [][]byte
	zero          time.Time
	video, audio  string
	width, height int
	within        bool // it ends within a GOP
}

func (d *deck) s() *Service { return d.tape.s }

// follow opens the recording that there is to be, or closes it. Where it is on demand, there is one if somebody asked.
func (d *deck) follow(ctx context.Context, wanted, demand bool) {
	if d.over { // nobody stops it any more
		return
	}
	if !wanted && !demand {
		if d.rec.ID != "" {
			d.flush(ctx)
			d.close(ctx, "the room's rule was changed")
		}
		return
	}
	if wanted && (d.rec.ID != "" || d.none) && time.Since(d.asked) < followAgain {
		return
	}
	r, err := d.s().store.Running(ctx, d.tape.session, d.kind)
	switch {
	case err == nil:
		d.asked = time.Now()
		if r.ID != d.rec.ID {
			d.flush(ctx)
			d.open(r)
		}
	case errors.Is(err, ErrUnknown) && (wanted || d.rec.ID != ""):
		d.followNone(ctx, demand)
	} // else it is not asked for, or the store does not answer: what runs goes on
}

// followNone is for when no recording runs, though one is to or did until now.
func (d *deck) followNone(ctx context.Context, demand bool) {
	session, err := d.s().cfg.Session(ctx, d.tape.rule.Room)
	switch {
	case err != nil:
	case session != d.tape.session && d.rec.ID != "":
		d.flush(ctx)
		d.over = true
	case demand: // somebody stopped it
		d.flush(ctx)
		d.forget()
	case session == d.tape.session:
		d.begin(ctx)
	default:
		d.late(ctx)
	}
}

// late is for what comes of a session when it is over, because it is shown later, and no recording is open. It belongs to the
// one that was; where there is none, all of the session is shown later than its end, and is recorded all the same. Of a time
// shift nothing is left then.
func (d *deck) late(ctx context.Context) {
	d.asked, d.none = time.Now(), true
	if d.kind != Full {
		return
	}
	page, _, err := d.s().store.List(ctx, Query{Session: d.tape.session, Kind: d.kind, Limit: 1})
	switch {
	case err != nil:
		d.none = false // asked again
	case len(page) == 0:
		d.begin(ctx) // the next sweep ends it
		d.over = d.rec.ID != ""
	case page[0].State == Finishing:
		d.open(page[0])
		d.over = true
	}
}

// begin makes the recording of a session that is to be recorded.
func (d *deck) begin(ctx context.Context) {
	t := d.tape
	now, err := d.s().store.Now(ctx)
	if err != nil {
		return
	}
	r, fresh, err := d.s().store.Begin(ctx, d.s().made(t.rule, t.session, d.kind, "", now))
	if err != nil {
		d.s().log.Warn("recording not begun; will retry", "room", t.rule.Room, "err", err)
		return
	}
	if fresh {
		d.s().log.Info("recording begun", "room", r.Room, "recording", r.ID, "kind", r.Kind)
	}
	d.asked = time.Now()
	d.flush(ctx)
	d.open(r)
}

func (d *deck) open(r Recording) {
	d.forget()
	d.rec, d.inits = r, map[string]bool{}
}

func (d *deck) forget() {
	if d.broken {
		d.s().counts.broken.Add(-1)
	}
	*d = deck{tape: d.tape, kind: d.kind, asked: d.asked}
}

// add puts a piece to what is pending, and stores that when it is long enough.
func (d *deck) add(ctx context.Context, p *Piece) {
	if d.rec.ID == "" || !d.resume(ctx) {
		return
	}
	seg := Segment{Generation: p.Generation, Start: p.Start, Duration: p.Duration, Init: InitName(p.Init), Breaks: p.Breaks || d.lost}
	if over := d.last - seg.Start; over > 0 { // the last picture of a push lasts as long as is guessed
		seg.Start, seg.Duration, seg.Breaks = seg.Start+over, seg.Duration-over, true
	}
	seg.Breaks = seg.Breaks || d.last > 0 && seg.Start-d.last > slack
	if seg.Duration <= 0 {
		d.lost = true
		return
	}
	if d.pending.data != nil && !d.joins(seg, p.bytes()) {
		d.flush(ctx)
		if d.rec.ID == "" {
			return
		}
		seg.Breaks = seg.Breaks || d.lost
	}
	d.lost = false
	d.last = seg.End()
	q := &d.pending
	if q.data == nil {
		*q = pending{seg: seg, init: p.Init, zero: p.Zero, video: p.Video, audio: p.Audio, width: p.Width, height: p.Height}
	} else {
		q.seg.Duration = seg.End() - q.seg.Start
	}
	q.data = append(q.data, p.Parts...)
	q.seg.Bytes += p.bytes()
	q.within = p.Within
	if q.seg.Duration >= d.s().cfg.Segment.Milliseconds() && !q.within || d.over {
		d.flush(ctx)
	}
}

// joins says whether what is pending takes what comes next: while it is short, and to the end of its GOP, so that what is stored
// begins with keyframes.
func (d *deck) joins(seg Segment, bytes int64) bool {
	q, most := &d.pending, d.s().cfg.Segment.Milliseconds()
	length := q.seg.Duration + seg.Duration
	switch {
	case seg.Breaks || seg.Generation != q.seg.Generation || seg.Init != q.seg.Init:
		return false
	case q.within:
		return length <= max(mostGOP.Milliseconds(), most) && q.seg.Bytes+bytes <= d.s().cfg.QueueBytes
	}
	return length <= most+most/4
}

// resume learns what is stored already of a recording that this node did not begin, or began before it crashed.
func (d *deck) resume(ctx context.Context) bool {
	if d.ready {
		return true
	}
	var x Index
	var err error
	if d.kind == Shift {
		x, _, err = d.s().window(ctx, d.rec.ID)
	} else {
		x, err = d.s().listed(ctx, d.rec.ID)
	}
	if err != nil {
		d.fail(ctx, err)
		d.lost = true
		return false
	}
	d.ready = true
	if n := len(x.Segments); n > 0 {
		d.last, d.lost = x.Segments[n-1].End(), true
		d.paused = true
		d.init = x.Segments[n-1].Init
		if d.kind == Shift {
			d.oldest = x.Segments[0].End()
		}
	}
	return true
}

// flush stores what is pending, tried as long as the store does not answer. Where it is full, it is left out.
func (d *deck) flush(ctx context.Context) {
	q := d.pending
	if q.data == nil {
		return
	}
	d.pending = pending{}
	if time.Now().Before(d.again) {
		d.leaveOut()
		return
	}
	again := time.Second
	for {
		err := d.put(ctx, &q)
		if err == nil {
			d.success(ctx, &q)
			return
		}
		d.fail(ctx, err)
		if errors.Is(err, blob.ErrFull) {
			d.again = time.Now().Add(fullAgain)
		}
		if errors.Is(err, blob.ErrFull) || ctx.Err() != nil || d.gone(ctx) {
			d.leaveOut()
			return
		}
		wait := time.NewTimer(again)
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
		}
		again = min(2*again, againMost)
	}
}

func (d *deck) leaveOut() {
	d.lost = true
	d.s().counts.missed.Add(1)
}

// gone says whether a recording is there no more, or finished without what is left.
func (d *deck) gone(ctx context.Context) bool {
	r, err := d.s().store.Recording(ctx, d.rec.ID)
	return errors.Is(err, ErrUnknown) || err == nil && r.State != Running && r.State != Finishing
}

func (d *deck) put(ctx context.Context, q *pending) error {
	ctx, cancel := context.WithTimeout(ctx, putLimit)
	defer cancel()
	s, prefix := d.s(), Prefix(d.rec.ID)
	if !d.inits[q.seg.Init] {
		if err := s.blobs.Put(ctx, prefix+q.seg.Init, q.init); err != nil {
			return err
		}
		if len(d.inits) >= mostInits {
			clear(d.inits)
		}
		d.inits[q.seg.Init] = true
	}
	return s.blobs.Put(ctx, prefix+SegmentName(q.seg), q.data...)
}

// success notes a segment that is stored.
func (d *deck) success(ctx context.Context, q *pending) {
	s := d.s()
	s.counts.segments.Add(1)
	s.counts.bytes.Add(uint64(max(q.seg.Bytes, 0)))
	q.seg.File = SegmentName(q.seg)
	changed := d.init != "" && d.init != q.seg.Init
	first := d.stored == 0
	d.init, d.stored = q.seg.Init, d.stored+1
	if !d.noted {
		d.noted = d.note(ctx, func(r *Recording) {
			if r.Zero.IsZero() {
				r.Zero, r.Start = q.zero, q.seg.Start
				r.Video, r.Audio, r.Width, r.Height = q.video, q.audio, q.width, q.height
			}
		})
	}
	switch {
	case d.broken:
		d.broken = false
		s.log.Info("recording goes on", "room", d.rec.Room, "recording", d.rec.ID)
		if s.counts.broken.Add(-1); !first || d.paused {
			d.tell(Resumed, 0, "")
		} else {
			d.tell(Started, 0, "")
		}
	case d.paused:
		d.tell(Resumed, 0, "")
	case first:
		d.tell(Started, 0, "")
	}
	d.paused = false
	if changed {
		if q.width != d.rec.Width || q.height != d.rec.Height {
			d.tell(Exception, SizeChanged, fmt.Sprintf("the picture is %d×%d now", q.width, q.height))
		} else {
			d.tell(Exception, CodecChanged, "the codec's configuration changed")
		}
		d.rec.Width, d.rec.Height = q.width, q.height
	}
	d.trim(ctx, q.seg)
}

// trim removes what a time shift does not reach any more, now and then.
func (d *deck) trim(ctx context.Context, newest Segment) {
	if d.kind != Shift {
		return
	}
	if d.oldest == 0 {
		d.oldest = newest.End()
	}
	window := d.tape.rule.Shift
	limit := newest.End() - (window + 2*d.s().cfg.Segment).Milliseconds()
	if d.oldest >= limit-min(window/8, trimMost).Milliseconds() {
		return
	}
	oldest, err := d.s().cut(ctx, d.rec.ID, limit)
	if err != nil {
		d.s().log.Warn("old segments of a time shift not removed; will retry", "recording", d.rec.ID, "err", err)
		return
	}
	d.oldest = oldest
}

// fail notes that nothing can be stored, once.
func (d *deck) fail(ctx context.Context, err error) {
	if d.broken || ctx.Err() != nil {
		return
	}
	d.broken = true
	s := d.s()
	s.counts.broken.Add(1)
	s.counts.failures.Add(1)
	cause := "the recordings' store fails"
	switch {
	case errors.Is(err, blob.ErrFull):
		cause = "there is no room left for recordings"
	case errors.Is(err, blob.ErrUnavailable):
		cause = "the recordings' store does not answer"
	}
	s.log.Error("recording can't be stored; the live stream goes on", "room", d.rec.Room, "recording", d.rec.ID, "err", err)
	d.note(ctx, func(r *Recording) { r.Cause = cause + ", since " + time.Now().UTC().Format(time.RFC3339) })
	if d.stored == 0 && !d.paused {
		d.tell(NotStarted, 0, cause)
	} else {
		d.tell(Broken, 0, cause)
	}
	d.tell(Exception, WriteFailed, cause)
}

// miss notes that segments found no room because the store is slow.
func (d *deck) miss(ctx context.Context, n int) {
	if d.rec.ID == "" {
		return
	}
	d.s().log.Error("segments left out of a recording: its store is too slow", "room", d.rec.Room, "recording", d.rec.ID, "segments", n)
	d.note(ctx, func(r *Recording) { r.Cause = "the recordings' store is too slow: segments were left out" })
	d.tell(Exception, WriteFailed, "segments were left out: the store is too slow")
}

// pause notes that nothing comes.
func (d *deck) pause(context.Context) {
	if d.rec.ID != "" && d.stored > 0 && !d.paused {
		d.paused = true
		d.tell(Paused, 0, "")
	}
}

// end notes that the session is over. What still comes of it is stored as it comes.
func (d *deck) end(ctx context.Context) {
	if d.rec.ID == "" {
		return
	}
	if _, err := d.s().ends(ctx, d.rec.ID, "", 0); err != nil && !errors.Is(err, ErrUnknown) {
		d.s().log.Warn("end of a recording not noted; the next sweep will", "recording", d.rec.ID, "err", err)
	}
	d.over = true
}

// close ends the recording although its session goes on.
func (d *deck) close(ctx context.Context, cause string) {
	if _, err := d.s().ends(ctx, d.rec.ID, cause, 0); err != nil && !errors.Is(err, ErrUnknown) {
		d.s().log.Warn("end of a recording not noted; will retry", "recording", d.rec.ID, "err", err)
		return
	}
	d.forget()
}

// note changes what is known of the recording, and says whether it is stored.
func (d *deck) note(ctx context.Context, change func(*Recording)) bool {
	r, err := d.s().store.Change(ctx, d.rec.ID, func(r *Recording) error {
		change(r)
		return nil
	})
	if err != nil {
		d.s().log.Debug("recording not noted", "recording", d.rec.ID, "err", err)
		change(&d.rec)
		return false
	}
	d.rec = r
	return true
}

func (d *deck) tell(h Happening, kind int, cause string) {
	if d.kind != Full || d.over && (h == Paused || h == Resumed) { // nobody waits for it any more
		return
	}
	d.s().cfg.Tell(Event{Happening: h, Recording: d.rec, At: time.Now().UTC(), Type: kind, Cause: cause})
}

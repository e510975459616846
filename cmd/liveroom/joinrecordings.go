package main

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"liveroom/live"
	"liveroom/live/blob"
	"liveroom/live/record"
	"liveroom/status"
	"liveroom/web"
	"liveroom/web/callback"
)

// joinRecordings makes what keeps recordings, once there is where they are kept.
func (p *program) joinRecordings() (err error) {
	blobs := p.blobs
	if blobs == nil {
		blobs = noBlobs{p.blobsWhy}
	}
	spooled := p.spooledAnywhere()
	p.recordings, err = record.New(record.Config{
		Segment: p.set.RecordSegment, Bytes: int64(p.set.RecordBytes), Rule: p.recordRule, RoomRule: p.recordRoomRule, Session: p.recordSession,
		Later:   p.recordLater,
		Spooled: spooled, Why: func() error { return p.blobsWhy }, InUse: p.recordingInUse, Tell: p.tellRecording, NewID: status.NewULID,
		Removed: func(ctx context.Context, r record.Recording) error { return p.exports.Forget(ctx, r.ID) },
	}, p.stores.recordings, blobs, p.log)
	if err != nil {
		return err
	}
	p.joinExports(blobs, spooled)
	p.machine.Watch(func(s status.State) {
		if s.Record.Code != status.Live && s.Record.Code != status.Paused && s.Record.Session != "" {
			p.recordings.Over(s.Record.Session)
		}
	})
	p.interaction.actors = append(p.interaction.actors, actor{"recordings", p.recordings.Run})
	if p.blobs != nil {
		p.interaction.actors = append(p.interaction.actors, actor{"sweeps of recordings", p.once("recordings", p.recordings.Tend)})
	}
	return nil
}

// recordRule is the rule of the room with a stream.
func (p *program) recordRule(ctx context.Context, name string) (record.Rule, error) {
	r, err := p.stores.rooms.RoomByStream(ctx, name)
	return p.ruleOf(r), err
}

func (p *program) recordRoomRule(ctx context.Context, room string) (record.Rule, error) {
	r, err := p.stores.rooms.Room(ctx, room)
	return p.ruleOf(r), err
}

// ruleOf is a room's rule: its own, and the settings where it does not say.
func (p *program) ruleOf(r live.Room) record.Rule {
	set := p.set
	rule := record.Rule{
		Room: r.ID, Group: r.GroupID, Stream: r.Stream, Title: r.Title, Mode: record.Mode(cmp.Or(r.Recording.Mode, set.Record)),
		FileMax: r.Recording.FileMax.Or(set.RecordFileMax), Keep: r.Recording.Keep.Or(set.RecordAge), Shift: r.Recording.TimeShift.Or(set.TimeShift),
	}
	formats := set.RecordFormats
	if r.Recording.Formats != "" {
		formats = strings.Split(r.Recording.Formats, ",")
	}
	for _, f := range formats {
		rule.Formats = append(rule.Formats, record.Format(f))
	}
	return rule
}

// recordSession is the live session of a room, be it interrupted or paused; empty: there is none.
func (p *program) recordSession(ctx context.Context, room string) (string, error) {
	s, err := p.stores.status.Load(ctx, room)
	if errors.Is(err, status.ErrUnknownRoom) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if s.Record.Code != status.Live && s.Record.Code != status.Paused {
		return "", nil
	}
	return s.Record.Session, nil
}

// recordLater is how much later than now the last of a recording that ends may be shown: as much as its newest push is delayed, or
// for as long as this node has something of its stream to show. Of a room that is gone nothing is shown.
func (p *program) recordLater(ctx context.Context, r record.Recording) (time.Duration, error) {
	s, err := p.stores.status.Load(ctx, r.Room)
	if err != nil && !errors.Is(err, status.ErrUnknownRoom) {
		return 0, err
	}
	return max(time.Duration(s.Record.Delay), p.rooms.Rest(r.Stream)), nil
}

// tellRecording tells backends what happened to a recording.
func (p *program) tellRecording(e record.Event) {
	from := callback.Source{Room: e.Recording.Room, Stream: e.Recording.Stream, App: p.set.app()}
	steps := map[record.Happening]callback.RecordStep{
		record.Started: callback.RecordStarted, record.NotStarted: callback.RecordFailed, record.Paused: callback.RecordPaused,
		record.Resumed: callback.RecordResumed, record.Broken: callback.RecordError, record.Ended: callback.RecordEnded,
	}
	media := p.callbacks.media
	switch step, is := steps[e.Happening]; {
	case is:
		media.RecordStatus(callback.RecordStatusChange{
			Source: from, Step: step, Recording: e.Recording.ID, OnDemand: e.Recording.By != "", Kbps: kbps(e.Recording), At: e.At,
		})
	case e.Happening == record.Ready:
		p.exports.Noticed(e.Recording)
	case e.Happening == record.Exception:
		level := "warning"
		if e.Type == record.WriteFailed {
			level = "error"
		}
		media.RecordException(callback.RecordFault{
			Source: from, Recording: e.Recording.ID, Type: e.Type, Level: level, Count: 1, Text: e.Cause, At: e.At,
		})
	}
}

// kbps is the mean bit rate of a recording; 0: not known.
func kbps(r record.Recording) int64 {
	if r.Duration == 0 {
		return 0
	}
	return r.Bytes * 8 / r.Duration
}

// recordingMetrics are the recordings of this node.
func (p *program) recordingMetrics() []web.Sample {
	st := p.recordings.Stats()
	return []web.Sample{
		counter("recording_segments_total", "Segments of recordings and time shifts stored.", st.Segments),
		counter("recording_bytes_total", "Bytes of them.", st.Bytes),
		counter("recording_segments_missed_total", "Segments left out: the store was full, or too slow.", st.Missed),
		counter("recording_failures_total", "Times that a recording could not be stored any more.", st.Failures),
		counter("recordings_done_total", "Recordings finished.", st.Done),
		counter("recordings_removed_total", "Recordings removed.", st.Removed),
		gauge("recordings_failing", "Recordings that can't be stored now.", int(st.Broken)),
		gauge("recording_waiting_bytes", "Bytes that wait for the store.", int(st.Waiting)),
		gauge("recordings_bytes", "Bytes of all recordings, as the last sweep found them.", int(st.Total)),
	}
}

// noBlobs is where nothing can be kept.
type noBlobs struct{ why error }

var _ blob.Store = noBlobs{}

// Put implements blob.Store.
func (n noBlobs) Put(context.Context, string, ...[]byte) error { return n.why }

// Create implements blob.Store.
func (n noBlobs) Create(context.Context, string) (blob.Writer, error) { return nil, n.why }

// Open implements blob.Store.
func (n noBlobs) Open(context.Context, string) (blob.Object, error) { return nil, n.why }

// Remove implements blob.Store.
func (n noBlobs) Remove(context.Context, ...string) error { return n.why }

// List implements blob.Store.
func (n noBlobs) List(context.Context, string, string, func(blob.Held) error) error { return n.why }

package callback

import (
	"context"
	"slices"
	"strconv"
	"time"

	"liveroom/web/callback/delivery"
)

// Events of Tencent CSS about what a stream leaves behind, and where it goes on to (spec css §3.4).
const (
	RecordFile      = "record_file"      // event_type 100
	RecordStatus    = "record_status"    // event_type 332
	RecordException = "record_exception" // event_type 341
	Screenshot      = "screenshot"       // event_type 200
	Relay           = "relay"            // event_type 314
)

// Media tells CSS receivers of recordings, screenshots and relays. Each method queues one event, in the order of its room, and
// costs one look-up where nobody wants it; none blocks. An event that is told twice under one id is queued once, if the second
// follows soon. Events of recordings and relays are kept for a receiver as those of streams are (delivery.State); screenshots
// are as soon worth nothing as Tencent's, which are tried for ten minutes, and are given up after 15 (delivery.Talk).
type Media struct {
	app       uint64
	domain    string
	receivers *Registry
	queue     Queue
}

// NewMedia returns what tells the receivers of a CSS application. domain stands for the host that was pushed to where it is
// not known.
func NewMedia(app uint64, domain string, receivers *Registry, queue Queue) *Media {
	return &Media{app: app, domain: domain, receivers: receivers, queue: queue}
}

// Settle returns when what was told before is kept, so that it is sent also after a crash; or an error of the queue.
func (m *Media) Settle(ctx context.Context) error { return m.queue.Settle(ctx) }

// Source is the stream that an event is about.
type Source struct {
	Room, Stream string
	App          string // AppName; empty: live
	Domain       string // the host that was pushed to; empty: that of the settings
	Param        string // query string of the push URL; empty: not known
}

func (m *Media) filled(s Source) Source {
	if s.App == "" {
		s.App = "live"
	}
	if s.Domain == "" {
		s.Domain = m.domain
	}
	return s
}

// RecordedFile is a file of a recording that can be had.
type RecordedFile struct {
	Source
	File   string // its name among all files
	Format string // hls, mp4 or flv
	Task   string // what asked for the recording, where somebody did; empty: the room's rule
	URL    string // where it can be had; it may be signed

	Start, End time.Time     // when its first and its last frame were pushed
	Duration   time.Duration // what there is to see: without gaps
	Bytes      int64
	MediaStart time.Duration // the timestamp of its first frame

	Session    string // of the recording
	VideoCodec string // such as h264; empty: no pictures
	Resolution string // such as 1280x720
}

// RecordFile tells that a file is there. Its id is made of its name.
func (m *Media) RecordFile(f RecordedFile) {
	m.tell(RecordFile, delivery.State, f.Room, f.File, func() []byte { return recordFileBody(m.app, m.filled(f.Source), f) })
}

func recordFileBody(app uint64, s Source, f RecordedFile) []byte {
	o := newObject(1024).text("app", s.Domain).number("appid", int64(app)).text("appname", s.App).
		text("callback_ext", string(recordExt(f))).text("channel_id", s.Stream).number("duration", int64(f.Duration/time.Second)).
		number("end_time", f.End.Unix()).number("end_time_usec", usec(f.End)).number("event_type", 100).
		text("file_format", f.Format).text("file_id", f.File).number("file_size", f.Bytes).number("media_start_time", f.MediaStart.Milliseconds()).
		number("record_bps", kbps(f.Bytes, f.Duration)).text("record_file_id", f.File).text("record_temp_id", "").
		number("start_time", f.Start.Unix()).number("start_time_usec", usec(f.Start)).text("stream_id", s.Stream)
	if f.Task == "" {
		o = o.text("stream_param", s.Param)
	} else {
		o = o.text("task_id", f.Task)
	}
	return o.text("video_url", f.URL).close()
}

func recordExt(f RecordedFile) []byte {
	return newObject(128).text("video_codec", f.VideoCodec).text("resolution", f.Resolution).text("session_id", f.Session).close()
}

// usec is what is left of a time beside its seconds.
func usec(t time.Time) int64 { return int64(t.Nanosecond()) / 1000 }

// kbps is the mean bit rate; 0: not known.
func kbps(bytes int64, d time.Duration) int64 {
	if d < time.Millisecond {
		return 0
	}
	return bytes * 8 / d.Milliseconds()
}

// RecordStep is what befell a recording, in CSS's words.
type RecordStep string

// The steps.
const (
	RecordStarted RecordStep = "record_start_succeeded"
	RecordFailed  RecordStep = "record_start_failed"
	RecordPaused  RecordStep = "record_paused"
	RecordResumed RecordStep = "record_resumed"
	RecordError   RecordStep = "record_error"
	RecordEnded   RecordStep = "record_ended"
)

// RecordStatusChange is a recording that began, ended, or stands otherwise than before.
type RecordStatusChange struct {
	Source
	Step      RecordStep
	Recording string // its id: session_id, and the beginning of the event's id
	Number    uint64 // grows with each step of a recording; 0: made of At and Step. It is seq, and the end of the event's id
	OnDemand  bool   // somebody asked for it; else the room's rule
	Kbps      int64  // mean bit rate so far; 0: not known
	At        time.Time
}

// steps are they in the order in which those of one moment come.
var steps = []RecordStep{RecordStarted, RecordFailed, RecordPaused, RecordResumed, RecordError, RecordEnded}

// numbered is the change with a number, the same on whatever node it is told: tenths of its ms, of which each step has its own.
func (c RecordStatusChange) numbered() RecordStatusChange {
	if c.Number == 0 {
		c.Number = uint64(c.At.UnixMilli())*10 + uint64(slices.Index(steps, c.Step)+1) //nolint:gosec // after 1970
	}
	return c
}

// RecordStatus tells it.
func (m *Media) RecordStatus(c RecordStatusChange) {
	c = c.numbered()
	m.tell(RecordStatus, delivery.State, c.Room, c.Recording+":"+strconv.FormatUint(c.Number, 10), func() []byte {
		return recordStatusBody(m.app, m.filled(c.Source), c)
	})
}

// Numbers of CSS in record_detail.
const (
	detailHLS      = 2 // file_format: what is kept is what HLS plays, other formats are made of it
	detailRule     = 1 // start_model
	detailAPI      = 5
	detailOriginal = 1 // record_content
	detailLive     = 1 // source_type
)

func recordStatusBody(app uint64, s Source, c RecordStatusChange) []byte {
	model, task := int64(detailRule), ""
	if c.OnDemand {
		model, task = detailAPI, c.Recording
	}
	detail := newObject(128).number("codec_temp_id", 0).number("file_format", detailHLS).number("record_bps", c.Kbps).
		number("record_content", detailOriginal).number("source_type", detailLive).number("start_model", model).close()
	return newObject(512).number("appid", int64(app)).text("appname", s.App).text("domain", s.Domain).number("event_time", c.At.Unix()).
		number("event_type", 332).text("record_detail", string(detail)).text("record_event", string(c.Step)).
		text("seq", strconv.FormatUint(c.Number, 10)).text("session_id", c.Recording).text("stream_id", s.Stream).text("task_id", task).close()
}

// Types of exceptions that occur here (spec css §3.4).
const (
	ExceptionJump       = -9   // the timestamps jumped
	ExceptionPull       = -16  // nothing comes: segments were left out, or the stream can't be read
	ExceptionResolution = -100 // the pictures have another size
	ExceptionWrite      = -104 // nothing can be written: no room left, or the store is away
	ExceptionCodec      = -120 // another codec: a new file
)

// RecordFault is something that went wrong with a recording, or was not as it should be.
type RecordFault struct {
	Source
	Recording string // its id
	Type      int    // an Exception… number
	Level     string // info, warning or error
	Count     int    // how often since it was told last
	Text      string // in words
	At        time.Time
}

// RecordException tells it.
func (m *Media) RecordException(f RecordFault) {
	key := f.Recording + ":" + strconv.Itoa(f.Type) + ":" + strconv.FormatInt(f.At.UnixMilli(), 10)
	m.tell(RecordException, delivery.State, f.Room, key, func() []byte { return recordFaultBody(m.app, f) })
}

func recordFaultBody(app uint64, f RecordFault) []byte {
	exception := newObject(128).text("desc", f.Text).number("occurs", int64(f.Count)).number("type", int64(f.Type)).close()
	return newObject(384).number("appid", int64(app)).number("event_type", 341).raw("exception", exception).text("exception_level", f.Level).
		text("file_format", "mp4").text("session_id", f.Recording).text("stream_id", f.Stream).number("timestamp", f.At.Unix()).close()
}

// Picture is a screenshot that was taken.
type Picture struct {
	Source
	At            time.Time
	Width, Height int
	Bytes         int64
	Path          string // of its address, from the first slash on
	URL           string // the whole address; it may be signed
}

// Screenshot tells that there is one. Its id is made of time and size.
func (m *Media) Screenshot(p Picture) {
	key := strconv.FormatInt(p.At.UnixMilli(), 10) + ":" + strconv.Itoa(p.Width) + "x" + strconv.Itoa(p.Height)
	m.tell(Screenshot, delivery.Talk, p.Room, key, func() []byte { return pictureBody(m.app, m.filled(p.Source), p) })
}

func pictureBody(app uint64, s Source, p Picture) []byte {
	return newObject(512).text("app", s.Domain).number("appid", int64(app)).text("appname", s.App).text("channel_id", s.Stream).
		number("create_time", p.At.Unix()).number("event_type", 200).number("file_size", p.Bytes).number("height", int64(p.Height)).
		text("pic_full_url", p.URL).text("pic_url", p.Path).text("stream_id", s.Stream).text("stream_param", s.Param).number("width", int64(p.Width)).close()
}

// tell queues an event under an id made of room and key.
func (m *Media) tell(command string, class delivery.Class, room, key string, body func() []byte) {
	to := m.receivers.Wants(command)
	if to == nil {
		return
	}
	tell(m.queue, to, delivery.Event{
		Command: command, Class: class, Room: room, ID: eventID(command, room, key), Body: body(), At: time.Now(),
	})
}

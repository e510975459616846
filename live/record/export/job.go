package export

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"
)

// State says where a job stands.
type State string

// The states.
const (
	Waiting State = "waiting" // also between two tries
	Running State = "running"
	Done    State = "done"
	Failed  State = "failed" // Cause says why
	// Deleting is a job that was deleted or cancelled, whose files are to be removed; Gone one of a room's rule that nobody
	// wants: it is not made again. Nobody but a Store knows either.
	Deleting State = "deleting"
	Gone     State = "gone"
)

// File is one file of an export.
type File struct {
	Name     string `json:"name"`     // of its object, within the recording: x/{export}-{n}.{format}
	Start    int64  `json:"start"`    // ms on the session's clock of its first picture or sound,
	End      int64  `json:"end"`      // and where it ends
	Duration int64  `json:"duration"` // ms, gaps left out
	Bytes    int64  `json:"bytes"`
	Width    int    `json:"width,omitempty"`
	Height   int    `json:"height,omitempty"`
	Video    string `json:"video,omitempty"` // such as h264; empty: no pictures
	Audio    string `json:"audio,omitempty"`
	Segments int    `json:"segments"` // of the job's span that are in it
}

// Job is an export of a recording, or a cut: another recording made of a part of it.
type Job struct {
	ID        string        `json:"id"` // ULID; of those that a room's rule asks for the format
	Recording string        `json:"recording"`
	Room      string        `json:"room"`
	Format    Format        `json:"format"`
	FileMax   time.Duration `json:"fileMax,omitempty"` // the longest that a file may last; 0: no limit
	Span      Span          `json:"span"`
	State     State         `json:"state"`
	Cause     string        `json:"cause,omitempty"`  // why it failed or waits, in words
	Files     []File        `json:"files,omitempty"`  // those that are whole
	Told      int           `json:"told,omitempty"`   // how many of Files were told of
	Made      int64         `json:"made"`             // ms of Span that are in files or in the one being written
	By        string        `json:"by,omitempty"`     // who asked for it; empty: the room's rule
	Target    string        `json:"target,omitempty"` // of a cut: the id of the recording it becomes,
	Title     string        `json:"title,omitempty"`  // and its title
	CreatedAt time.Time     `json:"createdAt"`
	EndedAt   time.Time     `json:"endedAt,omitzero"`
}

// Progress is how much of it is made, from 0 to 1.
func (j Job) Progress() float64 {
	if j.State == Done {
		return 1
	}
	return min(float64(j.Made)/float64(max(j.Span.To-j.Span.From, 1)), 1)
}

// Hidden says whether nobody is to see it.
func (j Job) Hidden() bool { return j.State == Deleting || j.State == Gone }

// Open says whether there is something to do for it.
func (j Job) Open() bool { return j.State == Waiting || j.State == Running || j.State == Deleting }

// auto says whether a room's rule asked for it.
func (j Job) auto() bool { return j.ID == string(j.Format) }

// fileName is the n-th file of the job, from 1 on.
func (j Job) fileName(n int) string {
	return "x/" + j.ID + "-" + strconv.Itoa(n) + "." + string(j.Format)
}

// Clone is a copy that shares nothing.
func (j Job) Clone() Job {
	j.Files = slices.Clone(j.Files)
	return j
}

// Errors of stores and the service.
var (
	// ErrUnknown says that there is no such export.
	ErrUnknown = errors.New("export: there is no such export")
	// ErrTooMany says that the recording has as many exports as it may have.
	ErrTooMany = errors.New("export: the recording has too many exports")
	// ErrUnfinished says that the recording is not done yet.
	ErrUnfinished = errors.New("export: the recording is not done")
	// ErrUnreadable says that a segment is gone, or can't be read.
	ErrUnreadable = errors.New("export: a segment of the recording is gone or can't be read")
)

// MaxJobs is how many exports a recording has at most.
const MaxJobs = 20

// Store keeps jobs. Each method is one atomic step, durable before it answers; what it returns is the caller's own.
type Store interface {
	// Add stores a new job. Where the recording has one with its id it answers that one, and not fresh. ErrTooMany: there are
	// MaxJobs already (of several at the same time one more may be taken).
	Add(ctx context.Context, j Job) (stored Job, fresh bool, err error)
	// Put replaces a job. One that is not there, is Deleting or Gone it leaves as it is, and answers ErrUnknown.
	Put(ctx context.Context, j Job) error
	// Delete makes a job Deleting. One that is not there, is Deleting or Gone: ErrUnknown.
	Delete(ctx context.Context, recording, id string) error
	// Deleted ends a job that is Deleting: it is Gone, or where keep is not set forgotten. Any other is left as it is.
	Deleted(ctx context.Context, recording, id string, keep bool) error
	// Jobs are those of a recording, in the order of their making, then ids; hidden ones among them.
	Jobs(ctx context.Context, recording string) ([]Job, error)
	// Open are at most limit jobs for which there is something to do, the oldest first.
	Open(ctx context.Context, limit int) ([]Job, error)
	// Forget forgets all jobs of a recording.
	Forget(ctx context.Context, recording string) error
}

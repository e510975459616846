package vod

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"liveroom/address"
	"liveroom/live/blob"
	"liveroom/live/pass"
	"liveroom/live/programme"
	"liveroom/live/record"
	"liveroom/live/stream"
)

// Config says what may be played and how long things live. Zero fields take their defaults; the keys have none.
type Config struct {
	// NodeKey signs session ids; it is the same on all nodes. At least 16 bytes.
	NodeKey []byte
	// PlayKey signs the paths of files and the addresses of recordings, and binds session ids to itself. Not empty.
	PlayKey []byte
	// PlayKeyBackup is also accepted while a key is rotated. May be empty.
	PlayKeyBackup []byte
	// Addresses is what addresses begin with.
	Addresses address.Base

	// LeastAge is how long ago the time must be at the least that a time shift begins at (spec css §5.1). Default 30 s.
	LeastAge time.Duration
	// MaxShift is the longest time that may be asked for at once. Default 6 h.
	MaxShift time.Duration
	// Segment is the longest a segment of a recording usually is: the target duration of playlists that grow. Whole seconds.
	// Default 10 s.
	Segment time.Duration

	// SessionIdle is how long a session lives in which nothing is asked for. Default 60 s.
	SessionIdle time.Duration
	// SessionAge is how long it lives at most, and the least that the paths of its files do. Default 12 h.
	SessionAge time.Duration
	// MaxSessions is how many sessions are remembered; those beyond are served but not counted. Default 200000.
	MaxSessions int
	// CacheBytes bounds the playlists that are kept. Default 32 MiB.
	CacheBytes int
}

// minNodeKeyBytes is the shortest node key that New accepts.
const minNodeKeyBytes = 16

func (c Config) withDefaults() Config {
	or(&c.LeastAge, 30*time.Second)
	or(&c.MaxShift, 6*time.Hour)
	or(&c.Segment, 10*time.Second)
	or(&c.SessionIdle, time.Minute)
	or(&c.SessionAge, 12*time.Hour)
	or(&c.MaxSessions, 200_000)
	or(&c.CacheBytes, 32<<20)
	return c
}

func or[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

// Validate names the first field with a value that makes no sense. It expects defaults to be filled in.
func (c Config) Validate() error {
	switch {
	case len(c.NodeKey) < minNodeKeyBytes:
		return fmt.Errorf("vod: NodeKey has %d bytes, must have at least %d", len(c.NodeKey), minNodeKeyBytes)
	case len(c.PlayKey) == 0:
		return errors.New("vod: PlayKey must not be empty")
	case c.Segment < time.Second || c.Segment%time.Second != 0:
		return fmt.Errorf("vod: Segment is %v, must be whole seconds", c.Segment)
	case c.MaxSessions < 1 || c.CacheBytes < 1:
		return fmt.Errorf("vod: MaxSessions is %d and CacheBytes %d, must be above 0", c.MaxSessions, c.CacheBytes)
	}
	for _, d := range []struct {
		name  string
		value time.Duration
	}{{"LeastAge", c.LeastAge}, {"MaxShift", c.MaxShift}, {"SessionIdle", c.SessionIdle}, {"SessionAge", c.SessionAge}} {
		if d.value < 0 {
			return fmt.Errorf("vod: %s is %v, must not be below 0", d.name, d.value)
		}
	}
	return nil
}

// Gatekeeper says whether a request may play, as hls.Gatekeeper does; Request.Protocol is stream.Playback, stream.TimeShift or
// stream.Recording, whose address was checked here. An error is a *stream.Refusal, or something unexpected.
type Gatekeeper interface {
	Authorize(ctx context.Context, req stream.Request) error
	Enter(ctx context.Context, req stream.Request) (leave func(), err error)
	Reenter(ctx context.Context, req stream.Request, watching bool) (leave func(), err error)
}

// Rooms says what rooms show.
type Rooms interface {
	// Shown is the room of a stream and the programme that it plays back now; empty: none of ours.
	Shown(ctx context.Context, stream string) (room, programme string, err error)
}

// Programmes are what rooms play back (programme.Service).
type Programmes interface {
	Programme(ctx context.Context, room, id string) (programme.Programme, error)
}

// Chat answers the chat of what a session plays: of these recordings, one after the other, as they are played: those that are gone take
// no time (replay.Service).
type Chat interface {
	ServeChat(w http.ResponseWriter, r *http.Request, recordings []string)
}

// Downloads are the files that were made of recordings.
type Downloads interface {
	// Files names those of a recording: its id, an export's and a number behind it (id-export-1, or id-1, or nothing), and .mp4 or .flv.
	Files(ctx context.Context, recording string) ([]string, error)
	// Download opens one, and names it as somebody would keep it, without extension. An error that is fs.ErrNotExist says that
	// it is not there.
	Download(ctx context.Context, recording, file string) (o blob.Object, title string, err error)
}

// Deps are what a server leans on. Window, Chat and Downloads may be nil.
type Deps struct {
	// Window is how far back a room may be watched while it is live; 0: not at all. Nil: as far as it is recorded.
	Window func(ctx context.Context, room string) (time.Duration, error)

	Library    record.Library
	Rooms      Rooms
	Programmes Programmes
	Admit      Gatekeeper
	Chat       Chat
	Downloads  Downloads
	Log        *slog.Logger
}

// Server plays recordings. It is an http.Handler.
type Server struct {
	cfg      Config
	deps     Deps
	log      *slog.Logger
	signer   *pass.Signer
	sessions *pass.Sessions
	bodies   *bodies
	began    time.Time
	counts   counters
}

// New returns a server. Run counts its sessions out.
func New(cfg Config, deps Deps) (*Server, error) {
	cfg = cfg.withDefaults()
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	s := &Server{
		cfg: cfg, deps: deps, log: deps.Log, signer: pass.NewSigner("vod", cfg.NodeKey, cfg.PlayKey, cfg.PlayKeyBackup),
		sessions: pass.NewSessions(cfg.SessionIdle, cfg.SessionAge, cfg.MaxSessions), bodies: newBodies(cfg.CacheBytes), began: time.Now(),
	}
	s.sessions.Return = true
	return s, nil
}

// sweepEvery is how often sessions are looked for that nobody uses.
const sweepEvery = 5 * time.Second

// Run counts out who has left until ctx ends.
func (s *Server) Run(ctx context.Context) error {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case now := <-tick.C:
			s.sessions.Sweep(now)
		}
	}
}

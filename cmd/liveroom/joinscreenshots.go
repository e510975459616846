package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"liveroom/internal/ffmpeg"
	"liveroom/live"
	"liveroom/live/blob"
	"liveroom/live/snapshot"
	"liveroom/status"
	"liveroom/web"
	"liveroom/web/callback"
	"liveroom/web/peer"
)

// shotPath is where other nodes ask for a picture of a room whose push comes to this one: shotPath + room.
const shotPath = "/internal/screenshots/"

// maxShotAnswer bounds that answer.
const maxShotAnswer = 64 << 10

// shots are the pictures of what is pushed, as the API has them.
type shots struct {
	*snapshot.Service          // nil: none can be kept
	programs          programs // that make them
	why               error    // why none can be kept
	covers            *web.Covers
	rooms             func(ctx context.Context, id string) (live.Room, error)
	state             func(ctx context.Context, room string) (status.State, error)
	elsewhere         func(ctx context.Context, stream string) (node string, ok bool) // where a stream is pushed, if not here; nil: this node is alone
	ask               *peer.Client
}

var _ web.Screenshots = (*shots)(nil)

// joinScreenshots makes what takes pictures, over the store of recordings.
func (p *program) joinScreenshots(keys Secrets) {
	p.shots = &shots{
		programs: programs{ffmpeg.New(ffmpeg.Config{Path: p.set.FFmpeg})}, why: p.blobsWhy,
		covers: &web.Covers{PublicURL: p.set.PublicURL, Key: []byte(keys.NodeKey), Every: p.set.screenshots()},
		rooms:  p.stores.rooms.Room, state: p.machine.State,
	}
	if p.blobs == nil {
		return
	}
	p.shots.Service = snapshot.New(snapshot.Config{
		Widths: p.set.ShotWidths, Keep: p.set.ShotKeep, Sources: p.shotSources, Taken: p.shotTaken,
	}, p.hub, snapshot.Encoder{Programs: p.shots.programs}, p.blobs, p.log)
	p.machine.WatchOwn(func(s status.State) {
		if s.Deleted {
			p.shots.Gone(s.Record.Room)
		}
	})
	if p.cluster == nil {
		return
	}
	p.shots.ask = p.cluster.ask
	p.shots.elsewhere = func(ctx context.Context, stream string) (string, bool) {
		at, ok := p.edges.Where(ctx, stream)
		return at.Node, ok && at.Node != "" && !at.Here
	}
	p.cluster.peers.Handle("POST "+shotPath+"{room}", http.HandlerFunc(p.shots.serve))
}

// shotSources are the rooms whose push is here, and how often pictures are taken of each.
func (p *program) shotSources(ctx context.Context) (all []snapshot.Source) {
	for _, r := range p.rooms.Pushing(ctx) {
		all = append(all, snapshot.Source{Room: r.ID, Stream: r.Stream, Every: r.Screenshots.Or(p.set.screenshots()), Made: r.CreatedAt})
	}
	return all
}

// shotTaken tells backends of a picture.
func (p *program) shotTaken(ctx context.Context, t snapshot.Taken) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	room, err := p.stores.rooms.Room(ctx, t.Room)
	if missing := (*live.Error)(nil); errors.As(err, &missing) {
		return // the room is gone
	}
	if err != nil {
		p.log.Warn("backends are not told of a screenshot", "room", t.Room, "err", err)
		return
	}
	for _, s := range t.Shots {
		if s.At.Before(room.CreatedAt.Truncate(time.Millisecond)) {
			return // it is of another room of that name, and not shown
		}
		address := p.shots.covers.Shot(room, s)
		path := address
		if u, err := url.Parse(address); err == nil {
			path = u.RequestURI()
		}
		p.callbacks.media.Screenshot(callback.Picture{
			Source: callback.Source{Room: t.Room, Stream: t.Stream, App: p.set.app()},
			At:     s.At, Width: s.Width, Height: s.Height, Bytes: s.Bytes, Path: path, URL: address,
		})
	}
}

// actors are what takes pictures.
func (s *shots) actors() []actor {
	if s.Service == nil {
		return nil
	}
	return []actor{{"screenshots", s.Run}}
}

// jobs remove pictures of rooms that are gone, once in the cluster. A program of a test may have no pictures at all.
func (s *shots) jobs() []job {
	if s == nil || s.Service == nil {
		return nil
	}
	return []job{{"screenshots", "@every 1h", func(ctx context.Context) error { return s.Sweep(ctx, s.made) }}}
}

// made is when a room was made; the zero time: there is no such room.
func (s *shots) made(ctx context.Context, id string) (time.Time, error) {
	r, err := s.rooms(ctx, id)
	if missing := (*live.Error)(nil); errors.As(err, &missing) && missing.Code == "not_found" {
		return time.Time{}, nil
	}
	return r.CreatedAt, err
}

// unkept is why no picture is kept here.
func (s *shots) unkept() error {
	if s.Service != nil {
		return nil
	}
	why := "nothing is kept here"
	if e := (*live.Error)(nil); errors.As(s.why, &e) {
		why = e.Detail
	}
	return &snapshot.Unavailable{Why: why}
}

// Available implements web.Screenshots.
func (s *shots) Available() error {
	if err := s.unkept(); err != nil {
		return err
	}
	return s.programs.Available()
}

// Shots implements web.Screenshots.
func (s *shots) Shots(ctx context.Context, room string, made time.Time) ([]snapshot.Shot, error) {
	if err := s.unkept(); err != nil {
		return nil, err
	}
	return s.Service.Shots(ctx, room, made)
}

// Cover implements web.Screenshots.
func (s *shots) Cover(ctx context.Context, room string, made time.Time, width int) (snapshot.Picture, error) {
	if err := s.unkept(); err != nil {
		return snapshot.Picture{}, err
	}
	return s.Service.Cover(ctx, room, made, width)
}

// Open implements web.Screenshots.
func (s *shots) Open(ctx context.Context, room string, shot snapshot.Shot) (snapshot.Picture, error) {
	if err := s.unkept(); err != nil {
		return snapshot.Picture{}, err
	}
	return s.Service.Open(ctx, room, shot)
}

// Take implements web.Screenshots: on the node that has the push. Of a room that is paused there is none, also where its stream has
// not heard of that yet.
func (s *shots) Take(ctx context.Context, r live.Room) ([]snapshot.Shot, error) {
	if err := s.unkept(); err != nil {
		return nil, err
	}
	if state, err := s.state(ctx, r.ID); err != nil {
		return nil, err
	} else if state.Gated() {
		return nil, snapshot.ErrNoStream
	}
	if s.elsewhere != nil {
		if node, ok := s.elsewhere(ctx, r.Stream); ok {
			return s.takeAt(ctx, node, r.ID)
		}
	}
	return s.Service.Take(ctx, r.ID)
}

// shotAnswer is what a node says that was asked for a picture.
type shotAnswer struct {
	Shots []snapshot.Shot
	Why   string // of none; empty: the picture is there
	Text  string // beside it
}

// shotErrors are what it may say, by word.
var shotErrors = map[string]error{
	"no_stream": snapshot.ErrNoStream, "no_picture": snapshot.ErrPicture, "busy": snapshot.ErrBusy,
	"store_full": blob.ErrFull, "store_unavailable": blob.ErrUnavailable,
}

// serve takes a picture for another node.
func (s *shots) serve(w http.ResponseWriter, r *http.Request) {
	var a shotAnswer
	shots, err := s.Service.Take(r.Context(), r.PathValue("room"))
	if err == nil {
		a.Shots = shots
	} else {
		a.Why = "other"
		for word, e := range shotErrors {
			if errors.Is(err, e) {
				a.Why = word
			}
		}
		if none := (*snapshot.Unavailable)(nil); errors.As(err, &none) {
			a.Why, a.Text = "unavailable", none.Why
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(a) // the other node may be gone
}

// takeAt has another node take a picture.
func (s *shots) takeAt(ctx context.Context, node, room string) ([]snapshot.Shot, error) {
	resp, err := s.ask.Do(ctx, peer.Call{Node: node, Method: http.MethodPost, Path: shotPath + url.PathEscape(room)})
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	var a shotAnswer
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("screenshot at node %s: status %d", node, resp.StatusCode)
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxShotAnswer)).Decode(&a); err != nil {
		return nil, fmt.Errorf("screenshot at node %s: %w", node, err)
	}
	switch e := shotErrors[a.Why]; {
	case a.Why == "":
		return a.Shots, nil
	case a.Why == "unavailable":
		return nil, &snapshot.Unavailable{Why: "on the node that has the push: " + a.Text}
	case e != nil:
		return nil, e
	}
	return nil, fmt.Errorf("node %s took no screenshot of room %s; its log says why", node, room)
}

// programs runs ffmpeg for those who need it.
type programs struct{ *ffmpeg.Supervisor }

// Run implements snapshot.Programs.
func (p programs) Run(ctx context.Context, key string, args []string, input [][]byte, outputs int) ([][]byte, error) {
	return p.Supervisor.Run(ctx, ffmpeg.Job{Key: key, Args: args, Input: input, Outputs: outputs})
}

// Available implements snapshot.Programs.
func (p programs) Available() error {
	if err := p.Supervisor.Available(); err != nil {
		return &snapshot.Unavailable{Why: err.Error() + "; install ffmpeg, or name it with --ffmpeg"}
	}
	return nil
}

// shotMetrics are the pictures that were taken on this node, and what they cost.
func (p *program) shotMetrics() []web.Sample {
	if p.shots.Service == nil {
		return nil
	}
	st, run := p.shots.Stats(), p.shots.programs.Stats()
	out := []web.Sample{
		gauge("screenshot_rooms", "Rooms pushed here of which pictures are taken.", st.Rooms),
		gauge("screenshot_waiting", "Rooms whose picture is due and waits for its turn.", st.Waiting),
		counter("screenshots_taken_total", "Pictures taken.", st.Taken),
		counter("screenshots_skipped_total", "Pictures left out because it was other rooms' turn.", st.Skipped),
		counter("screenshot_bytes_total", "Bytes of them, in all sizes.", st.Bytes),
		counter("screenshots_removed_total", "Objects removed: old ones, and those of rooms that are gone.", st.Removed),
		gauge("ffmpeg_running", "Processes of ffmpeg that run.", run.Running),
		gauge("ffmpeg_limit", "How many may.", p.shots.programs.AtOnce()),
		counter("ffmpeg_started_total", "Processes started.", run.Started),
		counter("ffmpeg_failed_total", "Of them, those that failed or were killed.", run.Failed),
		counter("ffmpeg_timeouts_total", "Of them, those that took too long.", run.Timeouts),
		counter("ffmpeg_paced_total", "Processes not started because what they were for failed lately.", run.Paced),
		{Name: "ffmpeg_seconds_total", Help: "How long processes ran, all together.", Counter: true, Value: run.Busy.Seconds()},
	}
	for reason, n := range st.Failed {
		out = append(out, counter("screenshots_failed_total", "Pictures that were not taken, by reason: picture (none could be made), full, store.", n,
			web.Label{Name: "reason", Value: reason}))
	}
	return out
}

// screenshots is how often a picture is taken where the room does not say; 0: never.
func (s *Settings) screenshots() time.Duration {
	if s.Screenshots == nil {
		return 0
	}
	return *s.Screenshots
}

// validScreenshots says which setting of screenshots can't be used.
func (s *Settings) validScreenshots() error {
	if every := s.screenshots(); every != 0 && (every < live.MinScreenshots || every > live.MaxScreenshots) {
		return fmt.Errorf("screenshots is %s, must be 0 (none) or from %s to %s", every, live.MinScreenshots, live.MaxScreenshots)
	}
	if len(s.ShotWidths) == 0 || len(s.ShotWidths) > maxShotWidths {
		return fmt.Errorf("screenshot-widths has %d, must have from 1 to %d", len(s.ShotWidths), maxShotWidths)
	}
	for _, w := range s.ShotWidths {
		if w != 0 && (w < 16 || w > snapshot.MaxWidth) {
			return fmt.Errorf("screenshot-widths: %d must be 0 (the stream's) or from 16 to %d", w, snapshot.MaxWidth)
		}
	}
	if s.ShotKeep < 1 || s.ShotKeep > 1000 {
		return fmt.Errorf("screenshot-keep is %d, must be from 1 to 1000", s.ShotKeep)
	}
	if s.FFmpeg == "" {
		return errors.New("ffmpeg must not be empty")
	}
	return nil
}

// maxShotWidths is how many sizes a picture may have.
const maxShotWidths = 4

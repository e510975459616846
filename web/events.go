package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"liveroom/live"
	"liveroom/status"
)

type eventsIn struct {
	Rooms       string `query:"rooms" maxLength:"24500" doc:"Up to 500 room ids, separated by commas; absent: all rooms."`
	LastEventID string `header:"Last-Event-ID" maxLength:"32" doc:"Go on after this event."`
}

func (s *Server) registerEvents() {
	op := s.operation("events", http.MethodGet, "/events", "status", "Follow status changes as server-sent events", tokenHolder)
	op.Description = "Each change is an event `status` whose data is the record; its id is the place in the installation's one log. " +
		"With Last-Event-ID the stream goes on after that event. Without it, or when the log no longer reaches back that far, " +
		"it begins with `reset`, then one `status` without id for each room as it is now, then `ready`, whose id is the place to resume from."
	op.Description += " A stream that was opened with the cookie of a session ends when that does."
	op.Responses = map[string]*huma.Response{"200": {
		Description: "A stream of events", Content: map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}}},
	}}
	register(s, op, s.events)
}

func (s *Server) events(ctx context.Context, in *eventsIn) (*huma.StreamResponse, error) {
	ids, err := roomList(in.Rooms)
	if err != nil {
		return nil, err
	}
	if s.count.eventStreams.Add(1) > int64(s.cfg.MaxEventStreams) {
		s.count.eventStreams.Add(-1)
		return nil, newProblem(http.StatusServiceUnavailable, "busy", "too many event streams are open").retry(5 * time.Second)
	}
	session := callerOf(ctx).session
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		defer s.count.eventStreams.Add(-1)
		w := humagin.Unwrap(ctx).Writer
		h := w.Header()
		h.Set("Content-Type", "text/event-stream")
		h.Set("X-Accel-Buffering", "no")
		w.WriteHeader(http.StatusOK)
		e := &eventStream{s: s, session: session, w: w, out: http.NewResponseController(w)}
		if len(ids) > 0 {
			e.only = map[string]bool{}
			for _, id := range ids {
				e.only[id] = true
			}
		}
		// Whatever ends a stream, the client comes back by itself and resumes.
		if err := e.run(ctx.Context(), in.LastEventID); err != nil && ctx.Context().Err() == nil {
			s.log.Debug("event stream ended", "requestId", requestID(ctx.Context()), "err", err)
		}
	}}, nil
}

// eventStream writes one client's events.
type eventStream struct {
	s       *Server
	session string // by which it was asked for; empty: by an API token
	w       http.ResponseWriter
	out     *http.ResponseController
	only    map[string]bool // nil: all rooms
	at      uint64          // place in the log
}

// signedOut says whether the session ended by which the stream was asked for. While the store is away it goes on.
func (e *eventStream) signedOut(ctx context.Context) bool {
	if e.session == "" {
		return false
	}
	alive, err := e.s.sessions.Alive(ctx, e.session)
	return err == nil && !alive
}

var errSignedOut = errors.New("web: its session has ended")

var errServerStops = errors.New("web: the server stops")

func (e *eventStream) run(ctx context.Context, lastEventID string) error {
	if err := e.write(": welcome\n\n"); err != nil { // sends the headers even if nothing follows for long
		return err
	}
	at, err := strconv.ParseUint(lastEventID, 10, 64)
	if e.at = at; err != nil {
		if err := e.reset(ctx); err != nil {
			return err
		}
	}
	beat := time.NewTicker(e.s.cfg.Heartbeat)
	defer beat.Stop()
	for {
		grown := e.s.feed.growth() // before reading, so that nothing slips between
		err := e.forward(ctx)
		if errors.Is(err, status.ErrGone) {
			err = e.reset(ctx)
		}
		if err != nil {
			return err
		}
		select {
		case <-grown:
		case <-beat.C:
			if e.signedOut(ctx) {
				return errSignedOut
			}
			// An event without data is none, but moves the place to resume from past other rooms' changes.
			if err := e.write(": still here\nid: " + strconv.FormatUint(e.at, 10) + "\n\n"); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		case <-e.s.feed.ended:
			return errServerStops
		}
	}
}

// forward writes what the log holds after e.at.
func (e *eventStream) forward(ctx context.Context) error {
	for {
		entries, err := e.s.feed.log.Events(ctx, e.at, followLimit)
		if err != nil {
			return err
		}
		for _, entry := range entries {
			if e.only == nil || e.only[entry.Record.Room] {
				if err := e.event("status", strconv.FormatUint(entry.Seq, 10), recordOf(entry.Record)); err != nil {
					return err
				}
			}
			e.at = entry.Seq
		}
		if len(entries) < followLimit {
			return nil
		}
	}
}

// reset writes all rooms as they are now. The place to resume from is taken before they are read: a change in between
// comes once more, which (epoch, version) tells.
func (e *eventStream) reset(ctx context.Context) error {
	head, err := e.s.feed.log.EventHead(ctx)
	if err != nil {
		return err
	}
	if err := e.event("reset", "", struct{}{}); err != nil {
		return err
	}
	if err := e.present(ctx); err != nil {
		return err
	}
	e.at = head
	return e.event("ready", strconv.FormatUint(head, 10), struct{}{})
}

func (e *eventStream) present(ctx context.Context) error {
	if e.only != nil {
		ids := make([]string, 0, len(e.only))
		for id := range e.only {
			ids = append(ids, id)
		}
		found, err := e.s.many(ctx, ids)
		if err != nil {
			return err
		}
		for _, l := range found {
			if l != nil {
				if err := e.event("status", "", recordOf(l.Record)); err != nil {
					return err
				}
			}
		}
		return nil
	}
	for q := (live.ListQuery{Limit: 200}); ; {
		page, next, err := e.s.rooms.Rooms(ctx, q)
		if err != nil {
			return err
		}
		for _, l := range page {
			if err := e.event("status", "", recordOf(l.Record)); err != nil {
				return err
			}
		}
		if q.After = next; next == "" {
			return nil
		}
	}
}

// event writes one event; without id the place to resume from stays what it was.
func (e *eventStream) event(kind, id string, data any) error {
	body, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("encode event: %w", err)
	}
	text := "event: " + kind + "\ndata: " + string(body) + "\n\n"
	if id != "" {
		text = "id: " + id + "\n" + text
	}
	return e.write(text)
}

// eventWriteTimeout is how long a client may stand still before its stream is closed.
const eventWriteTimeout = 10 * time.Second

func (e *eventStream) write(text string) error {
	if err := e.out.SetWriteDeadline(time.Now().Add(eventWriteTimeout)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := e.w.Write([]byte(text)); err != nil {
		return err
	}
	return e.out.Flush()
}

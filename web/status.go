package web

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/sync/errgroup"

	"liveroom/live"
)

// maxWait is how long a status request may be held.
const maxWait = time.Minute

// maxRooms is how many rooms one call may name.
const maxRooms = 500

// ViewersBody counts play sessions.
type ViewersBody struct {
	Total int `json:"total" doc:"Play sessions, whether or not their people are in the chat as well."`
	RTMP  int `json:"rtmp"`
	FLV   int `json:"flv" doc:"HTTP-FLV."`
	WSFLV int `json:"wsflv" doc:"WebSocket-FLV."`
	HLS   int `json:"hls" doc:"Sessions that asked for their playlist within the last minute."`
}

func viewersBody(v live.Viewers) ViewersBody {
	return ViewersBody{Total: v.Total(), RTMP: v.RTMP, FLV: v.FLV, WSFLV: v.WSFLV, HLS: v.HLS}
}

// StatusBody is a status record with the number of people beside it.
type StatusBody struct {
	Record
	Online  int         `json:"online" doc:"How many people are there, in chat or watching. Not part of the versioned record."`
	Viewers ViewersBody `json:"viewers" doc:"Not part of the versioned record."`
}

func (s *Server) statusBody(l live.Listed) StatusBody {
	return StatusBody{Record: recordOf(l.Record), Online: s.rooms.Online(l.Room), Viewers: viewersBody(s.rooms.Viewers(l.Room))}
}

// etag is "epoch-version" while nobody is there, otherwise with the people and the viewers by protocol behind it: two bodies
// that differ in those only must not be taken for the same. What a caller waits for is the record, whatever the tag.
func (b StatusBody) etag() string {
	tag := b.Epoch + "-" + strconv.FormatUint(b.Version, 10)
	if b.Online != 0 || b.Viewers.Total != 0 {
		tag += fmt.Sprintf("-%d-%d.%d.%d.%d", b.Online, b.Viewers.RTMP, b.Viewers.FLV, b.Viewers.WSFLV, b.Viewers.HLS)
	}
	return `"` + tag + `"`
}

// matches says whether an If-None-Match header names the tag.
func matches(header, tag string) bool {
	for candidate := range strings.SplitSeq(header, ",") {
		candidate = strings.TrimPrefix(strings.TrimSpace(candidate), "W/")
		if candidate == tag || candidate == "*" {
			return true
		}
	}
	return false
}

type statusIn struct {
	RoomPath
	IfNoneMatch string `header:"If-None-Match" maxLength:"1024"`
	Wait        string `query:"wait" maxLength:"32" doc:"Hold the answer until the record is newer than epoch and version say, at most this long (up to 60s)." example:"30s"`
	Epoch       string `query:"epoch" maxLength:"64" doc:"Of the record you have. With another epoch the answer comes at once."`
	Version     uint64 `query:"version" doc:"Of the record you have."`
}

type statusOut struct {
	Status int
	ETag   string `header:"ETag"`
	Cache  string `header:"Cache-Control"`
	Body   StatusBody
}

func (s *Server) registerStatus() {
	op := s.operation("room-status", http.MethodGet, "/rooms/{room}/status", "status", "Show a room's status, or wait for the next", anyone)
	op.Description = "The ETag is epoch-version, and where people are there something behind it that differs with their numbers. 304 answers an If-None-Match with the present tag."
	register(s, op, s.roomStatus)
	s.api.OpenAPI().Paths[op.Path].Get.Responses["304"] = &huma.Response{Description: "Nothing has changed"}
	register(s, s.operation("statuses", http.MethodGet, "/statuses", "status", "Show many rooms' status", anyone), s.statuses)
}

func (s *Server) roomStatus(ctx context.Context, in *statusIn) (*statusOut, error) {
	l, err := s.awaited(ctx, in)
	if err != nil {
		return nil, err
	}
	body := s.statusBody(l)
	out := &statusOut{Status: http.StatusOK, ETag: body.etag(), Cache: "no-cache", Body: body}
	if in.IfNoneMatch != "" && matches(in.IfNoneMatch, out.ETag) {
		out.Status = http.StatusNotModified
	}
	return out, nil
}

// awaited returns the room once its record is newer than what the caller has, or when the time is over.
func (s *Server) awaited(ctx context.Context, in *statusIn) (live.Listed, error) {
	var held Duration
	if in.Wait == "" {
		return s.rooms.Room(ctx, in.Room)
	}
	err := held.UnmarshalText([]byte(in.Wait))
	wait := time.Duration(held)
	switch {
	case err != nil:
		return live.Listed{}, newProblem(http.StatusUnprocessableEntity, "invalid", err.Error()).at("wait")
	case wait > maxWait:
		return live.Listed{}, newProblem(http.StatusUnprocessableEntity, "invalid", "must be at most 60s").at("wait")
	case in.Epoch == "":
		return live.Listed{}, newProblem(http.StatusUnprocessableEntity, "invalid", "wait needs the epoch of the record you have").at("epoch")
	}
	if s.count.waits.Add(1) > int64(s.cfg.MaxWaits) {
		s.count.waits.Add(-1)
		return live.Listed{}, newProblem(http.StatusServiceUnavailable, "busy", "too many requests are waiting; ask without wait").retry(5 * time.Second)
	}
	defer s.count.waits.Add(-1)
	over := time.NewTimer(wait)
	defer over.Stop()
	for {
		changed, forget := s.feed.changes(in.Room) // before reading, so that nothing slips between
		l, err := s.rooms.Room(ctx, in.Room)
		if err != nil || l.Record.Epoch != in.Epoch || l.Record.Version > in.Version {
			forget()
			return l, err
		}
		select {
		case <-changed:
		case <-over.C:
			forget()
			return l, nil
		case <-ctx.Done():
			forget()
			return live.Listed{}, ctx.Err()
		case <-s.feed.ended:
			forget()
			return l, nil // the server stops: what there is, so that the client asks another
		}
	}
}

type statusesIn struct {
	Rooms string `query:"rooms" required:"true" maxLength:"24500" doc:"Up to 500 room ids, separated by commas." example:"demo,another"`
}

type statusesOut struct {
	Body struct {
		Statuses []StatusBody `json:"statuses" doc:"In the order asked for."`
		Missing  []string     `json:"missing" doc:"Rooms that don't exist."`
	}
}

func (s *Server) statuses(ctx context.Context, in *statusesIn) (*statusesOut, error) {
	ids, err := roomList(in.Rooms)
	if err != nil {
		return nil, err
	}
	found, err := s.many(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := &statusesOut{}
	out.Body.Statuses, out.Body.Missing = []StatusBody{}, []string{}
	for i, l := range found {
		if l == nil {
			out.Body.Missing = append(out.Body.Missing, ids[i])
			continue
		}
		out.Body.Statuses = append(out.Body.Statuses, s.statusBody(*l))
	}
	return out, nil
}

var roomID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,48}$`)

// roomList reads a list of room ids; each once, empty for none.
func roomList(text string) ([]string, error) {
	var ids []string
	seen := map[string]bool{}
	for id := range strings.SplitSeq(text, ",") {
		id = strings.TrimSpace(id)
		switch {
		case id == "" || seen[id]:
			continue
		case !roomID.MatchString(id):
			return nil, newProblem(http.StatusUnprocessableEntity, "invalid", "each room id has 1 to 48 letters, digits, _ or -").at("rooms")
		case len(ids) == maxRooms:
			return nil, newProblem(http.StatusUnprocessableEntity, "invalid", "at most 500 rooms").at("rooms")
		}
		seen[id] = true
		ids = append(ids, id)
	}
	return ids, nil
}

// many loads rooms side by side; one that doesn't exist is nil.
func (s *Server) many(ctx context.Context, ids []string) ([]*live.Listed, error) {
	out := make([]*live.Listed, len(ids))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(8)
	for i, id := range ids {
		g.Go(func() error {
			l, err := s.rooms.Room(ctx, id)
			if err == nil {
				out[i] = &l
			} else if p := known(err); p == nil || p.Status != http.StatusNotFound {
				return err
			}
			return nil
		})
	}
	return out, g.Wait()
}

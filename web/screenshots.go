package web

import (
	"context"
	_ "embed"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"liveroom/live"
	"liveroom/live/blob"
	"liveroom/live/snapshot"
)

// Screenshots takes pictures of what is pushed, and reads them (snapshot.Service).
type Screenshots interface {
	// Available says why none can be taken: a *snapshot.Unavailable.
	Available() error
	Take(ctx context.Context, r live.Room) ([]snapshot.Shot, error)
	Shots(ctx context.Context, room string, made time.Time) ([]snapshot.Shot, error)
	Cover(ctx context.Context, room string, made time.Time, width int) (snapshot.Picture, error)
	Open(ctx context.Context, room string, shot snapshot.Shot) (snapshot.Picture, error)
}

// placeholder is the cover before the first picture.
//
//go:embed placeholder.jpg
var placeholder []byte

// How long pictures may be cached. A cover changes under its address; a picture does not, but goes with its room.
const (
	cacheCover = "public, max-age=5"
	cacheShot  = "public, max-age=3600"
)

// takeTime is how long taking a picture may take.
const takeTime = 30 * time.Second

func (s *Server) registerScreenshots() {
	const tag = "screenshots"
	has := s.screenshots != nil
	offer(s, has, s.operation("list-screenshots", http.MethodGet, "/rooms/{room}/screenshots", tag, "List a room's screenshots", tokenOrAnchor), s.listShots)
	op := s.operation("take-screenshot", http.MethodPost, "/rooms/{room}/screenshots", tag, "Take a screenshot now", tokenOrAnchor)
	op.DefaultStatus = http.StatusCreated
	op.Description = "It is taken of the newest keyframe. Where none came since the last screenshot, that one is the answer."
	offer(s, has, op, s.takeShot)
	picture := func(id, path, summary string) huma.Operation {
		op := s.operation(id, http.MethodGet, path, tag, summary, anyone)
		op.Responses = map[string]*huma.Response{
			"200": {Description: "The picture", Content: map[string]*huma.MediaType{"image/jpeg": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}},
			"304": {Description: "Nothing has changed"},
		}
		return op
	}
	offer(s, has, picture("show-cover", "/rooms/{room}/cover.jpg", "Show a room's cover: its newest screenshot, or a placeholder"), s.showCover)
	offer(s, has, picture("show-screenshot", "/rooms/{room}/screenshots/{file}", "Show a screenshot"), s.showShot)
}

// ShotBody is one size of a screenshot.
type ShotBody struct {
	At     Time   `json:"at"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
	Bytes  int64  `json:"bytes"`
	URL    string `json:"url" doc:"Where it is to be had. Of rooms whose stream needs a signature it carries one, good for this day and the next (UTC)."`
}

type shotsOut struct {
	Body struct {
		Screenshots []ShotBody `json:"screenshots" doc:"Newest first, the sizes of each one after the other, the largest first."`
	}
}

func (s *Server) shots(r live.Room, shots []snapshot.Shot) *shotsOut {
	out := &shotsOut{}
	out.Body.Screenshots = make([]ShotBody, len(shots))
	for i, shot := range shots {
		out.Body.Screenshots[i] = ShotBody{Time{shot.At}, shot.Width, shot.Height, shot.Bytes, s.covers.Shot(r, shot)}
	}
	return out
}

func (s *Server) listShots(ctx context.Context, in *RoomPath) (*shotsOut, error) {
	l, err := s.mayDrive(ctx, in.Room)
	if err != nil {
		return nil, err
	}
	shots, err := s.screenshots.Shots(ctx, l.Room.ID, l.Room.CreatedAt)
	if err != nil {
		return nil, shotProblem(err)
	}
	return s.shots(l.Room, shots), nil
}

func (s *Server) takeShot(ctx context.Context, in *RoomPath) (*shotsOut, error) {
	l, err := s.mayDrive(ctx, in.Room)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, takeTime)
	defer cancel()
	shots, err := s.screenshots.Take(ctx, l.Room)
	if err != nil {
		return nil, shotProblem(err)
	}
	return s.shots(l.Room, shots), nil
}

type coverIn struct {
	RoomPath
	C           string `query:"c" maxLength:"64" doc:"The signature that the room's cover has, where its stream needs one."`
	Width       int    `query:"width" minimum:"0" maximum:"3840" doc:"The smallest size that is as wide, else the largest; 0: the largest."`
	IfNoneMatch string `header:"If-None-Match" maxLength:"1024"`
}

type pictureOut struct {
	Status       int
	ContentType  string `header:"Content-Type"`
	ETag         string `header:"ETag"`
	CacheControl string `header:"Cache-Control"`
	Body         []byte
}

// answerPicture answers with a picture, unless the client has it.
func answerPicture(file string, jpeg []byte, cache, noneMatch string) *pictureOut {
	out := &pictureOut{Status: http.StatusOK, ContentType: "image/jpeg", ETag: `"` + file + `"`, CacheControl: cache, Body: jpeg}
	if noneMatch != "" && matches(noneMatch, out.ETag) {
		out.Status, out.Body = http.StatusNotModified, nil
	}
	return out
}

func (s *Server) showCover(ctx context.Context, in *coverIn) (*pictureOut, error) {
	l, err := s.rooms.Room(ctx, in.Room)
	if err == nil {
		err = s.covers.may(l.Room, in.C)
	}
	if err != nil {
		return nil, err
	}
	p, err := s.screenshots.Cover(ctx, l.Room.ID, l.Room.CreatedAt, in.Width)
	var none *snapshot.Unavailable
	switch {
	case errors.Is(err, snapshot.ErrNone), errors.As(err, &none):
		return answerPicture("placeholder", placeholder, cacheCover, in.IfNoneMatch), nil
	case err != nil:
		return nil, shotProblem(err)
	}
	return answerPicture(p.File(), p.JPEG, cacheCover, in.IfNoneMatch), nil
}

type shotIn struct {
	RoomPath
	File        string `path:"file" maxLength:"64" doc:"Time and size, as its address has them."`
	C           string `query:"c" maxLength:"64" doc:"The signature that its address has, where the room's stream needs one."`
	IfNoneMatch string `header:"If-None-Match" maxLength:"1024"`
}

func (s *Server) showShot(ctx context.Context, in *shotIn) (*pictureOut, error) {
	l, err := s.rooms.Room(ctx, in.Room)
	if err == nil {
		err = s.covers.may(l.Room, in.C)
	}
	if err != nil {
		return nil, err
	}
	shot, ok := snapshot.ParseFile(in.File)
	if !ok || shot.At.Before(l.Room.CreatedAt.Truncate(time.Millisecond)) {
		return nil, shotProblem(snapshot.ErrNone)
	}
	p, err := s.screenshots.Open(ctx, l.Room.ID, shot)
	if err != nil {
		return nil, shotProblem(err)
	}
	return answerPicture(p.File(), p.JPEG, cacheShot, in.IfNoneMatch), nil
}

// checkShots refuses a rule that can't be followed.
func (s *Server) checkShots(rule live.Screenshots) error {
	if rule.Every == 0 || s.screenshots == nil {
		return nil
	}
	if err := s.screenshots.Available(); err != nil {
		return shotProblem(err)
	}
	return nil
}

// shotProblem is why there is no picture.
func shotProblem(err error) error {
	var none *snapshot.Unavailable
	switch {
	case errors.As(err, &none):
		return newProblem(http.StatusConflict, "screenshots_unavailable", none.Why)
	case errors.Is(err, snapshot.ErrNone):
		return newProblem(http.StatusNotFound, "not_found", "there is no such screenshot")
	case errors.Is(err, snapshot.ErrNoStream):
		return newProblem(http.StatusConflict, "no_stream", "there is nothing to take a screenshot of: nothing is pushed, the room is paused, or no keyframe came yet")
	case errors.Is(err, snapshot.ErrPicture):
		return newProblem(http.StatusConflict, "no_picture", "no picture could be made of what is pushed; the log says why")
	case errors.Is(err, snapshot.ErrBusy):
		return newProblem(http.StatusServiceUnavailable, "busy", "too many screenshots are being taken; try again").retry(2 * time.Second)
	case errors.Is(err, blob.ErrFull):
		return newProblem(http.StatusInsufficientStorage, "store_full", "there is no room left to keep it")
	case errors.Is(err, blob.ErrUnavailable):
		return newProblem(http.StatusServiceUnavailable, "store_unavailable", "what keeps screenshots did not answer; try again").retry(2 * time.Second)
	}
	return err
}

package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"liveroom/chat"
	"liveroom/live"
	"liveroom/live/blob"
	"liveroom/live/record"
	"liveroom/live/record/export"
)

// Recordings is what the API asks of the recordings (record.Service).
type Recordings interface {
	Recording(ctx context.Context, id string) (record.Recording, error)
	List(ctx context.Context, q record.Query) (page []record.Recording, next string, err error)
	Update(ctx context.Context, id string, p record.Patch) (record.Recording, error)
	Delete(ctx context.Context, id string) error
	Start(ctx context.Context, room, by string) (record.Recording, error)
	Stop(ctx context.Context, room, by string) (record.Recording, error)
}

func (s *Server) registerRecordings() {
	has := s.recordings != nil
	op := s.operation("recordings", http.MethodGet, "/recordings", "recordings", "List recordings", tokenOrAnchor)
	op.Description = "The newest first. An anchor names his room."
	offer(s, has, op, s.listRecordings)
	offer(s, has, s.operation("recording", http.MethodGet, "/recordings/{recording}", "recordings", "Show a recording", tokenOrAnchor), s.showRecording)
	offer(s, has, s.operation("change-recording", http.MethodPatch, "/recordings/{recording}", "recordings", "Name a recording, or keep it", tokenOrAnchor), s.changeRecording)
	op = s.operation("delete-recording", http.MethodDelete, "/recordings/{recording}", "recordings", "Delete a recording, its exports and its chat", tokenOrAnchor)
	op.DefaultStatus = http.StatusNoContent
	offer(s, has, op, s.deleteRecording)
	offer(s, has, s.operation("start-recording", http.MethodPost, "/rooms/{room}/recording/start", "recordings", "Record from now on, where the room's rule is to record on demand", tokenOrAnchor), s.startRecording)
	offer(s, has, s.operation("stop-recording", http.MethodPost, "/rooms/{room}/recording/stop", "recordings", "Stop recording", tokenOrAnchor), s.stopRecording)
	s.registerExports()
}

// RecordingBody is a recording.
type RecordingBody struct {
	ID        string   `json:"id" example:"01JD0000000000000000000002"`
	Room      string   `json:"room"`
	Title     string   `json:"title" doc:"Of the room when it began, or as it was named since."`
	Session   string   `json:"session" doc:"The live session, as the status record names it."`
	State     string   `json:"state" enum:"recording,finishing,done,failed" doc:"finishing: its session is over, or it was stopped; its index is being written. failed: nothing was kept of it."`
	Cause     string   `json:"cause" doc:"Why it failed, ended early or has gaps that are not the push's, in words."`
	By        string   `json:"by" doc:"Who asked for it; empty: the room's rule."`
	StartedAt NullTime `json:"startedAt" doc:"When its first picture was pushed; null: there is none yet."`
	EndedAt   NullTime `json:"endedAt"`
	Duration  Duration `json:"duration" doc:"What there is to see: gaps take no time."`
	Gaps      int      `json:"gaps"`
	Bytes     int64    `json:"bytes"`
	Width     int      `json:"width"`
	Height    int      `json:"height"`
	Video     string   `json:"video" doc:"Codec with profile and level (RFC 6381); empty: no pictures."`
	Audio     string   `json:"audio"`
	Of        string   `json:"of" doc:"The recording that it was cut out of; empty: none."`
	Keep      bool     `json:"keep" doc:"Neither its age nor that all recordings take too many bytes removes it."`
	ExpiresAt NullTime `json:"expiresAt" doc:"When its age removes it; null: never."`
}

func recordingBody(r record.Recording) RecordingBody {
	b := RecordingBody{
		ID: r.ID, Room: r.Room, Title: r.Title, Session: r.Session, State: string(r.State), Cause: r.Cause, By: r.By, EndedAt: NullTime{r.EndedAt},
		Duration: Duration(ms(r.Duration)), Gaps: r.Gaps, Bytes: r.Bytes, Width: r.Width, Height: r.Height, Video: r.Video, Audio: r.Audio, Of: r.Of, Keep: r.Pinned,
	}
	if r.Segments > 0 && !r.Zero.IsZero() {
		b.StartedAt = NullTime{r.Zero.Add(ms(r.Start))}
	}
	if !r.Pinned {
		b.ExpiresAt = NullTime{r.ExpiresAt}
	}
	return b
}

func ms(n int64) time.Duration { return time.Duration(n) * time.Millisecond }

// RecordingPath names a recording.
type RecordingPath struct {
	Recording string `path:"recording" pattern:"^[0-9A-Z]{26}$" maxLength:"26" doc:"The recording's id." example:"01JD0000000000000000000002"`
}

var errNoRecording = newProblem(http.StatusNotFound, "not_found", "there is no such recording")

// ofRecording is a recording that the caller may do everything to: with a token any, as the anchor those of his room. What a room of
// the same id left that was deleted before is not his.
func (s *Server) ofRecording(ctx context.Context, id string) (r record.Recording, err error) {
	r, err = s.recordings.Recording(ctx, id)
	if err == nil && r.Kind != record.Full {
		err = record.ErrUnknown // time shift is nobody's to keep
	}
	if err != nil || callerOf(ctx).token {
		return r, err
	}
	l, err := s.mayDrive(ctx, r.Room)
	var missing *live.Error
	switch {
	case errors.As(err, &missing) && missing.Code == "not_found": // the room is gone: nobody is its anchor
		err = errNoRecording
	case err == nil && !r.OfRoom(l.Room.CreatedAt):
		err = errNoRecording
	}
	return r, err
}

// changing is ofRecording for calls that change something: nobody may flood the audit log with them.
func (s *Server) changing(ctx context.Context, id string) (r record.Recording, err error) {
	if r, err = s.ofRecording(ctx, id); err == nil {
		err = chat.Unhurried(s.audit, s.speaker(ctx))
	}
	return r, err
}

type recordingsIn struct {
	Room    string `query:"room" maxLength:"48" pattern:"^[A-Za-z0-9_-]*$" doc:"Only those of this room; for an API token also of rooms of this id that were deleted before."`
	Session string `query:"session" maxLength:"64" doc:"Only those of this live session."`
	State   string `query:"state" enum:"recording,finishing,done,failed"`
	Limit   int    `query:"limit" minimum:"1" maximum:"100" default:"20"`
	Cursor  string `query:"cursor" maxLength:"26" pattern:"^[0-9A-Z]*$" doc:"nextCursor of the page before."`
}

type recordingsOut struct {
	Body struct {
		Recordings []RecordingBody `json:"recordings" doc:"The newest first."`
		NextCursor string          `json:"nextCursor,omitempty" doc:"Absent on the last page. A page with one may be short, or empty."`
	}
}

func (s *Server) listRecordings(ctx context.Context, in *recordingsIn) (*recordingsOut, error) {
	q := record.Query{Room: in.Room, Session: in.Session, State: record.State(in.State), Kind: record.Full, Limit: in.Limit, After: in.Cursor}
	if !callerOf(ctx).token {
		if in.Room == "" {
			return nil, newProblem(http.StatusForbidden, "not_anchor", "name your room with ?room=; only an API token may list all recordings").at("room")
		}
		l, err := s.mayDrive(ctx, in.Room)
		if err != nil {
			return nil, err
		}
		q.MadeAt = l.Room.CreatedAt
	}
	page, next, err := s.recordings.List(ctx, q)
	if err != nil {
		return nil, err
	}
	out := &recordingsOut{}
	out.Body.Recordings, out.Body.NextCursor = make([]RecordingBody, len(page)), next
	for i, r := range page {
		out.Body.Recordings[i] = recordingBody(r)
	}
	return out, nil
}

type recordingOut struct{ Body RecordingBody }

func (s *Server) showRecording(ctx context.Context, in *RecordingPath) (*recordingOut, error) {
	r, err := s.ofRecording(ctx, in.Recording)
	if err != nil {
		return nil, err
	}
	return &recordingOut{recordingBody(r)}, nil
}

type changeRecordingIn struct {
	RecordingPath
	Body struct {
		Title *string `json:"title,omitempty" maxLength:"120" doc:"At most 120 bytes."`
		Keep  *bool   `json:"keep,omitempty" doc:"true: neither its age nor that all recordings take too many bytes removes it."`
	}
}

func (s *Server) changeRecording(ctx context.Context, in *changeRecordingIn) (*recordingOut, error) {
	r, err := s.changing(ctx, in.Recording)
	if err != nil {
		return nil, err
	}
	if r, err = s.recordings.Update(ctx, in.Recording, record.Patch{Title: in.Body.Title, Keep: in.Body.Keep}); err != nil {
		return nil, err
	}
	detail := map[string]string{}
	if in.Body.Title != nil {
		detail["title"] = *in.Body.Title
	}
	if in.Body.Keep != nil {
		detail["keep"] = strconv.FormatBool(*in.Body.Keep)
	}
	s.record(ctx, r.Group, "recording_change", r.ID, detail)
	return &recordingOut{recordingBody(r)}, nil
}

func (s *Server) deleteRecording(ctx context.Context, in *RecordingPath) (*empty, error) {
	r, err := s.changing(ctx, in.Recording)
	if err != nil {
		return nil, err
	}
	if err := s.recordings.Delete(ctx, in.Recording); err != nil {
		return nil, err
	}
	s.record(ctx, r.Group, "recording_delete", r.ID, map[string]string{"title": r.Title})
	return nil, nil
}

func (s *Server) startRecording(ctx context.Context, in *RoomPath) (*recordingOut, error) {
	return s.recorder(ctx, in.Room, "recording_start", s.recordings.Start)
}

func (s *Server) stopRecording(ctx context.Context, in *RoomPath) (*recordingOut, error) {
	return s.recorder(ctx, in.Room, "recording_stop", s.recordings.Stop)
}

// recorder starts or stops the recording of a room.
func (s *Server) recorder(ctx context.Context, room, action string, do func(ctx context.Context, room, by string) (record.Recording, error)) (*recordingOut, error) {
	ctx, cancel := timed(ctx)
	defer cancel()
	l, err := s.mayDrive(ctx, room)
	if err != nil {
		return nil, err
	}
	who := s.speaker(ctx)
	if err := chat.Unhurried(s.audit, who); err != nil {
		return nil, err
	}
	r, err := do(ctx, room, who.User)
	if err != nil {
		return nil, err
	}
	s.record(ctx, l.Room.GroupID, action, r.ID, nil)
	return &recordingOut{recordingBody(r)}, nil
}

// recordingProblem is a refusal of recordings and exports; nil: it is none.
func recordingProblem(err error) *Problem {
	var own *record.Error
	var span *export.RangeError
	switch {
	case errors.As(err, &own):
		httpStatus := http.StatusConflict
		if own.Code == "invalid" {
			httpStatus = http.StatusUnprocessableEntity
		}
		return newProblem(httpStatus, own.Code, own.Detail).at(own.Field)
	case errors.As(err, &span):
		return newProblem(http.StatusUnprocessableEntity, "invalid", span.Detail).at(span.Field)
	case errors.Is(err, record.ErrUnknown):
		return errNoRecording
	case errors.Is(err, export.ErrUnknown):
		return newProblem(http.StatusNotFound, "not_found", "there is no such export")
	case errors.Is(err, export.ErrUnfinished):
		return newProblem(http.StatusConflict, "recording_unfinished", "the recording is not done yet; try again when its state is done")
	case errors.Is(err, export.ErrUnreadable):
		return newProblem(http.StatusConflict, "recording_unreadable", "a segment at the begin or the end of what is asked for is gone or can't be read; ask for another part")
	case errors.Is(err, export.ErrTooMany):
		return newProblem(http.StatusConflict, "too_many_exports", "a recording has at most "+strconv.Itoa(export.MaxJobs)+" exports and cuts; delete some")
	case errors.Is(err, blob.ErrUnavailable):
		return newProblem(http.StatusServiceUnavailable, "store_unavailable", "the store of recordings did not answer; try again").retry(2 * time.Second)
	}
	return nil
}

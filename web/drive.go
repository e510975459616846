package web

import (
	"context"
	"net/http"
	"time"

	"liveroom/chat"
	"liveroom/live/programme"
	"liveroom/status"
)

// Driver drives a room's status machine. detail is what the caller gives as reason, for people.
type Driver interface {
	Pause(ctx context.Context, id string, by status.Reason, detail string) (status.Record, error)
	Resume(ctx context.Context, id string, by status.Reason, detail string) (status.Record, error)
	End(ctx context.Context, id string, by status.Reason, detail string) (status.Record, error)
	Reopen(ctx context.Context, id string, by status.Reason, detail string) (status.Record, error)
	Playback(ctx context.Context, id string, by status.Reason, url string, over time.Time, detail string) (status.Record, error)
	Drop(ctx context.Context, id, detail string) (status.Record, error)
	Forbid(ctx context.Context, id string, until time.Time, detail string) (status.Record, error)
	Permit(ctx context.Context, id, detail string) (status.Record, error)
}

// DriveBody says why.
type DriveBody struct {
	Reason string `json:"reason,omitempty" maxLength:"200" doc:"Shown to people as the record's detail; at most 200 bytes."`
}

type driveIn struct {
	RoomPath
	Body *DriveBody
}

func (in *driveIn) detail() string {
	if in.Body == nil {
		return ""
	}
	return in.Body.Reason
}

type recordOut struct{ Body Record }

// PlaybackBody says what is played back: recordings of the room, or what is kept elsewhere.
type PlaybackBody struct {
	Recordings []string  `json:"recordings,omitempty" maxItems:"50" doc:"Finished recordings of the room, by id, played one after the other."`
	Recording  string    `json:"recording,omitempty" maxLength:"40" doc:"Short for one."`
	Loop       bool      `json:"loop,omitempty" doc:"Begin anew at the end: the room's page does, other players are not told to. Of recordings only."`
	StartAt    *Duration `json:"startAt,omitempty" doc:"Where players begin; default: 0s. Of recordings only."`
	URL        string    `json:"url,omitempty" maxLength:"1024" doc:"In place of recordings: http or https, ending in .m3u8, .mp4 or .flv." example:"https://example.com/replay.m3u8"`
	Until      *Time     `json:"until,omitempty" doc:"When the playback ends by itself; absent: never."`
	Reason     string    `json:"reason,omitempty" maxLength:"200"`
}

// content is what is played back of recordings; none: an address is given.
func (b PlaybackBody) content() (c programme.Content, err error) {
	c = programme.Content{Recordings: b.Recordings, Loop: b.Loop, StartAt: b.StartAt.value()}
	wrong := func(field, detail string) (programme.Content, error) {
		return c, newProblem(http.StatusUnprocessableEntity, "invalid", detail).at(field)
	}
	if b.Recording != "" {
		if len(c.Recordings) > 0 {
			return wrong("recording", "give either recording or recordings")
		}
		c.Recordings = []string{b.Recording}
	}
	switch of := len(c.Recordings) > 0; {
	case of && b.URL != "":
		return wrong("url", "give either recordings or url")
	case of:
	case b.Loop:
		return wrong("loop", "is of recordings only")
	case b.StartAt != nil:
		return wrong("startAt", "is of recordings only")
	}
	return c, nil
}

// ForbidBody says for how long.
type ForbidBody struct {
	Until  *Time  `json:"until,omitempty" doc:"Absent: until permitted."`
	Reason string `json:"reason,omitempty" maxLength:"200"`
}

func (s *Server) registerDrive() {
	for _, a := range []struct {
		name, summary string
		who           who
		do            func(ctx context.Context, id string, by status.Reason, detail string) (status.Record, error)
	}{
		{"pause", "Pause: nobody sees or hears the anchor", tokenOrAnchor, s.rooms.Pause},
		{"resume", "Resume after a pause", tokenOrAnchor, s.rooms.Resume},
		{"end", "End; pushes are refused until the room is reopened", tokenOrAnchor, s.rooms.End},
		{"reopen", "Reopen an ended room", tokenOrAnchor, s.rooms.Reopen},
		{"drop", "Close the running push; a new one is allowed", tokenHolder, s.drop},
		{"permit", "Take a forbid back", tokenHolder, s.permit},
	} {
		op := s.operation(a.name+"-room", http.MethodPost, "/rooms/{room}/"+a.name, "drive", a.summary, a.who)
		register(s, op, func(ctx context.Context, in *driveIn) (*recordOut, error) {
			return s.drive(ctx, in.Room, a.name, map[string]string{"reason": in.detail()}, func(ctx context.Context, by status.Reason) (status.Record, error) {
				return a.do(ctx, in.Room, by, in.detail())
			})
		})
	}
	register(s, s.operation("playback-room", http.MethodPost, "/rooms/{room}/playback", "drive", "Play back a recording in an ended room", tokenOrAnchor), s.playback)
	register(s, s.operation("forbid-room", http.MethodPost, "/rooms/{room}/forbid", "drive", "End, and refuse pushes and reopening", tokenHolder), s.forbid)
}

// drive lets the room's anchor or a token holder do something to the room, and has it recorded.
func (s *Server) drive(ctx context.Context, id, action string, detail map[string]string, do func(context.Context, status.Reason) (status.Record, error)) (*recordOut, error) {
	ctx, cancel := timed(ctx)
	defer cancel()
	l, err := s.mayDrive(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := chat.Unhurried(s.audit, s.speaker(ctx)); err != nil {
		return nil, err
	}
	rec, err := do(ctx, callerOf(ctx).by())
	if err != nil {
		return nil, err
	}
	s.record(ctx, l.Room.GroupID, action, "", detail)
	return &recordOut{Body: recordOf(rec)}, nil
}

func (s *Server) drop(ctx context.Context, id string, _ status.Reason, detail string) (status.Record, error) {
	return s.rooms.Drop(ctx, id, detail)
}

func (s *Server) permit(ctx context.Context, id string, _ status.Reason, detail string) (status.Record, error) {
	return s.rooms.Permit(ctx, id, detail)
}

type playbackIn struct {
	RoomPath
	Body PlaybackBody
}

func (s *Server) playback(ctx context.Context, in *playbackIn) (*recordOut, error) {
	content, err := in.Body.content()
	if err != nil {
		return nil, err
	}
	if len(content.Recordings) > 0 && s.playbacks == nil {
		return nil, newProblem(http.StatusNotFound, "not_offered", "this server plays no recordings")
	}
	// The address may hold a signature: the log does without.
	return s.drive(ctx, in.Room, "playback", map[string]string{"reason": in.Body.Reason}, func(ctx context.Context, by status.Reason) (status.Record, error) {
		if len(content.Recordings) > 0 {
			return s.playbacks.Play(ctx, in.Room, by, s.speaker(ctx).User, content, in.Body.Until.value(), in.Body.Reason)
		}
		return s.rooms.Playback(ctx, in.Room, by, in.Body.URL, in.Body.Until.value(), in.Body.Reason)
	})
}

type forbidIn struct {
	RoomPath
	Body *ForbidBody
}

func (s *Server) forbid(ctx context.Context, in *forbidIn) (*recordOut, error) {
	body := ForbidBody{}
	if in.Body != nil {
		body = *in.Body
	}
	detail := map[string]string{"reason": body.Reason}
	if body.Until != nil {
		detail["until"] = body.Until.UTC().Format(chat.TimeLayout)
	}
	return s.drive(ctx, in.Room, "forbid", detail, func(ctx context.Context, _ status.Reason) (status.Record, error) {
		return s.rooms.Forbid(ctx, in.Room, body.Until.value(), body.Reason)
	})
}

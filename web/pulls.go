package web

import (
	"context"
	"net/http"

	"liveroom/live/pull"
)

// Pulls is what the API asks of what is pulled into rooms (pull.Service).
type Pulls interface {
	List(ctx context.Context, room string) ([]pull.Listed, error)
	Add(ctx context.Context, room string, d pull.Draft) (pull.Listed, error)
	Change(ctx context.Context, room, id string, p pull.Patch) (pull.Listed, error)
	Remove(ctx context.Context, room, id string) error
}

func (s *Server) registerPulls() {
	offer(s, s.pulls != nil, s.operation("pulls", http.MethodGet, "/rooms/{room}/pulls", "pulls", "List what is pulled into the room, and how that goes", tokenHolder), s.listPulls)
	op := s.operation("add-pull", http.MethodPost, "/rooms/{room}/pulls", "pulls", "Pull a stream, a file or a recording into the room", tokenHolder)
	op.DefaultStatus = http.StatusCreated
	op.Description = "At most 10 a room, 200 in all. It pushes into the room whenever nobody else does."
	offer(s, s.pulls != nil, op, s.addPull)
	op = s.operation("change-pull", http.MethodPatch, "/rooms/{room}/pulls/{pull}", "pulls", "Change a pull, or switch it on or off", tokenHolder)
	offer(s, s.pulls != nil, op, s.changePull)
	op = s.operation("delete-pull", http.MethodDelete, "/rooms/{room}/pulls/{pull}", "pulls", "Pull that into the room no more", tokenHolder)
	op.DefaultStatus = http.StatusNoContent
	offer(s, s.pulls != nil, op, s.deletePull)
}

// PullPath names a pull.
type PullPath struct {
	RoomPath
	Pull string `path:"pull" pattern:"^[0-9A-Z]{26}$" maxLength:"26" doc:"The pull's id." example:"01JD0000000000000000000001"`
}

// PullDraft is a pull to be.
type PullDraft struct {
	Name      string    `json:"name,omitempty" maxLength:"64" doc:"At most 64 bytes, for people."`
	Kind      string    `json:"kind,omitempty" enum:"live,vod" doc:"vod: it has an end, and is sent in the time it lasts. Default: vod for a recording, else live."`
	URL       string    `json:"url,omitempty" maxLength:"1024" doc:"rtmp, rtmps, or http or https with a path that ends in .flv or .m3u8. It is kept, and shown to nobody. Either this or recording." example:"https://a.example/live/one.flv?key=KEY"`
	Recording string    `json:"recording,omitempty" maxLength:"64" doc:"A finished recording, by id."`
	StartAt   *Time     `json:"startAt,omitempty" doc:"When it begins. Without this and cron: at once."`
	Cron      string    `json:"cron,omitempty" maxLength:"100" doc:"Again and again: minute, hour, day of month, month, day of week, in UTC or as CRON_TZ=Asia/Shanghai … says."`
	EndAt     *Time     `json:"endAt,omitempty" doc:"When it ends for good. Default: never."`
	For       *Duration `json:"for,omitempty" doc:"How long it runs each time, at most 744h. Default: until endAt, or its own end."`
	Loop      bool      `json:"loop,omitempty" doc:"Of vod: from its end to its beginning."`
	Enabled   *bool     `json:"enabled,omitempty" doc:"Default true."`
}

// PullPatch changes what is given. If that is more than the name, it begins anew.
type PullPatch struct {
	Name      *string   `json:"name,omitempty" maxLength:"64"`
	Kind      *string   `json:"kind,omitempty" enum:"live,vod"`
	URL       *string   `json:"url,omitempty" minLength:"1" maxLength:"1024"`
	Recording *string   `json:"recording,omitempty" minLength:"1" maxLength:"64"`
	StartAt   TimePatch `json:"startAt,omitempty" doc:"null: at once, or by cron."`
	Cron      *string   `json:"cron,omitempty" maxLength:"100" doc:"Empty: once."`
	EndAt     TimePatch `json:"endAt,omitempty" doc:"null: never."`
	For       *Duration `json:"for,omitempty" doc:"0s: until endAt, or its own end."`
	Loop      *bool     `json:"loop,omitempty"`
	Enabled   *bool     `json:"enabled,omitempty" doc:"false: its push ends at once. true, where it is on: it begins anew."`
}

// PullBody is a pull and how it does.
type PullBody struct {
	ID        string      `json:"id"`
	Name      string      `json:"name"`
	Kind      string      `json:"kind" enum:"live,vod"`
	URL       string      `json:"url" doc:"Without what may be secret." example:"https://a.example/….flv"`
	Recording string      `json:"recording"`
	StartAt   NullTime    `json:"startAt"`
	Cron      string      `json:"cron"`
	EndAt     NullTime    `json:"endAt"`
	For       *Duration   `json:"for"`
	Loop      bool        `json:"loop"`
	Enabled   bool        `json:"enabled"`
	State     string      `json:"state" enum:"idle,scheduled,connecting,running,waiting,ended" doc:"idle: it is switched off; waiting: somebody else pushes, or it failed, and is tried again at nextAt."`
	Since     Time        `json:"since" doc:"Of the state."`
	Cause     *RelayCause `json:"cause" doc:"Why it does not run, or why it last ended; null: there is nothing to say."`
	Retries   int         `json:"retries" doc:"Failures in a row."`
	NextAt    NullTime    `json:"nextAt" doc:"When it is tried again, or runs next."`
	BegunAt   NullTime    `json:"begunAt" doc:"When media of this time that it runs, or of the last one, first came into the room."`
	Bytes     uint64      `json:"bytes" doc:"Pushed into the room, since its node began with it."`
	Node      string      `json:"node" doc:"That runs it; empty: none."`
	CreatedAt Time        `json:"createdAt"`
	ChangedAt Time        `json:"changedAt"`
}

func pullBody(l pull.Listed) PullBody {
	st := l.State
	b := PullBody{
		ID: l.ID, Name: l.Name, Kind: string(l.Kind), URL: l.Shown(), Recording: l.Recording, StartAt: NullTime{l.StartAt}, Cron: l.Cron, EndAt: NullTime{l.EndAt},
		Loop: l.Loop, Enabled: l.Enabled, State: string(st.Phase), Since: Time{st.Since}, Retries: st.Retries, NextAt: NullTime{st.NextAt},
		BegunAt: NullTime{l.Run.BegunAt}, Bytes: st.Bytes, Node: st.Node, CreatedAt: Time{l.CreatedAt}, ChangedAt: Time{l.ChangedAt},
	}
	if l.For > 0 {
		lasts := Duration(l.For)
		b.For = &lasts
	}
	if st.Cause != (pull.Cause{}) {
		b.Cause = &RelayCause{st.Cause.Code, st.Cause.Detail}
	}
	return b
}

type pullOut struct{ Body PullBody }

type pullsOut struct {
	Body struct {
		Pulls []PullBody `json:"pulls" doc:"The oldest first."`
	}
}

func (s *Server) listPulls(ctx context.Context, in *RoomPath) (*pullsOut, error) {
	ctx, cancel := timed(ctx)
	defer cancel()
	all, err := s.pulls.List(ctx, in.Room)
	if err != nil {
		return nil, err
	}
	out := &pullsOut{}
	out.Body.Pulls = make([]PullBody, len(all))
	for i, l := range all {
		out.Body.Pulls[i] = pullBody(l)
	}
	return out, nil
}

type addPullIn struct {
	RoomPath
	Body PullDraft
}

func (s *Server) addPull(ctx context.Context, in *addPullIn) (*pullOut, error) {
	ctx, cancel := timed(ctx)
	defer cancel()
	room, err := s.mayDrive(ctx, in.Room)
	if err != nil {
		return nil, err
	}
	d := in.Body
	l, err := s.pulls.Add(ctx, in.Room, pull.Draft{
		Name: d.Name, Kind: pull.Kind(d.Kind), URL: d.URL, Recording: d.Recording, StartAt: d.StartAt.value(), Cron: d.Cron, EndAt: d.EndAt.value(),
		For: d.For.value(), Loop: d.Loop, Enabled: d.Enabled == nil || *d.Enabled,
	})
	if err != nil {
		return nil, err
	}
	s.recordPull(ctx, room.Room.GroupID, "pull_add", l)
	return &pullOut{pullBody(l)}, nil
}

// recordPull notes a change in the audit log, with the address as it may be shown.
func (s *Server) recordPull(ctx context.Context, group, action string, l pull.Listed) {
	enabled := "false"
	if l.Enabled {
		enabled = "true"
	}
	s.record(ctx, group, action, l.ID, map[string]string{"name": l.Name, "url": l.Shown(), "recording": l.Recording, "cron": l.Cron, "enabled": enabled})
}

type changePullIn struct {
	PullPath
	Body PullPatch
}

func (s *Server) changePull(ctx context.Context, in *changePullIn) (*pullOut, error) {
	ctx, cancel := timed(ctx)
	defer cancel()
	room, err := s.mayDrive(ctx, in.Room)
	if err != nil {
		return nil, err
	}
	b := in.Body
	p := pull.Patch{
		Name: b.Name, URL: b.URL, Recording: b.Recording, Cron: b.Cron, StartAt: b.StartAt.patch(), EndAt: b.EndAt.patch(), Loop: b.Loop, Enabled: b.Enabled,
	}
	if b.Kind != nil {
		kind := pull.Kind(*b.Kind)
		p.Kind = &kind
	}
	if b.For != nil {
		lasts := b.For.value()
		p.For = &lasts
	}
	l, err := s.pulls.Change(ctx, in.Room, in.Pull, p)
	if err != nil {
		return nil, err
	}
	s.recordPull(ctx, room.Room.GroupID, "pull_change", l)
	return &pullOut{pullBody(l)}, nil
}

func (s *Server) deletePull(ctx context.Context, in *PullPath) (*empty, error) {
	ctx, cancel := timed(ctx)
	defer cancel()
	room, err := s.mayDrive(ctx, in.Room)
	if err != nil {
		return nil, err
	}
	if err := s.pulls.Remove(ctx, in.Room, in.Pull); err != nil {
		return nil, err
	}
	s.record(ctx, room.Room.GroupID, "pull_delete", in.Pull, nil)
	return nil, nil
}

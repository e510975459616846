package socket

import (
	"context"
	"time"

	"liveroom/chat"
	"liveroom/chat/notice"
)

// Groups is what the door needs to show, make, change and dismiss groups.
type Groups interface {
	Describe(ctx context.Context, group string) (chat.Description, error)
	Change(ctx context.Context, group string, by chat.Identity, p chat.GroupPatch) error
	Found(ctx context.Context, by chat.Identity, d chat.GroupDraft) (id string, err error)
	Disband(ctx context.Context, group string, by chat.Identity) error
}

// groupBody is a group as anyone may see it.
type groupBody struct {
	ID           string            `json:"id"`
	Name         string            `json:"name"`
	Owner        string            `json:"owner"`
	Notice       string            `json:"notice"`
	Introduction string            `json:"introduction"`
	Avatar       string            `json:"avatar"`
	Fields       map[string]string `json:"fields"`
	MuteAll      bool              `json:"muteAll"`
	SlowMode     int64             `json:"slowMode"`
	GuestsSpeak  bool              `json:"guestsSpeak"`
	Uploads      chat.Uploads      `json:"uploads"`
	CreatedAt    int64             `json:"createdAt"`
	Members      int               `json:"members"`
	Online       int               `json:"online"`
}

// group answers what a group is; nobody needs to join for it.
func (s *session) group(ctx context.Context, r *request) error {
	d, err := s.srv.rooms.Describe(ctx, r.Group)
	if err != nil {
		return err
	}
	g := groupBody{
		ID: d.ID, Name: d.Name, Owner: d.Owner, Notice: d.Notice, Introduction: d.Settings.Introduction, Avatar: d.Settings.Avatar,
		Fields: d.Fields, MuteAll: d.Settings.MuteAll, SlowMode: int64(d.Settings.SlowMode / time.Second),
		GuestsSpeak: d.Settings.GuestsSpeak, Uploads: d.Settings.Uploads, CreatedAt: d.CreatedAt.Unix(),
		Members: d.Count.Members, Online: d.Count.Online,
	}
	if g.Fields == nil {
		g.Fields = map[string]string{}
	}
	s.answer(finish(appendField(answer(r, 512), "group", g)))
	return nil
}

// groupPatch are the fields of setGroup.
type groupPatch struct {
	Name         *string           `json:"name"`
	Notice       *string           `json:"notice"`
	Introduction *string           `json:"introduction"`
	Avatar       *string           `json:"avatar"`
	MuteAll      *bool             `json:"muteAll"`
	SlowMode     *int64            `json:"slowMode"`
	GuestsSpeak  *bool             `json:"guestsSpeak"`
	Uploads      *chat.Uploads     `json:"uploads"`
	Fields       map[string]string `json:"fields"`
}

// setGroup changes a group and answers it as it is then.
func (s *session) setGroup(ctx context.Context, r *request) error {
	var f groupPatch
	if err := r.into(&f); err != nil {
		return err
	}
	p := chat.GroupPatch{Name: f.Name, Notice: f.Notice, Fields: f.Fields, Settings: chat.SettingsPatch{
		Introduction: f.Introduction, Avatar: f.Avatar, MuteAll: f.MuteAll, GuestsSpeak: f.GuestsSpeak, Uploads: f.Uploads,
	}}
	if f.SlowMode != nil {
		d := slowMode(*f.SlowMode)
		p.Settings.SlowMode = &d
	}
	if f.Notice != nil {
		if err := s.checkNotice(*f.Notice); err != nil {
			return err
		}
	}
	if err := s.srv.rooms.Change(ctx, r.Group, s.who, p); err != nil {
		return err
	}
	return s.group(ctx, r)
}

// createGroup makes a group and answers it.
func (s *session) createGroup(ctx context.Context, r *request) error {
	var f struct {
		GroupID      string            `json:"groupId"`
		Name         string            `json:"name"`
		Notice       string            `json:"notice"`
		Introduction string            `json:"introduction"`
		Avatar       string            `json:"avatar"`
		Fields       map[string]string `json:"fields"`
	}
	if err := r.into(&f); err != nil {
		return err
	}
	if err := s.checkNotice(f.Notice); err != nil {
		return err
	}
	id, err := s.srv.rooms.Found(ctx, s.who, chat.GroupDraft{
		ID: f.GroupID, Owner: s.who.User, Name: f.Name, Notice: f.Notice, Introduction: f.Introduction, Avatar: f.Avatar, Fields: f.Fields,
	})
	if err != nil {
		return err
	}
	r.Group = id
	return s.group(ctx, r)
}

// checkNotice refuses a notice that is meant to be JSON of text and pictures and is not.
func (s *session) checkNotice(given string) error {
	if fault := notice.Fault(given, s.srv.cfg.PublicURL); fault != "" {
		return &chat.Error{Code: chat.ErrParameter.Code, Name: chat.ErrParameter.Name, Field: "notice", Detail: fault}
	}
	return nil
}

// slowMode is a number of seconds as a length of time; one that is none stays out of bounds.
func slowMode(seconds int64) time.Duration {
	if seconds < 0 || seconds > 1<<20 {
		return -time.Second
	}
	return time.Duration(seconds) * time.Second
}

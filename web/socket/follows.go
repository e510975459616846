package socket

import (
	"context"
	"encoding/json"
	"fmt"

	"liveroom/chat"
	"liveroom/chat/account"
	"liveroom/chat/follow"
)

// Follows knows who follows whom (follow.Service).
type Follows interface {
	SetOwn(ctx context.Context, follower, followed string, on bool) (follow.Done, error)
	Follows(ctx context.Context, user, other string) (bool, error)
	Counts(ctx context.Context, user string) (follow.Counts, error)
	List(ctx context.Context, user string, side follow.Side, cursor string, limit int) (page []follow.Place, next string, err error)
}

// defaultFollows is a page of a list whose client names no limit.
const defaultFollows = 30

// Refusals of the ops on follows.
var (
	errGuestsFollowNobody = &chat.Error{Code: 10007, Name: "no_permission", Detail: "anonymous guests follow nobody; sign in first"}
	errOthersFollows      = &chat.Error{Code: 10007, Name: "no_permission", Detail: "whom others follow, and who follows them, is theirs to read", Field: "user"}
)

// followFields are those of the ops on follows.
type followFields struct {
	User  string `json:"user"`
	Group string `json:"group"` // in whose room it happens
	Limit int    `json:"limit"`
	Next  string `json:"next"`
}

// follows reads the fields of an op, if this server knows follows at all.
func (s *session) follows(r *request) (Follows, followFields, error) {
	f := followFields{Limit: defaultFollows}
	if s.srv.cfg.Follows == nil {
		return nil, f, errNotOffered
	}
	return s.srv.cfg.Follows, f, r.into(&f)
}

// follow lets the user follow somebody.
func (s *session) follow(ctx context.Context, r *request) error { return s.setFollow(ctx, r, true) }

// unfollow lets him follow somebody no longer.
func (s *session) unfollow(ctx context.Context, r *request) error { return s.setFollow(ctx, r, false) }

func (s *session) setFollow(ctx context.Context, r *request, on bool) error {
	follows, f, err := s.follows(r)
	if err != nil {
		return err
	}
	if s.who.Anonymous {
		return errGuestsFollowNobody
	}
	done, err := follows.SetOwn(ctx, s.who.User, f.User, on)
	if err != nil {
		return err
	}
	if in, _ := s.queue.has(f.Group); in && on && done.Changed {
		s.showFollow(ctx, f)
	}
	b := appendField(answer(r, 64), "following", on)
	if done.Known {
		b = appendField(b, "followers", done.Followers)
	}
	s.answer(finish(b))
	return nil
}

// showFollow shows a follow to the room, as a message of the user: where he may not send one, it is not shown.
func (s *session) showFollow(ctx context.Context, f followFields) {
	type data struct {
		Type string `json:"type"`
		User string `json:"user"`
	}
	inner, _ := json.Marshal(data{"follow", f.User}) // texts
	outer, _ := json.Marshal(string(inner))
	m := chat.Message{
		Group: f.Group, Priority: chat.Low,
		Body: fmt.Appendf(nil, `[{"MsgType":"TIMCustomElem","MsgContent":{"Data":%s}}]`, outer),
	}
	if _, err := s.srv.rooms.SendWith(ctx, m, s.who, chat.SendOptions{Local: true}); err != nil {
		s.srv.log.Debug("a follow was not shown", "err", err)
	}
}

// getFollow answers whether the user follows somebody, and how many do.
func (s *session) getFollow(ctx context.Context, r *request) error {
	follows, f, err := s.follows(r)
	if err != nil {
		return err
	}
	counts, err := follows.Counts(ctx, f.User)
	if err != nil {
		return err
	}
	on := false
	if !s.who.Anonymous {
		if on, err = follows.Follows(ctx, s.who.User, f.User); err != nil {
			return err
		}
	}
	b := appendField(answer(r, 64), "following", on)
	s.answer(finish(appendField(b, "followers", counts.Followers)))
	return nil
}

// following answers whom the user follows; an application administrator may name another.
func (s *session) following(ctx context.Context, r *request) error {
	return s.followList(ctx, r, follow.Following)
}

// followers answers who follows him, as above.
func (s *session) followers(ctx context.Context, r *request) error {
	return s.followList(ctx, r, follow.Followers)
}

// followBody is an entry of a list.
type followBody struct {
	User   string `json:"user"`
	Nick   string `json:"nick"`
	Avatar string `json:"avatar"`
	Since  int64  `json:"since"` // seconds
}

func (s *session) followList(ctx context.Context, r *request, side follow.Side) error {
	follows, f, err := s.follows(r)
	if err != nil {
		return err
	}
	if s.who.Anonymous {
		return errGuestsFollowNobody
	}
	if f.User == "" {
		f.User = s.who.User
	}
	if f.User != s.who.User && !s.who.Admin {
		return errOthersFollows
	}
	page, next, err := follows.List(ctx, f.User, side, f.Next, f.Limit)
	if err != nil {
		return err
	}
	users := make([]string, len(page))
	for i, p := range page {
		users[i] = p.User
	}
	cards, err := s.cards(ctx, users)
	if err != nil {
		return err
	}
	all := make([]followBody, len(page))
	for i, p := range page {
		a := cards[p.User]
		all[i] = followBody{p.User, a.Nick, a.Avatar, p.Since().Unix()}
	}
	b := appendField(answer(r, 64+128*len(all)), "users", all)
	s.answer(finish(appendField(b, "next", next)))
	return nil
}

// cards are the accounts of users, those that have one.
func (s *session) cards(ctx context.Context, users []string) (map[string]account.Account, error) {
	if len(users) == 0 {
		return nil, nil
	}
	found, err := s.srv.accounts.Profiles(ctx, users)
	if err != nil {
		return nil, err
	}
	cards := make(map[string]account.Account, len(found))
	for _, a := range found {
		cards[a.User] = a
	}
	return cards, nil
}

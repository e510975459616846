package socket

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"golang.org/x/time/rate"

	"liveroom/chat"
	"liveroom/chat/account"
	"liveroom/chat/level"
)

// maxProfiles is how many profiles one frame may ask for.
const maxProfiles = 100

// A user may change his profile some times at once on one connection, and now and then after that: each change is stored
// durably and told in his rooms.
const (
	profileBurst = 5
	profileRate  = 0.5 // a second
)

// profileBody is what a user is called, and what he says of himself.
type profileBody struct {
	User   string `json:"user"`
	Nick   string `json:"nick"`
	Avatar string `json:"avatar"`
	account.About
	UpdatedAt int64 `json:"updatedAt"` // seconds; 0: never

	Standing *standingBody `json:"standing,omitempty"` // apart from the level of Tencent's profile, which anybody sets for himself
}

// standingBody is what a user has earned.
type standingBody struct {
	Level int    `json:"level"`
	Badge string `json:"badge"`
}

func profileOf(a account.Account) profileBody {
	return profileBody{User: a.User, Nick: a.Nick, Avatar: a.Avatar, About: a.About, UpdatedAt: unix(a.UpdatedAt)}
}

// getProfiles answers the profiles of those users that exist, in the order asked for.
func (s *session) getProfiles(ctx context.Context, r *request) error {
	var f struct {
		Users []string `json:"users"`
	}
	if err := r.into(&f); err != nil {
		return err
	}
	switch {
	case s.who.Anonymous:
		return errGuestsReadNoProfiles
	case len(f.Users) > maxProfiles:
		return chat.ErrTooManyUsers
	}
	found, err := s.srv.accounts.Profiles(ctx, f.Users)
	if err != nil {
		return err
	}
	users, all := make([]string, len(found)), make([]profileBody, len(found))
	for i, a := range found {
		users[i], all[i] = a.User, profileOf(a)
	}
	standings := s.standings(ctx, users)
	for i, user := range users {
		if of := standings[user]; of != (level.Standing{}) {
			all[i].Standing = &standingBody{of.Level, of.Badge}
		}
	}
	s.answer(finish(appendField(answer(r, 64+256*len(all)), "profiles", all)))
	return nil
}

// setProfile changes what a user says of himself. A field that a profile has not is refused: nothing is lost in silence.
func (s *session) setProfile(ctx context.Context, r *request) error {
	if s.who.Anonymous {
		return errGuestsReadNoProfiles
	}
	var f struct {
		Nick   *string `json:"nick"`
		Avatar *string `json:"avatar"`
	}
	var about account.AboutPatch // read by itself: encoding/json would call what is wrong in an embedded one AboutPatch.level
	for _, err := range []error{r.onlyProfile(), r.into(&f), r.into(&about)} {
		if err != nil {
			return err
		}
	}
	if !s.mayChangeProfile(time.Now()) {
		return errProfileTooFast
	}
	if f.Nick != nil {
		if err := s.srv.rooms.MayBeCalled(ctx, s.who, *f.Nick); err != nil {
			return err
		}
	}
	a, err := s.srv.accounts.SetOwnProfile(ctx, s.who.User, account.Patch{Nick: f.Nick, Avatar: f.Avatar, About: about})
	if err != nil {
		return err
	}
	s.who.Nick, s.who.Avatar = a.Nick, a.Avatar
	s.answer(finish(appendField(answer(r, 256), "profile", profileOf(a))))
	return nil
}

// mayChangeProfile counts a change of the profile.
func (s *session) mayChangeProfile(now time.Time) bool {
	if s.renames == nil {
		s.renames = rate.NewLimiter(profileRate, profileBurst)
	}
	return s.renames.AllowN(now, 1)
}

// onlyProfile says which field of the frame is none of a profile's.
func (r *request) onlyProfile() error {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(r.raw, &all); err != nil {
		return err // of a frame that was read before
	}
	known := []string{
		"id", "op", "nick", "avatar", "gender", "selfSignature", "birthday", "location", "language", "level", "role",
		"messageSettings", "allowType", "adminForbidType",
	}
	n := 0
	for name := range all {
		if !slices.Contains(known, name) {
			return badParameter(name, "a profile has no such field")
		}
		n++
	}
	if n <= 2 {
		return badParameter("nick", "name at least one field to change")
	}
	return nil
}

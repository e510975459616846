package chat

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// maxSilenced is how many users may be silenced at a time.
const maxSilenced = 100_000

// SilencePatch says how long from now on a user may not speak; nil stays, 0 ends it, Forever never ends by itself.
type SilencePatch struct {
	Groups  *time.Duration // messages to groups
	Letters *time.Duration // messages to users
}

// SetSilence keeps a user from speaking in all groups, to users, or both, and answers what holds then. Application
// administrators may, to all but their like; owning a group does not help against it. The user need not be known, nor be
// there; if he is, his devices are told with the event mute. It survives restarts, and the user's account.
func (s *Service) SetSilence(ctx context.Context, by Identity, user string, p SilencePatch) (Silence, error) {
	if err := s.maySilence(by, user); err != nil {
		return Silence{}, err
	}
	p, err := p.checked()
	if err != nil {
		return Silence{}, err
	}
	if err := s.ready(ctx); err != nil {
		return Silence{}, err
	}
	c := SilenceChange{User: user, Groups: p.Groups, Letters: p.Letters, By: by.User}
	one, err := s.putSilence(ctx, c)
	if err != nil {
		return Silence{}, s.storeError(err, "put silence")
	}
	s.inForce(one, by, p.Groups != nil)
	if s.abroad != nil {
		s.abroad.mail.say("", news{Silence: &silenceNews{one, by.User, p.Groups != nil}})
	}
	s.record(ctx, by, "", "silence", user, p.detail())
	return one, nil
}

// putSilence stores a change and puts it in force.
func (s *Service) putSilence(ctx context.Context, c SilenceChange) (Silence, error) {
	shard := s.silences.shard(c.User)
	shard.acting.Lock()
	defer shard.acting.Unlock()
	one, err := s.store.PutSilence(ctx, c)
	if err == nil {
		s.silences.put(one, time.Now())
	}
	return one, err
}

// inForce tells the user's devices in rooms, if what holds there changed.
func (s *Service) inForce(one Silence, by Identity, groups bool) {
	if !groups {
		return
	}
	for r := range s.presence.roomsOf(one.User) {
		s.tellSilence(r, one.User, by)
	}
}

// silenceNews is a silence that was changed on another node.
type silenceNews struct {
	Silence
	Who      string `json:"who"`      // account of who changed it
	InGroups bool   `json:"inGroups"` // what holds for messages to groups changed
}

// hearSilence puts in force what another node changed, unless something newer holds.
func (s *Service) hearSilence(n *silenceNews) {
	if s.silences.put(n.Silence, time.Now()) {
		s.inForce(n.Silence, s.cfg.who(n.Who), n.InGroups)
	}
}

// reloadSilences learns from the store again who is silenced, after changes of other nodes may have been missed.
func (s *Service) reloadSilences(ctx context.Context) error {
	began := time.Now()
	all, err := s.store.Silences(ctx)
	if err != nil {
		return err
	}
	s.silences.reload(all, began)
	return nil
}

func (s *Service) maySilence(by Identity, user string) error {
	switch {
	case !by.Admin:
		return ErrPermission.with("", "only application administrators may do this")
	case !validUser(user):
		return badUser("user")
	case s.cfg.who(user).Admin:
		return ErrPermission.with("user", "%q is an application administrator, whom nobody can silence", user)
	case s.silences.of(user).User == "" && s.silences.full(time.Now()):
		return ErrTooManySanctions.with("", "%d users are silenced already; end some first", s.silences.most)
	}
	return nil
}

// checked looks at a patch and rounds up to whole seconds.
func (p SilencePatch) checked() (SilencePatch, error) {
	if p.Groups == nil && p.Letters == nil {
		return p, ErrParameter.with("", "say for how long, for groups or for messages to users")
	}
	for _, d := range []**time.Duration{&p.Groups, &p.Letters} {
		if *d == nil {
			continue
		}
		whole := **d
		if err := checkAct(&whole, ""); err != nil {
			return p, err
		}
		*d = &whole
	}
	return p, nil
}

// detail is what the audit log keeps of it.
func (p SilencePatch) detail() map[string]string {
	d := map[string]string{}
	for name, length := range map[string]*time.Duration{"groups": p.Groups, "letters": p.Letters} {
		if length != nil {
			d[name] = strconv.FormatInt(int64(*length/time.Second), 10)
		}
	}
	return d
}

// Silence tells whether a user is silenced: times that are over are zero.
func (s *Service) Silence(user string) Silence {
	one, now := s.silences.of(user), time.Now()
	one.User = user
	one.Groups, one.Letters = s.silences.groups(user, now), s.silences.letters(user, now)
	return one
}

// loadSilences learns from the store who is silenced.
func (s *Service) loadSilences(ctx context.Context) error {
	all, err := s.store.Silences(ctx)
	if err != nil {
		return fmt.Errorf("load who is silenced: %w", err)
	}
	s.silences.load(all, time.Now())
	return nil
}

// tellSilence lets a room's loop tell a user's sessions in it until when he may not speak there.
func (s *Service) tellSilence(r *room, user string, by Identity) {
	c := &change{done: make(chan struct{})}
	c.apply = func(r *room) (outcome, error) {
		r.mu.Lock()
		until := later(r.mutes.until(user, time.Now()), s.silences.groups(user, time.Now()))
		r.mu.Unlock()
		return r.whisper(r.muteEvent(user, until, by.User, r.nicks([]string{user})[user]), []string{user}, time.Time{}), nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.gone {
		_ = s.enqueue(r, nil, c) // at a stop nobody is left to tell
	}
}

// silenced says that a user may not speak in groups.
func (x *silences) silenced(user string, now time.Time) error {
	if until := x.groups(user, now); !until.IsZero() {
		return ErrMuted.lasting(until, "you may not speak in any group")
	}
	return nil
}

// unsilenced are those of the sends whose senders were not silenced since they were accepted. The others end here.
func (r *room) unsilenced(sends []*sending) []*sending {
	if r.s.silences.known.Load() == 0 {
		return sends
	}
	now := time.Now()
	var ended []Key
	for _, p := range sends {
		if p.Message.Server || p.Trusted {
			continue
		}
		if p.err = r.s.silences.silenced(p.Message.From, now); p.err != nil {
			ended = append(ended, p.Key)
		}
	}
	if len(ended) == 0 {
		return sends
	}
	r.s.release(r.id, ended...)
	return slices.DeleteFunc(slices.Clone(sends), func(p *sending) bool { return p.err != nil })
}

// mayWrite says why a user may not write to another one.
func (s *Service) mayWrite(who Identity) error {
	until := s.silences.letters(who.User, time.Now())
	if until.IsZero() || who.Admin {
		return nil
	}
	return ErrSilenced.lasting(until, "you may not write to other users")
}

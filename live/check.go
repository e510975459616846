package live

import (
	"context"
	"errors"
	"fmt"
	"time"

	"liveroom/address"
	"liveroom/live/stream"
	"liveroom/status"
)

// What an address is for.
const (
	PurposePush = "push"
	PurposePlay = "play"
)

// AddressCheck is what this server would make of an address now.
type AddressCheck struct {
	OK        bool   // it would begin something
	Code      string // of the refusal; empty: none
	Purpose   string // PurposePush or PurposePlay; empty: nobody can tell
	App       string
	Stream    string
	Room      string    // whose stream it is; empty: no room's
	ExpiresAt time.Time // zero: it does not say
	Sentences []string  // all of it in words
}

// CheckAddress says whether an address would be accepted now, and why not, as Publish and Play decide it, without beginning
// anything. The error is the store's.
func (s *Service) CheckAddress(ctx context.Context, raw string) (AddressCheck, error) {
	report := address.Examine(raw, s.push, s.play, time.Now())
	a := report.Address
	c := AddressCheck{App: a.App, Stream: a.Name, ExpiresAt: report.ExpiresAt, Sentences: report.Sentences}
	if report.Err != nil {
		c.Code = refusal(report.Err).Code
		return c, nil
	}
	r, lookup := s.roomOfStream(ctx, a.Name)
	if lookup != nil && !isNotFound(lookup) {
		return AddressCheck{}, lookup
	}
	c.Room = r.ID
	open := lookup == nil && r.PlayAuth == PlayNone
	if c.Purpose = purposeOf(report, open); c.Purpose == "" {
		c.Code = refusal(report.Push).Code
		return c, nil
	}
	if c.Purpose == PurposePlay && report.Play != nil && open {
		report.Play = nil
		c.say("The room may be played without a signature.")
	}
	why, err := s.wouldRefuse(ctx, &c, r, report)
	if err != nil {
		return AddressCheck{}, err
	}
	if c.OK = why == nil; !c.OK {
		c.Code = why.Code
	}
	return c, nil
}

// purposeOf tells what an address is for by its form and by the key it is signed with, whether it has expired or not.
func purposeOf(r address.Report, open bool) string {
	signed := func(err error) bool { return err == nil || refusal(err).Code == address.CodeExpired }
	switch {
	case r.Address.Format != "":
		return PurposePlay
	case signed(r.Push):
		return PurposePush
	case signed(r.Play), open && refusal(r.Push).Code == address.CodeMissing:
		return PurposePlay
	}
	return ""
}

// wouldRefuse is why what an address is for is refused now, nil if it is not. What the address itself does not tell is said.
func (s *Service) wouldRefuse(ctx context.Context, c *AddressCheck, r Room, report address.Report) (*stream.Refusal, error) {
	var why *stream.Refusal
	if !s.appAllowed(c.App) {
		why = &stream.Refusal{Code: "unknown_app", Detail: "the application name in the address is not accepted here"}
		c.say("It is refused: %s (%s).", why.Detail, why.Code)
		return why, nil
	}
	check, wrong := s.wouldPlay, report.Play
	if c.Purpose == PurposePush {
		if check, wrong = s.wouldPush, report.Push; wrong == nil {
			_, _, wrong = address.Delay(report.Address.Queries())
		}
	}
	if wrong != nil {
		return refusal(wrong), nil // which the report has said
	}
	says, err := check(ctx, r, report.Address)
	if errors.As(err, &why) {
		c.say("It is refused: %s (%s).", why.Detail, why.Code)
		return why, nil
	}
	if err == nil {
		c.say("%s", says)
	}
	return nil, err
}

func (c *AddressCheck) say(format string, args ...any) {
	c.Sentences = append(c.Sentences, fmt.Sprintf(format, args...))
}

// wouldPush says what a push would do. A *stream.Refusal is why it would be refused; any other error is the store's.
func (s *Service) wouldPush(ctx context.Context, r Room, _ address.Address) (string, error) {
	if r.ID == "" {
		if s.cfg.AutoRoom {
			return "No room has this stream; a push would make one.", nil
		}
		return "", &stream.Refusal{Code: "unknown_room", Detail: "no room has this stream; create the room first"}
	}
	st, err := s.stateOf(ctx, r.ID)
	if err != nil {
		return "", err
	}
	now, err := s.machine.Now(ctx)
	if err != nil {
		return "", err
	}
	if r.EarlyPush == EarlyRefuse && now.Before(r.ScheduledAt) {
		return "", earlyPush(r)
	}
	next, err := status.Apply(st, status.Event{Kind: status.PushStarted, Node: s.cfg.Node}, now)
	if err != nil {
		return "", refusal(err)
	}
	says := fmt.Sprintf("Room %q is %s; a push would be accepted.", r.ID, st.Record.Name)
	if st.Record.StreamActive && next.Record.StreamActive {
		says = fmt.Sprintf("Room %q has a push already; another one would take over from it.", r.ID)
	}
	return says, nil
}

// earlyPush is the refusal of a push before the room is to begin.
func earlyPush(r Room) *stream.Refusal {
	return &stream.Refusal{Code: "early_push", Detail: "the room accepts pushes from " + r.ScheduledAt.UTC().Format(time.RFC3339)}
}

// wouldPlay is wouldPush for playing.
func (s *Service) wouldPlay(ctx context.Context, r Room, a address.Address) (string, error) {
	if r.ID == "" {
		return "", &stream.Refusal{Code: "unknown_room", Detail: "no room has this stream"}
	}
	st, err := s.stateOf(ctx, r.ID)
	if err != nil {
		return "", err
	}
	protocol := a.Format
	switch {
	case a.Format == "m3u8" && st.Record.Code == status.Playback:
		protocol = stream.Playback
	case a.Format == "m3u8":
		protocol = stream.HLS
	}
	if why := s.playable(ctx, r, protocol); why != nil {
		return "", why
	}
	return fmt.Sprintf("Room %q is %s; it can be played.", r.ID, st.Record.Name), nil
}

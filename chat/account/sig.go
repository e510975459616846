package account

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// SigReport is what a UserSig says, and whether Login would accept it.
type SigReport struct {
	Claims           // zero: it can't be read
	AppID     uint64 // it was made for; 0: it can't be read
	Refused   *Error // why it is refused; nil: it is accepted
	Sentences []string
}

// MakeSig makes a UserSig for a user who may have one, good for ttl. No account is made: the first who comes with it does.
func (s *Service) MakeSig(user string, ttl time.Duration) (sig string, expiresAt time.Time, err error) {
	if err := s.checkGiven(user); err != nil {
		return "", time.Time{}, err
	}
	now := time.Now().UTC().Truncate(time.Second)
	sig, err = s.signer.Sign(user, now, ttl)
	return sig, now.Add(ttl.Truncate(time.Second)), err
}

// CheckSig says what Login would make of a UserSig. An empty user takes the UserSig's word for it. The error is the store's.
func (s *Service) CheckSig(ctx context.Context, user, sig string) (SigReport, error) {
	now := time.Now()
	var r SigReport
	if doc, _, err := decode(sig); err == nil {
		r.AppID, r.Claims = *doc.AppID, doc.claims()
		r.say("It is for the user %s of application %d.", quoted(r.User), r.AppID)
		r.say("It was made at %s and is good until %s.", r.IssuedAt.Format(time.RFC3339), r.ExpiresAt.Format(time.RFC3339))
	}
	err := s.wouldRefuse(ctx, user, sig, now)
	if err != nil && !errors.As(err, &r.Refused) {
		return SigReport{}, err
	}
	switch {
	case err == nil:
		r.say("It is accepted.")
	case errors.Is(err, ErrOtherApp):
		r.say("It is refused: this server is application %d (%s).", s.signer.AppID, r.Refused.Name)
	default:
		r.say("It is refused: %s (%s).", r.Refused.Detail, r.Refused.Name)
	}
	return r, nil
}

// wouldRefuse is the error that Login would return, without making an account.
func (s *Service) wouldRefuse(ctx context.Context, user, sig string, now time.Time) error {
	claims, err := s.verified.verify(s.signer, user, sig, now)
	if err != nil {
		return err
	}
	a, err := s.store.Account(ctx, claims.User)
	notBefore := a.NotBefore
	if errors.Is(err, ErrUnknownUser) {
		if err = s.checkGiven(claims.User); err == nil {
			notBefore, err = s.store.NotBefore(ctx, claims.User)
		}
	}
	if err != nil {
		return err
	}
	return claims.issuedSince(notBefore)
}

func (r *SigReport) say(format string, args ...any) {
	r.Sentences = append(r.Sentences, fmt.Sprintf(format, args...))
}

// quoted shows a user id that may be anything.
func quoted(user string) string { return fmt.Sprintf("%.64q", user) }

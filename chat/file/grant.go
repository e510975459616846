package file

import (
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"liveroom/chat"
)

// maxGivenName bounds what a client may call a file; it is kept shorter.
const maxGivenName = 1024

// Draft is a file somebody wishes to upload.
type Draft struct {
	Group string // where it will be shown; empty: in a message to one user
	Kind  Kind
	Name  string // as it is called there; may be empty
	Size  int64  // bytes, exactly
}

// Grant answers a wish to upload.
type Grant struct {
	ID      string
	PutURL  string            // where the bytes are to be sent, by PUT
	Headers map[string]string // that must go with them
	URL     string            // what goes into the message
	Expires time.Time         // until when the upload must have begun
}

// Grant lets somebody upload a file, if he may: signed in, no guest, and for a group there, let by its settings and not
// muted. Application administrators always may.
func (s *Service) Grant(ctx context.Context, who chat.Identity, d Draft) (Grant, error) {
	now := time.Now()
	if err := s.allow(ctx, who, d, now); err != nil {
		s.count.uploaded(d.Kind, err)
		return Grant{}, err
	}
	t := ticket{
		ID: NewID(), Group: d.Group, User: who.User, Admin: who.Admin, Kind: d.Kind, Name: cleanName(d.Name, d.Kind), Size: d.Size,
		Expires: now.Add(s.cfg.GrantAge).Unix(),
	}
	put, err := s.addresses.upload(t)
	if err != nil {
		return Grant{}, err
	}
	return Grant{
		ID: t.ID, PutURL: put, Headers: map[string]string{"Content-Type": plain},
		URL: s.addresses.file(t.ID, aliasOf(t.Name, t.Kind)), Expires: time.Unix(t.Expires, 0),
	}, nil
}

// allow says why a wish is not granted.
func (s *Service) allow(ctx context.Context, who chat.Identity, d Draft, now time.Time) error {
	if err := s.check(d); err != nil {
		return err
	}
	if err := s.may(ctx, who, d.Group); err != nil {
		return err
	}
	if !who.Admin {
		if err := s.limits.check(who.User, d.Size, now); err != nil {
			return err
		}
	}
	if !s.fits(d.Size) {
		return ErrFull
	}
	return nil
}

func (s *Service) check(d Draft) error {
	switch most := d.Kind.MaxBytes(); {
	case s.cfg.Quota < 0:
		return ErrOff
	case most == 0:
		return at(ErrParameter, "kind", "must be image, sound, video or file")
	case len(d.Name) > maxGivenName || !utf8.ValidString(d.Name):
		return at(ErrParameter, "name", "must be at most 1024 bytes of UTF-8")
	case d.Size <= 0:
		return at(ErrParameter, "size", "must be the file's size in bytes, from 1 on")
	case d.Size > most:
		return at(ErrTooLarge, "size", tooLarge(d.Kind))
	}
	return nil
}

func tooLarge(k Kind) string {
	what := string(k)
	if k == Image {
		what = "picture"
	}
	return fmt.Sprintf("a %s may have %d MB", what, k.MaxBytes()>>20)
}

// may says why who may not upload now.
func (s *Service) may(ctx context.Context, who chat.Identity, group string) error {
	if group != "" {
		return s.rooms.MayUpload(ctx, group, who)
	}
	if who.Anonymous || who.Guest || who.User == "" {
		return at(chat.ErrPermission, "", "guests may not upload; sign in")
	}
	return nil
}

// fits says whether there is room for so many bytes.
func (s *Service) fits(size int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.used-s.copied+size <= s.cfg.Quota // copies give way
}

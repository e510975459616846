package file

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"liveroom/chat"
)

// Content is a file to be given out. It is to be closed.
type Content struct {
	Info
	Reader
	Until time.Time // it is kept no longer than that
}

// Open finds the file that an address leads to. The address is all the permission it takes.
func (s *Service) Open(ctx context.Context, id, name, sig string) (Content, error) {
	if !ValidID(id) || !s.addresses.signed(id, name, sig) {
		return Content{}, ErrSignature
	}
	f, err := s.store.File(ctx, id)
	until := f.CreatedAt.Add(s.cfg.Keep)
	switch {
	case errors.Is(err, ErrUnknown):
		return Content{}, ErrNotFound
	case err != nil:
		return Content{}, s.storeError(err, "find")
	case f.Withdrawn:
		return Content{}, ErrGone
	case !time.Now().Before(until):
		return Content{}, ErrNotFound
	}
	r, err := s.open(ctx, f)
	if errors.Is(err, fs.ErrNotExist) {
		return Content{}, ErrNotFound // removed at this very moment
	}
	if refusal, ok := errors.AsType[*chat.Error](err); ok {
		return Content{}, refusal
	}
	if err != nil {
		return Content{}, s.blobError(err, "open")
	}
	s.count.opened.Add(1)
	return Content{f, r, until}, nil
}

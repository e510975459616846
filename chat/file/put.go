package file

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"os"
	"syscall"
	"time"

	"liveroom/chat"
)

// Upload is a file on its way in.
type Upload struct {
	ID     string
	Token  string       // of the address it was sent to
	From   netip.Prefix // where it comes from; zero: not known
	Length int64        // how long it is, as the client says; negative: it does not
	Body   io.Reader    // an error that is os.ErrDeadlineExceeded says that it came too slowly
}

// Put takes a file in, once for each address that Grant made. When it answers without an error the file is on disk and
// its address is good.
func (s *Service) Put(ctx context.Context, u Upload) (Info, error) {
	if err := s.await(ctx); err != nil {
		return Info{}, err
	}
	t, err := s.addresses.ticket(u.ID, u.Token, time.Now())
	if err != nil {
		return Info{}, err // who can't be told from a stranger is not counted
	}
	f, err := s.put(ctx, t, u)
	s.count.uploaded(t.Kind, err)
	return f, err
}

func (s *Service) put(ctx context.Context, t ticket, u Upload) (Info, error) {
	switch {
	case s.cfg.Quota < 0:
		return Info{}, ErrOff
	case u.Length < 0:
		return Info{}, ErrLength
	case u.Length > t.Size:
		return Info{}, ErrLonger
	case u.Length < t.Size:
		return Info{}, ErrShorter
	}
	if err := s.stillMay(ctx, t, u); err != nil {
		return Info{}, err
	}
	if err := s.begin(ctx, t); err != nil {
		return Info{}, err
	}
	defer s.end(t)
	body := &counted{r: u.Body}
	if err := s.limits.enter(t.User, u.From, t.Size, t.Admin, time.Now()); err != nil {
		return Info{}, err
	}
	defer func() { s.limits.leave(t.User, u.From, t.Size, body.n, t.Admin, time.Now()) }()
	if !s.makeRoom(t.Size) {
		return Info{}, ErrFull
	}
	f, err := s.take(ctx, t, u, body)
	if err != nil {
		s.release(t.Size)
	}
	return f, err
}

// stillMay says why an upload that was granted may not be after all: what happened meanwhile counts.
func (s *Service) stillMay(ctx context.Context, t ticket, u Upload) error {
	if early, err := s.wasEarly(ctx, t.ID); err != nil {
		return s.storeError(err, "look up")
	} else if early {
		return ErrEarly
	}
	if t.Group == "" {
		return nil
	}
	return s.rooms.MayFinishUpload(ctx, t.Group, chat.Identity{User: t.User, Admin: t.Admin, Addr: u.From.Addr()})
}

// take writes the bytes down, looks at them and stores the record.
func (s *Service) take(ctx context.Context, t ticket, u Upload, body *counted) (Info, error) {
	blob, err := s.blobs.Create(t.ID)
	if err != nil {
		return Info{}, s.blobError(err, "create")
	}
	defer blob.Discard()
	f := Info{ID: t.ID, Group: t.Group, User: t.User, Kind: t.Kind, Name: t.Name, Size: t.Size, Node: s.cfg.Node}
	if f.Type, err = s.copy(blob, body, t); err != nil {
		return Info{}, err
	}
	ctx = context.WithoutCancel(ctx) // all is here: whether the client still waits makes no difference
	if err := s.stillMay(ctx, t, u); err != nil {
		return Info{}, err
	}
	if err := blob.Commit(); err != nil {
		_ = s.blobs.Remove(t.ID) // as far as it came; else the next start does
		return Info{}, s.blobError(err, "commit")
	}
	f.CreatedAt = time.Now().UTC()
	if err := s.store.AddFile(ctx, f); err != nil {
		_ = s.blobs.Remove(t.ID) // else the next start does
		return Info{}, s.storeError(err, "add")
	}
	s.mu.Lock()
	s.hold(f, f.CreatedAt)
	s.mu.Unlock()
	return f, nil
}

// copy brings exactly the bytes that were announced from body to blob, and tells what they are. What they are not is
// known after the first, before the rest is waited for.
func (s *Service) copy(blob Blob, body *counted, t ticket) (string, error) {
	head := make([]byte, min(t.Size, sniffBytes))
	if _, err := io.ReadFull(body, head); err != nil {
		return "", bodyError(err)
	}
	kind, ok := typeOf(t.Kind, head)
	if !ok {
		return "", at(ErrContent, "", "the content must be "+t.Kind.formats())
	}
	if _, err := blob.Write(head); err != nil {
		return "", s.blobError(err, "write")
	}
	rest := t.Size - int64(len(head))
	if _, err := io.CopyN(blob, body, rest); body.err != nil && body.n < t.Size {
		return "", bodyError(body.err)
	} else if err != nil {
		return "", s.blobError(err, "write")
	}
	if n, _ := body.Read(make([]byte, 1)); n > 0 {
		return "", ErrLonger
	}
	return kind, nil
}

// counted counts what was read, and keeps the first error.
type counted struct {
	r   io.Reader
	n   int64
	err error
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	if c.err == nil {
		c.err = err
	}
	return n, err
}

func bodyError(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return ErrSlow
	}
	return ErrBroken
}

// blobError turns what Blobs could not do into a refusal. A full disk is no mistake of this program.
func (s *Service) blobError(err error, op string) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		s.log.Warn("no space left for files", "op", op)
		return ErrFull
	}
	s.log.Error("file folder failed", "op", op, "err", err)
	return ErrUnavailable
}

// begin makes sure that an address is used by one upload only.
func (s *Service) begin(ctx context.Context, t ticket) error {
	s.mu.Lock()
	twice := s.uploading[t.ID]
	s.uploading[t.ID] = true
	s.mu.Unlock()
	if twice {
		return ErrUsed
	}
	_, err := s.store.File(ctx, t.ID)
	if errors.Is(err, ErrUnknown) {
		return nil
	}
	s.end(t)
	if err == nil {
		return ErrUsed
	}
	return s.storeError(err, "find")
}

func (s *Service) end(t ticket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.uploading, t.ID)
}

func (s *Service) release(size int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used -= size
}

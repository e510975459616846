package file

import (
	"context"
	"errors"
	"time"

	"liveroom/chat"
)

// removeAtOnce is how many files one step of a sweep removes.
const removeAtOnce = 100

// Withdrawing removes the files of a message that is about to be withdrawn, before anybody forgets what they were. A
// verdict takes all of them that are the group's; a recall only those its sender uploaded himself: who quotes another's
// picture must not take it away from him. M is nil if the message is out of the log.
func (s *Service) Withdrawing(ctx context.Context, group string, seq uint64, m *chat.Message, kind chat.WithdrawalKind) error {
	if err := s.await(ctx); err != nil {
		return err
	}
	shown, err := s.store.FilesShown(ctx, group, seq)
	if err != nil {
		return s.storeError(err, "find shown")
	}
	if m != nil {
		ids, _ := s.filesIn(m)
		shown = Shown{m.From, append(shown.IDs[:len(shown.IDs):len(shown.IDs)], ids...)}
	}
	var ids []string
	for _, id := range shown.IDs {
		f, err := s.store.File(ctx, id)
		if err != nil && !errors.Is(err, ErrUnknown) {
			return s.storeError(err, "find")
		}
		if err == nil && f.Group == group && (kind == chat.Blocked || f.User == shown.From) {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	gone, err := s.store.WithdrawFiles(ctx, ids)
	if err != nil {
		return s.storeError(err, "withdraw")
	}
	for _, f := range gone {
		s.forget(f)
	}
	s.count.withdrawn.Add(uint64(len(gone)))
	return nil
}

// forget removes the bytes of a file whose record says that it is gone, or will be.
func (s *Service) forget(f Info) {
	if err := s.blobs.Remove(f.ID); err != nil {
		s.log.Error("file can't be removed; the next start will", "file", f.ID, "err", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.letGo(f)
}

// Dismissed has the files of a group removed that is no more. It does not wait.
func (s *Service) Dismissed(group string) {
	s.mu.Lock()
	s.dismissed[group] = time.Now()
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// removeDismissed removes what Dismissed was told of; what fails the next Sweep finds again.
func (s *Service) removeDismissed(ctx context.Context) {
	s.mu.Lock()
	all := s.dismissed
	s.dismissed = map[string]time.Time{}
	s.mu.Unlock()
	for group, at := range all {
		if err := s.removeGroup(ctx, group, at); err != nil && ctx.Err() == nil {
			s.log.Warn("files of a dismissed group stay for now", "group", group, "err", err)
		}
	}
}

// removeGroup removes the files a group had at a moment: one of the same id may have begun since.
func (s *Service) removeGroup(ctx context.Context, group string, before time.Time) error {
	return s.removeAll(ctx, func() ([]Info, error) { return s.store.GroupFiles(ctx, group, before, removeAtOnce) })
}

// removeAll removes files and their records until there are none.
func (s *Service) removeAll(ctx context.Context, some func() ([]Info, error)) error {
	for {
		files, err := some()
		if err != nil || len(files) == 0 {
			return err
		}
		ids := make([]string, len(files))
		for i, f := range files {
			ids[i] = f.ID
		}
		if err := s.store.DeleteFiles(ctx, ids); err != nil {
			return err
		}
		for _, f := range files {
			if !f.Withdrawn {
				s.forget(f)
			}
		}
		s.count.expired.Add(uint64(len(files)))
	}
}

// Sweep removes files that are too old, and those of groups that are no more. It is for a periodic job.
func (s *Service) Sweep(ctx context.Context) error {
	if err := s.await(ctx); err != nil {
		return err
	}
	s.limits.forget(time.Now())
	s.forgetEarly(time.Now())
	err := s.removeAll(ctx, func() ([]Info, error) {
		return s.store.OldFiles(ctx, time.Now().Add(-s.cfg.Keep), removeAtOnce)
	})
	if err != nil {
		return err
	}
	now := time.Now()
	groups, err := s.store.FileGroups(ctx)
	if err != nil {
		return err
	}
	for _, group := range groups {
		if _, err := s.rooms.Group(ctx, group); !errors.Is(err, chat.ErrNoGroup) {
			continue
		}
		if err := s.removeGroup(ctx, group, now); err != nil {
			return err
		}
	}
	return s.tidy(ctx)
}

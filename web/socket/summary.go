package socket

import (
	"context"
	"errors"

	"liveroom/chat/summary"
)

// Summaries knows how live sessions went (summary.Service).
type Summaries interface {
	Last(ctx context.Context, group string) (summary.Public, error)
}

// summary answers how a group's last live session went, as far as everybody may know; null where none is over.
func (s *session) summary(ctx context.Context, r *request) error {
	if s.srv.cfg.Summaries == nil {
		return errNotOffered
	}
	if r.Group == "" {
		return badParameter("group", "must be a group's id")
	}
	last, err := s.srv.cfg.Summaries.Last(ctx, r.Group)
	switch {
	case errors.Is(err, summary.ErrUnknown):
		s.answer(finish(append(answer(r, 24), `,"summary":null`...)))
		return nil
	case err != nil:
		return err
	}
	s.answer(finish(appendField(answer(r, 1<<10), "summary", last)))
	return nil
}

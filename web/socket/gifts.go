package socket

import (
	"context"

	"liveroom/chat/gift"
)

// Gifts lets people give (gift.Service, and who knows rooms). Give fills in the giver's level.
type Gifts interface {
	Catalogue(ctx context.Context) (gift.Catalogue, error)
	Give(ctx context.Context, in gift.Giving) (gift.Order, error)
	Order(ctx context.Context, group, user, id string) (gift.Order, error)
	Board(ctx context.Context, group, session string) (gift.Board, error)

	// Session is the newest live session of a group; empty: there was none.
	Session(group string) string
}

// giftOps are the ops about gifts.
func (s *session) giftOps(ctx context.Context, r *request) error {
	if s.srv.cfg.Gifts == nil {
		return errNotOffered
	}
	switch r.Op {
	case "gifts":
		return s.gifts(ctx, r)
	case "sendGift":
		return s.sendGift(ctx, r)
	case "giftOrder":
		return s.giftOrder(ctx, r)
	default:
		return s.giftRanking(ctx, r)
	}
}

// gifts answers what can be given.
func (s *session) gifts(ctx context.Context, r *request) error {
	all, err := s.srv.cfg.Gifts.Catalogue(ctx)
	if err != nil {
		return err
	}
	all = all.Enabled()
	if all.Gifts == nil {
		all.Gifts = []gift.Gift{}
	}
	b := appendField(answer(r, 192*len(all.Gifts)), "gifts", all.Gifts)
	s.answer(finish(appendField(b, "version", all.Version)))
	return nil
}

// sendGift gives something in a group one is in: who is banned is not.
func (s *session) sendGift(ctx context.Context, r *request) error {
	var f struct {
		Order string `json:"order"`
		Gift  string `json:"gift"`
		Count *int   `json:"count"`
		Price *int64 `json:"price"`
		Combo string `json:"combo"`
	}
	if err := r.into(&f); err != nil {
		return err
	}
	if err := s.joined(r); err != nil {
		return err
	}
	count := 1
	if f.Count != nil {
		count = *f.Count
	}
	in := gift.Giving{Group: r.Group, Order: f.Order, Gift: f.Gift, Count: count, Price: f.Price, Combo: f.Combo, From: s.who}
	return s.aside(ctx, r, func(ctx context.Context, r *request) error {
		o, err := s.srv.cfg.Gifts.Give(ctx, in)
		if err != nil {
			return err
		}
		return s.answerOrder(r, o)
	})
}

// giftOrder answers one's own order as it is now.
func (s *session) giftOrder(ctx context.Context, r *request) error {
	var f struct {
		Order string `json:"order"`
	}
	if err := r.into(&f); err != nil {
		return err
	}
	if s.who.Anonymous {
		return gift.ErrNoOrder
	}
	if f.Order == "" {
		return badParameter("order", "name the order")
	}
	o, err := s.srv.cfg.Gifts.Order(ctx, r.Group, s.who.User, f.Order)
	if err != nil {
		return err
	}
	return s.answerOrder(r, o)
}

func (s *session) answerOrder(r *request, o gift.Order) error {
	s.answer(finish(appendField(answer(r, 512), "order", o)))
	return nil
}

// giftRanking answers who gave most, in the newest session or ever.
func (s *session) giftRanking(ctx context.Context, r *request) error {
	var f struct {
		Scope string `json:"scope"`
		Limit *int   `json:"limit"`
	}
	if err := r.into(&f); err != nil {
		return err
	}
	limit := 20
	if f.Limit != nil {
		limit = *f.Limit
	}
	if limit < 1 || limit > gift.MaxRanking {
		return badParameter("limit", "must be 1 to 100")
	}
	var session string
	switch f.Scope {
	case "", "session":
		session = s.srv.cfg.Gifts.Session(r.Group)
	case "all":
		session = gift.All
	default:
		return badParameter("scope", "must be session or all")
	}
	board, err := s.srv.cfg.Gifts.Board(ctx, r.Group, session)
	if err != nil {
		return err
	}
	some := append([]gift.Rank{}, board.Ranking[:min(limit, len(board.Ranking))]...)
	if session == gift.All {
		session = ""
	}
	b := appendField(answer(r, 128*len(some)), "ranking", some)
	b = appendField(b, "totals", board.Totals)
	s.answer(finish(appendField(b, "session", session)))
	return nil
}

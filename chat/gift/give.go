package gift

import (
	"context"
	"errors"
	"time"

	"liveroom/chat"
)

// Giving is a gift that a viewer gives. The door has checked that he is in the group and not banned.
type Giving struct {
	Group string
	Order string // client-made
	Gift  string
	Count int
	Price *int64 // of one, minor units: what the giver was shown; nil: he takes the catalogue's
	Combo string // may be empty
	From  chat.Identity
	Level int
}

// Give places a viewer's order and waits a moment for its settlement. A repeated order id answers the order as it is,
// whatever the catalogue says meanwhile. A new one is ErrPriceChanged where the gift costs something else than its giver was
// shown. An order that is still pending when the wait is over is answered so; Config.Late tells then. Of a refused order the
// error is ErrRefused with the reason as its detail, beside the order.
func (s *Service) Give(ctx context.Context, in Giving) (Order, error) {
	o := Order{
		ID: in.Order, Group: in.Group, Gift: in.Gift, Count: in.Count, Combo: in.Combo,
		From: in.From.User, Nick: clip(in.From.Nick, 256), Avatar: in.From.Avatar, Level: in.Level, Via: ViaClient,
	}
	switch {
	case in.From.Anonymous:
		return Order{}, with(chat.ErrPermission, "user", "sign in to give something")
	case in.From.Guest && !s.cfg.Guests:
		return Order{}, with(chat.ErrPermission, "user", "guests may not give anything here; sign in")
	}
	if in.Price != nil {
		o.Price = *in.Price
	}
	if err := o.Validate(); err != nil {
		return Order{}, err
	}
	if one, _ := s.pace.Take(o.From, 1, time.Now()); one == 0 {
		return Order{}, ErrPace
	}
	g, ok, err := s.gifts.find(ctx, o.Gift)
	if err != nil {
		return Order{}, err
	}
	if !ok || !g.Enabled {
		return s.earlier(ctx, o, ErrNoGift)
	}
	if !s.cfg.Settles() {
		return s.earlier(ctx, o, ErrNoSettler)
	}
	if in.Price != nil && o.Price != g.Price {
		return s.earlier(ctx, o, with(ErrPriceChanged, "price", "the gift costs %d now", g.Price))
	}
	o.of(g)
	if !g.Combo {
		o.Combo = ""
	}
	if err := o.Validate(); err != nil { // with its price
		return Order{}, err
	}
	return answer(s.order(ctx, o))
}

// earlier is for an order of what can't be given now, and why: it may have been placed before.
func (s *Service) earlier(ctx context.Context, o Order, why error) (Order, error) {
	old, err := s.store.Order(ctx, o.Group, o.Key())
	switch {
	case errors.Is(err, ErrNoOrder):
		return Order{}, why
	case err != nil:
		return Order{}, err
	}
	return answer(Repeated(old, o))
}

// answer adds the refusal to a refused order.
func answer(o Order, err error) (Order, error) {
	if err != nil || o.State != Refused {
		return o, err
	}
	if o.Reason == "" {
		return o, ErrRefused
	}
	return o, with(ErrRefused, "order", "%s", o.Reason)
}

// of fills in what the catalogue says.
func (o *Order) of(g Gift) {
	o.Name, o.Icon, o.Effect, o.Price = g.Name, g.Icon, g.Effect, g.Price
	o.Value = g.Price * int64(o.Count)
}

// order places an order and has it settled.
func (s *Service) order(ctx context.Context, o Order) (Order, error) {
	now := moment()
	o.CreatedAt, o.Session, o.To = now, s.cfg.Session(o.Group), s.cfg.Anchor(o.Group)
	if s.settler == nil {
		o.SettledAt = now
		return s.record(ctx, o)
	}
	f, first := s.board(o)
	if !first { // the same order is being placed or asked here
		select {
		case <-f.placed:
		case <-ctx.Done():
			return Order{}, ctx.Err()
		}
	}
	askAt := now.Add(s.cfg.Timeout + s.cfg.RetryIn)
	if s.cfg.Once {
		askAt = now.Add(OnceWithin)
	}
	o, fresh, err := s.store.Place(ctx, o, askAt)
	if first {
		s.depart(f, o, askAt, fresh && err == nil)
	}
	if err != nil {
		return Order{}, err
	}
	if fresh {
		s.stats.placed.Add(1)
		s.agenda.wake(o.Group, askAt)
	}
	if o.State != Pending || fresh && !first {
		return o, nil
	}
	return s.await(ctx, f, o), nil
}

// moment is now as it is stored and sent.
func moment() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

// Billing is a gift that a backend has charged for already.
type Billing struct {
	Group   string
	Order   string // the backend's
	Gift    string // need not be in the catalogue if Price and Name are given
	Count   int
	Combo   string // may be empty
	User    string
	Nick    string
	Avatar  string
	Level   int
	Price   *int64 // of one, minor units; nil: the catalogue's
	Name    string // empty: the catalogue's
	Message string // names the message that it came in, which is what the room sees; empty: the room is told
}

// Bill records a gift that is paid. A repeated order id answers the order as it is; one that stands for another gift is
// ErrOrderReused. A gift that is not in the catalogue, and comes without price or name, is ErrNoGift.
func (s *Service) Bill(ctx context.Context, in Billing) (Order, error) {
	o := Order{
		ID: in.Order, Group: in.Group, Gift: in.Gift, Count: in.Count, Combo: in.Combo,
		From: in.User, Nick: clip(in.Nick, 256), Avatar: in.Avatar, Level: in.Level, Via: ViaBackend, Message: in.Message,
	}
	if in.Message != "" {
		o.Via = ViaMessage
	}
	if err := o.Validate(); err != nil {
		return Order{}, err
	}
	g, known, err := s.gifts.find(ctx, o.Gift)
	if err != nil {
		return Order{}, err
	}
	if !known && (in.Price == nil || in.Name == "") {
		return s.earlier(ctx, o, ErrNoGift)
	}
	if in.Price != nil {
		g.Price = *in.Price
	}
	if in.Name != "" {
		g.Name = in.Name
	}
	o.of(g)
	if err := validName(o.Name); err != nil {
		return Order{}, err
	}
	if err := o.Validate(); err != nil {
		return Order{}, err
	}
	now := moment()
	o.CreatedAt, o.SettledAt = now, now
	o.Session, o.To = s.cfg.Session(o.Group), s.cfg.Anchor(o.Group)
	done, err := s.record(ctx, o)
	if err == nil && in.Price != nil && done.Price != o.Price {
		return Order{}, ErrOrderReused
	}
	return done, err
}

// record takes an order that is paid.
func (s *Service) record(ctx context.Context, o Order) (Order, error) {
	o, fresh, err := s.store.Record(ctx, o, s.cfg.Merge)
	if err != nil {
		return Order{}, err
	}
	if fresh {
		s.stats.placed.Add(1)
		s.settled(o)
	}
	return o, nil
}

// settled does what follows in this process when this node settled an order.
func (s *Service) settled(o Order) {
	if o.State != Accepted {
		s.stats.refused.Add(1)
		return
	}
	s.stats.accepted.Add(1)
	s.agenda.wake(o.Group, time.Now())
	s.cfg.Settled(o)
}

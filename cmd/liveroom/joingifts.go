package main

import (
	"cmp"
	"context"
	"errors"
	"time"

	"liveroom/chat"
	"liveroom/chat/gift"
	"liveroom/web"
	"liveroom/web/callback"
)

// joinGifts makes what keeps gifts. The chat, which shows them, and the accounts are made later.
func (p *program) joinGifts() {
	var settler gift.Settler
	cfg := p.set.gifts()
	switch p.set.giftSettlement() {
	case "callback":
		settler = giftSettler{p.callbacks.settlement}
		cfg.Settles = func() bool { return p.callbacks.settlement.Asks(callback.GiftSettle) }
	case "live":
		settler, cfg.Once = liveGiftSettler{p.callbacks.settlement}, true
		cfg.Settles = func() bool { return p.callbacks.settlement.Asks(callback.BeforeSendGift) }
	}
	late := make(lateGifts, lateMost)
	cfg.Session, cfg.Anchor, cfg.Settled, cfg.Late = p.liveSession, p.anchorOf, p.interaction.gave, late.put
	fields := &laterTotals{show: func(ctx context.Context, group string) error { return totals{p}.show(ctx, group) }, log: p.log}
	p.gifts = gift.NewService(cfg, p.stores.gifts, settler, giftRoom{p, fields}, giftTeller{p.callbacks.events}, p.log)
	p.boards = gift.NewBoards(p.stores.gifts)
	if reader, _ := newGiftReader(&p.set); reader != nil { // Validate has checked it
		p.interaction.shown = append(p.interaction.shown, func(m *chat.Message) bool { return reader.is(customData(m.Body)) })
	}
	p.interaction.actors = append(p.interaction.actors,
		actor{"gifts", p.gifts.Run}, actor{"gifts of others", p.once("gifts", p.gifts.Sweep)}, actor{"totals of gifts", fields.run},
		actor{"gifts settled late", func(ctx context.Context) error { return late.run(ctx, p.giftLate) }})
}

// lateGifts are orders settled after their senders were told that they are pending.
type lateGifts chan gift.Order

// lateMost is how many wait; beyond, their senders are not told, and may ask.
const lateMost = 1000

// put never blocks.
func (l lateGifts) put(o gift.Order) {
	select {
	case l <- o:
	default:
	}
}

func (l lateGifts) run(ctx context.Context, tell func(context.Context, gift.Order)) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case o := <-l:
			tell(ctx, o)
		}
	}
}

// giftLate tells a sender what became of his order.
func (p *program) giftLate(ctx context.Context, o gift.Order) {
	ctx, cancel := context.WithTimeout(ctx, groupWait)
	defer cancel()
	if err := p.chat.TellUser(ctx, o.From, "gift", map[string]any{"order": o}); err != nil {
		p.log.Debug("the sender of a gift was not told what became of it", "err", err) // he may ask
	}
}

// giftDoor is what the doors are given of gifts.
type giftDoor struct {
	*gift.Service
	p *program
}

// Give fills in the giver's level.
func (d giftDoor) Give(ctx context.Context, in gift.Giving) (gift.Order, error) {
	in.Level = d.p.levelOf(in.From.User)
	return d.Service.Give(ctx, in)
}

// Bill fills in what is known of the giver.
func (d giftDoor) Bill(ctx context.Context, in gift.Billing) (gift.Order, error) {
	if in.Nick == "" || in.Avatar == "" {
		who, err := d.p.account(ctx, in.User)
		if err != nil && !errors.Is(err, chat.ErrNoAccount) {
			return gift.Order{}, err
		}
		in.Nick, in.Avatar = cmp.Or(in.Nick, who.Nick), cmp.Or(in.Avatar, who.Avatar)
	}
	in.Level = d.p.levelOf(in.User)
	return d.Service.Bill(ctx, in)
}

// Board answers who gave what.
func (d giftDoor) Board(ctx context.Context, group, session string) (gift.Board, error) {
	return d.p.boards.Board(ctx, group, session)
}

// Session is the newest live session of a group.
func (d giftDoor) Session(group string) string { return d.p.newestSession(group) }

// levelOf is a user's level as far as it is known here.
func (p *program) levelOf(user string) int { return p.levels.Standing(user).Level }

// giftJobs are what one node of a cluster does for the gifts of all.
func (p *program) giftJobs() []job {
	return []job{{"old gifts", "@every 1h", p.gifts.Trim}}
}

// giftMetrics are what was given, and what became of it.
func (p *program) giftMetrics() []web.Sample {
	st := p.gifts.Stats()
	const settled = "Orders of gifts settled by this node, by how."
	how := func(word string) web.Label { return web.Label{Name: "state", Value: word} }
	return []web.Sample{
		counter("gift_orders_total", "Orders of gifts that this node took.", st.Placed),
		counter("gift_orders_settled_total", settled, st.Accepted, how("accepted")),
		counter("gift_orders_settled_total", settled, st.Refused, how("refused")),
		counter("gift_orders_expired_total", "Orders of gifts refused because nobody settled them in time.", st.Expired),
		counter("gift_orders_contradicted_total", "Answers that settle an order otherwise than it was: the backend's books and ours differ.", st.Contradicted),
		counter("gift_askings_undecided_total", "Questions about orders that settled nothing.", st.Unknown),
		counter("gift_messages_total", "Messages about gifts handed to rooms.", st.Shown),
		counter("gift_messages_lost_total", "Messages about gifts of rooms that are gone, or that no room takes.", st.Dropped),
		counter("gift_rounds_failed_total", "Times that a room's gifts could not be settled or shown, to be tried again.", st.Failed),
		gauge("gift_orders_asking", "Orders whose backend is being asked.", st.Asking),
		gauge("gift_rooms", "Rooms whose gifts this node looks after now.", st.Groups),
	}
}

// giftsKept is the least time that a ledger is kept.
const giftsKept = 24 * time.Hour

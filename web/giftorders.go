package web

import (
	"context"
	"net/http"
	"strconv"

	"liveroom/chat/gift"
)

// BillBody is a gift that a backend has charged for.
type BillBody struct {
	Order  string `json:"order" minLength:"1" maxLength:"64" doc:"Your order's id: letters, digits and _ . ~ : @ + = -. The same id is the same gift, however often it is sent." example:"pay-4711"`
	Gift   string `json:"gift" minLength:"1" maxLength:"64" doc:"Need not be in the catalogue if price and name are given." example:"rose"`
	Count  int    `json:"count,omitempty" minimum:"1" maximum:"9999" default:"1"`
	User   string `json:"user" minLength:"1" maxLength:"32" doc:"The account that gives." example:"alice"`
	Nick   string `json:"nick,omitempty" maxLength:"256" doc:"Default: the account's."`
	Avatar string `json:"avatar,omitempty" maxLength:"500" doc:"Default: the account's."`
	Price  *int64 `json:"price,omitempty" minimum:"0" maximum:"100000000000" doc:"Of one, in minor units; default: the catalogue's."`
	Name   string `json:"name,omitempty" maxLength:"256" doc:"Default: the catalogue's."`
	Combo  string `json:"combo,omitempty" maxLength:"64" doc:"Names a run of clicks that are shown together."`
}

// OrderBody is a gift that was given, or asked to be.
type OrderBody struct {
	ID        string     `json:"id" doc:"Its maker's."`
	Group     string     `json:"group" doc:"The chat group of the room."`
	Session   string     `json:"session" doc:"The live session it was placed in; empty: outside any."`
	Gift      string     `json:"gift"`
	Name      string     `json:"name"`
	Icon      string     `json:"icon,omitempty"`
	Effect    string     `json:"effect,omitempty"`
	Price     int64      `json:"price" doc:"Of one when it was placed, in minor units."`
	Count     int        `json:"count"`
	Value     int64      `json:"value" doc:"price times count."`
	From      string     `json:"from"`
	Nick      string     `json:"nick"`
	Avatar    string     `json:"avatar"`
	Level     int        `json:"level"`
	To        string     `json:"to" doc:"The anchor."`
	Combo     string     `json:"combo"`
	State     gift.State `json:"state" enum:"pending,accepted,refused"`
	Reason    string     `json:"reason" doc:"Why it was refused."`
	Via       gift.Via   `json:"via" enum:"client,backend,message"`
	CreatedAt Time       `json:"createdAt"`
	SettledAt NullTime   `json:"settledAt" doc:"null: it is pending."`
	Message   string     `json:"message" doc:"Of those that came in a message: what names it."`
}

func orderBody(o gift.Order) OrderBody {
	return OrderBody{
		o.ID, o.Group, o.Session, o.Gift, o.Name, o.Icon, o.Effect, o.Price, o.Count, o.Value, o.From, o.Nick, o.Avatar, o.Level,
		o.To, o.Combo, o.State, o.Reason, o.Via,
		Time{o.CreatedAt},
		NullTime{o.SettledAt},
		o.Message,
	}
}

type orderOut struct{ Body OrderBody }

type billIn struct {
	RoomPath
	Body BillBody
}

func (s *Server) billGift(ctx context.Context, in *billIn) (*orderOut, error) {
	ctx, cancel := timed(ctx)
	defer cancel()
	group, err := s.group(ctx, in.Room)
	if err != nil {
		return nil, err
	}
	b := in.Body
	o, err := s.gifts.Bill(ctx, gift.Billing{
		Group: group, Order: b.Order, Gift: b.Gift, Count: b.Count, Combo: b.Combo, User: b.User, Nick: b.Nick, Avatar: b.Avatar, Price: b.Price, Name: b.Name,
	})
	if err != nil {
		return nil, err
	}
	return &orderOut{orderBody(o)}, nil
}

type orderIn struct {
	RoomPath
	Order string `path:"order" minLength:"1" maxLength:"64" doc:"The order's id." example:"pay-4711"`
	User  string `query:"user" maxLength:"64" doc:"Who placed it; empty: a backend. A UserSig reads its own account's orders, and the anchor all of the room."`
}

func (s *Server) giftOrder(ctx context.Context, in *orderIn) (*orderOut, error) {
	ctx, cancel := timed(ctx)
	defer cancel()
	l, err := s.rooms.Room(ctx, in.Room)
	if err != nil {
		return nil, err
	}
	if who := callerOf(ctx); !who.token && who.user != l.Room.Anchor && who.user != in.User {
		return nil, newProblem(http.StatusForbidden, "not_anchor", "only the room's anchor, who placed it or an API token may read an order")
	}
	o, err := s.gifts.Order(ctx, l.Room.GroupID, in.User, in.Order)
	if err != nil {
		return nil, err
	}
	return &orderOut{orderBody(o)}, nil
}

// RankBody is somebody's place among those who gave.
type RankBody struct {
	Rank   int    `json:"rank" doc:"From 1."`
	User   string `json:"user"`
	Nick   string `json:"nick"`
	Avatar string `json:"avatar"`
	Level  int    `json:"level"`
	Value  int64  `json:"value" doc:"In minor units."`
	Count  int64  `json:"count"`
}

// GiftTotals is how much was given.
type GiftTotals struct {
	Value   int64 `json:"value" doc:"In minor units."`
	Count   int64 `json:"count"`
	Senders int   `json:"senders" doc:"How many different people gave."`
}

type rankingIn struct {
	RoomPath
	Session string `query:"session" maxLength:"64" doc:"A live session's id."`
	Scope   string `query:"scope" enum:"session,all" default:"session" doc:"session: the session named, else the newest; all: all that is in the ledger of the room's chat group, also of a room of this group id that was deleted before."`
	Limit   int    `query:"limit" minimum:"1" maximum:"100" default:"20"`
}

type rankingOut struct {
	Body struct {
		Ranking []RankBody `json:"ranking"`
		Totals  GiftTotals `json:"totals"`
		Session string     `json:"session" doc:"Which session it is of; empty: all, or there was none."`
	}
}

// board reads who gave what in a session of a room. The session is named, the newest, or all.
func (s *Server) board(ctx context.Context, room, session, scope string) (b gift.Board, of string, err error) {
	group, err := s.group(ctx, room)
	if err != nil {
		return b, "", err
	}
	switch {
	case scope == "all":
		b, err = s.gifts.Board(ctx, group, gift.All)
		return b, "", err
	case session == gift.All:
		return b, "", newProblem(http.StatusUnprocessableEntity, "invalid", "must be a live session's id").at("session")
	case session == "":
		session = s.gifts.Session(group)
	}
	b, err = s.gifts.Board(ctx, group, session)
	return b, session, err
}

func (s *Server) giftRanking(ctx context.Context, in *rankingIn) (*rankingOut, error) {
	b, session, err := s.board(ctx, in.Room, in.Session, in.Scope)
	if err != nil {
		return nil, err
	}
	out := &rankingOut{}
	out.Body.Ranking = make([]RankBody, min(in.Limit, len(b.Ranking)))
	for i := range out.Body.Ranking {
		out.Body.Ranking[i] = RankBody(b.Ranking[i])
	}
	out.Body.Totals, out.Body.Session = GiftTotals(b.Totals), session
	return out, nil
}

type totalsIn struct {
	RoomPath
	Session string `query:"session" maxLength:"64" doc:"A live session's id; empty: all that is in the ledger of the room's chat group, see scope=all of the ranking."`
}

type totalsOut struct {
	Body struct {
		Totals  GiftTotals `json:"totals"`
		Session string     `json:"session"`
	}
}

func (s *Server) giftTotals(ctx context.Context, in *totalsIn) (*totalsOut, error) {
	scope := "session"
	if in.Session == "" {
		scope = "all"
	}
	b, session, err := s.board(ctx, in.Room, in.Session, scope)
	if err != nil {
		return nil, err
	}
	out := &totalsOut{}
	out.Body.Totals, out.Body.Session = GiftTotals(b.Totals), session
	return out, nil
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

package web

import (
	"context"
	"iter"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"liveroom/chat/gift"
)

// Gifts are the catalogue, orders and the ledger (gift.Service, and who knows rooms). Bill fills in nick, avatar and level of
// the giver where they are not given.
type Gifts interface {
	Catalogue(ctx context.Context) (gift.Catalogue, error)
	PutGift(ctx context.Context, g gift.Gift) (gift.Catalogue, error)
	DeleteGift(ctx context.Context, id string) (gift.Catalogue, error)
	Bill(ctx context.Context, in gift.Billing) (gift.Order, error)
	Order(ctx context.Context, group, user, id string) (gift.Order, error)
	Board(ctx context.Context, group, session string) (gift.Board, error)
	Ledger(ctx context.Context, q gift.Query) (gift.Page, error)
	Export(ctx context.Context, q gift.Query) iter.Seq2[gift.Entry, error]

	// Session is the newest live session of a group; empty: there was none.
	Session(group string) string
}

func (s *Server) registerGifts() {
	list := s.operation("gifts", http.MethodGet, "/gifts", "gifts", "List what can be given", anyone)
	list.Middlewares = huma.Middlewares{s.perhapsSignedIn}
	list.Description = "With an API token the list has also gifts that can't be given now."
	offer(s, s.gifts != nil, list, s.listGifts)
	offer(s, s.gifts != nil, s.operation("gift", http.MethodGet, "/gifts/{gift}", "gifts", "Show a gift of the catalogue", tokenHolder), s.showGift)
	offer(s, s.gifts != nil, s.operation("put-gift", http.MethodPut, "/gifts/{gift}", "gifts", "Make or change a gift of the catalogue", tokenHolder), s.putGift)
	op := s.operation("delete-gift", http.MethodDelete, "/gifts/{gift}", "gifts", "Take a gift out of the catalogue", tokenHolder)
	op.DefaultStatus = http.StatusNoContent
	offer(s, s.gifts != nil, op, s.deleteGift)
	offer(s, s.gifts != nil, s.operation("bill-gift", http.MethodPost, "/rooms/{room}/gifts", "gifts", "Record a gift that is paid, and show it to the room", tokenHolder), s.billGift)
	offer(s, s.gifts != nil, s.operation("gift-order", http.MethodGet, "/rooms/{room}/gifts/orders/{order}", "gifts", "Show an order", tokenOrAnchor), s.giftOrder)
	offer(s, s.gifts != nil, s.operation("gift-ranking", http.MethodGet, "/rooms/{room}/gifts/ranking", "gifts", "Show who gave most", anyone), s.giftRanking)
	offer(s, s.gifts != nil, s.operation("gift-totals", http.MethodGet, "/rooms/{room}/gifts/totals", "gifts", "Show how much was given", anyone), s.giftTotals)
	s.registerLedger()
}

// perhapsSignedIn lets everybody through; who sends an Authorization must be good for it.
func (s *Server) perhapsSignedIn(ctx huma.Context, next func(huma.Context)) {
	if ctx.Header("Authorization") == "" {
		next(ctx)
		return
	}
	s.signedIn(ctx, next)
}

// GiftDraft is what can be said of a gift.
type GiftDraft struct {
	Name    string `json:"name" minLength:"1" maxLength:"256" doc:"At most 64 characters." example:"Rose"`
	Price   int64  `json:"price" minimum:"0" maximum:"100000000000" doc:"Of one, in minor units of the currency you bill in." example:"100"`
	Icon    string `json:"icon,omitempty" maxLength:"500" doc:"URL of a picture, or a path of this server."`
	Effect  string `json:"effect,omitempty" maxLength:"500" doc:"How pages show it; theirs to understand. Ours know none, float, confetti and banner."`
	Combo   bool   `json:"combo,omitempty" doc:"Clicks in a row are shown together."`
	Enabled *bool  `json:"enabled,omitempty" doc:"It can be given; default true."`
	Order   int    `json:"order,omitempty" minimum:"-1000000" maximum:"1000000" doc:"Its place in the list, smaller first."`
}

// GiftBody is a gift of the catalogue.
type GiftBody struct {
	ID      string `json:"id" example:"rose"`
	Name    string `json:"name"`
	Price   int64  `json:"price" doc:"Of one, in minor units."`
	Icon    string `json:"icon"`
	Effect  string `json:"effect"`
	Combo   bool   `json:"combo"`
	Enabled bool   `json:"enabled"`
	Order   int    `json:"order"`
}

// GiftPath names a gift.
type GiftPath struct {
	Gift string `path:"gift" pattern:"^[A-Za-z0-9_-]{1,64}$" maxLength:"64" doc:"The gift's id." example:"rose"`
}

type giftsOut struct {
	Body struct {
		Gifts   []GiftBody `json:"gifts" doc:"In the order they are listed. With an API token those too that can't be given now."`
		Version uint64     `json:"version" doc:"Grows with each change of the catalogue."`
	}
}

type giftOut struct{ Body GiftBody }

type giftIn struct {
	GiftPath
	Body GiftDraft
}

func (s *Server) listGifts(ctx context.Context, _ *struct{}) (*giftsOut, error) {
	all, err := s.gifts.Catalogue(ctx)
	if err != nil {
		return nil, err
	}
	if !callerOf(ctx).token {
		all = all.Enabled()
	}
	out := &giftsOut{}
	out.Body.Version, out.Body.Gifts = all.Version, make([]GiftBody, len(all.Gifts))
	for i, g := range all.Gifts {
		out.Body.Gifts[i] = GiftBody(g)
	}
	return out, nil
}

func (s *Server) showGift(ctx context.Context, in *GiftPath) (*giftOut, error) {
	all, err := s.gifts.Catalogue(ctx)
	if err != nil {
		return nil, err
	}
	g, ok := all.Find(in.Gift)
	if !ok {
		return nil, gift.ErrNoGift
	}
	return &giftOut{GiftBody(g)}, nil
}

func (s *Server) putGift(ctx context.Context, in *giftIn) (*giftOut, error) {
	ctx, cancel := timed(ctx)
	defer cancel()
	b := in.Body
	g := gift.Gift{ID: in.Gift, Name: strings.TrimSpace(b.Name), Price: b.Price, Icon: b.Icon, Effect: b.Effect, Combo: b.Combo, Enabled: b.Enabled == nil || *b.Enabled, Order: b.Order}
	if _, err := s.gifts.PutGift(ctx, g); err != nil {
		return nil, err
	}
	s.record(ctx, "", "gift_put", g.ID, map[string]string{"price": itoa(g.Price)})
	return &giftOut{GiftBody(g)}, nil
}

func (s *Server) deleteGift(ctx context.Context, in *GiftPath) (*empty, error) {
	ctx, cancel := timed(ctx)
	defer cancel()
	if _, err := s.gifts.DeleteGift(ctx, in.Gift); err != nil {
		return nil, err
	}
	s.record(ctx, "", "gift_delete", in.Gift, nil)
	return nil, nil
}

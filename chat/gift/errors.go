package gift

import (
	"fmt"

	"liveroom/chat"
)

// Refusals of this package. Compare with errors.Is; what is returned carries field and detail of the case.
var (
	ErrRefused      = &chat.Error{Code: 10016, Name: "gift_refused", Detail: "the gift was refused", Field: "order"}
	ErrNoSettler    = &chat.Error{Code: 10007, Name: "no_settlement", Detail: "nobody settles gifts here: no receiver of callbacks is asked about them", Field: "order"}
	ErrNoGift       = &chat.Error{Code: 10010, Name: "no_such_gift", Detail: "there is no such gift, or it can't be given now", Field: "gift"}
	ErrNoOrder      = &chat.Error{Code: 10010, Name: "no_such_order", Detail: "there is no such order", Field: "order"}
	ErrOrderReused  = &chat.Error{Code: 10021, Name: "order_reused", Detail: "this order id was used for another order; take a new one", Field: "order"}
	ErrPriceChanged = &chat.Error{Code: 10057, Name: "price_changed", Detail: "the gift has another price now", Field: "price"}
	ErrTooManyGifts = &chat.Error{Code: 10038, Name: "too_many_gifts", Detail: "the catalogue has as many gifts as it may; delete some first"}
	ErrPace         = &chat.Error{Code: 10023, Name: "gifts_too_fast", Detail: "you give too much at once; wait a moment", Temporary: true}
	ErrPending      = &chat.Error{Code: 10023, Name: "too_many_orders", Detail: "too many orders of this room wait for their settlement; try again later", Temporary: true}
	ErrLedgerFull   = &chat.Error{Code: 10038, Name: "ledger_full", Detail: "this room's ledger holds as much as it can count", Field: "count"}
)

// with returns a copy of e that says more of one case.
func with(e *chat.Error, field, detail string, args ...any) *chat.Error {
	c := *e
	c.Field, c.Detail = field, fmt.Sprintf(detail, args...)
	return &c
}

func parameter(field, detail string, args ...any) *chat.Error {
	return with(chat.ErrParameter, field, detail, args...)
}

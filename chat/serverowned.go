package chat

import (
	"cmp"
	"context"
	"maps"
	"unicode/utf8"
)

// TotalsKey is the custom field in which the server keeps the totals of a group, for who has not joined: see SetTotals.
const TotalsKey = "live_totals"

// The counters that belong to the server. Nobody else writes them, they do not count among those a group may have, and they
// stay when all counters are replaced or deleted.
const (
	CounterLikes      = "live_likes"
	CounterGiftValue  = "live_gift_value" // of accepted gifts, in minor units
	CounterGiftCount  = "live_gift_count"
	CounterPopularity = "live_popularity"
)

var serverCounters = map[string]bool{CounterLikes: true, CounterGiftValue: true, CounterGiftCount: true, CounterPopularity: true}

// countersOfServer refuses what touches a counter of the server, whoever asks.
func (c CounterChange) countersOfServer() *Error {
	named := func(key string) *Error { return ErrPermission.with(key, "belongs to the server") }
	for key := range c.Values {
		if serverCounters[key] {
			return named(key)
		}
	}
	for _, key := range c.Keys {
		if serverCounters[key] {
			return named(key)
		}
	}
	return nil
}

// RaiseCounters sets counters of the server (CounterLikes …) each to the greater of what it is and what is given: totals only
// grow, and may be told late or twice. Members are told as of any counter.
func (s *Service) RaiseCounters(ctx context.Context, group string, to map[string]Number) error {
	return s.writeServerCounters(ctx, group, RaiseCounter, to)
}

// SetServerCounters sets counters of the server.
func (s *Service) SetServerCounters(ctx context.Context, group string, to map[string]Number) error {
	return s.writeServerCounters(ctx, group, SetCounter, to)
}

func (s *Service) writeServerCounters(ctx context.Context, group string, op CounterOp, to map[string]Number) error {
	for key := range to {
		if !serverCounters[key] {
			return ErrParameter.with("counters", "%q is no counter of the server", clip(key))
		}
	}
	_, err := s.putCounters(ctx, group, server, CounterChange{Op: op, Values: to, Server: true})
	return err
}

// SetTotals sets the custom field live_totals, a JSON object of at most 512 bytes such as
// {"likes":n,"giftValue":n,"giftCount":n}. It is for who has not joined; members have the counters. Totals that are set already
// change nothing, and tell nobody.
func (s *Service) SetTotals(ctx context.Context, group, totals string) error {
	if totals == "" || len(totals) > maxFieldValue || !utf8.ValidString(totals) {
		return ErrParameter.with(TotalsKey, "must be 1 to %d bytes of UTF-8", maxFieldValue)
	}
	known := false
	err := s.with(ctx, group, func(r *room) error { known = r.fields.All[TotalsKey] == totals; return nil })
	if err != nil || known {
		return err
	}
	return s.putFields(ctx, group, map[string]string{TotalsKey: totals}, func(*room) error { return nil })
}

// fieldsOfServer refuses what touches a custom field of the server: administrators may set that of the status, nobody may delete
// it, and the totals are the server's alone.
func fieldsOfServer(fields map[string]string, by Identity) error {
	if value, ok := fields[StatusKey]; ok && (!by.Admin || value == "") {
		return ErrPermission.with(StatusKey, "belongs to the server")
	}
	if _, ok := fields[TotalsKey]; ok {
		return ErrPermission.with(TotalsKey, "belongs to the server")
	}
	return nil
}

// putFields upserts custom fields that were checked.
func (s *Service) putFields(ctx context.Context, group string, fields map[string]string, may func(*room) error) error {
	fields = maps.Clone(fields)
	permit := func(r *room) error {
		_, err := mergeFields(r.fields.All, fields)
		return cmp.Or(may(r), err)
	}
	return s.change(ctx, group, permit, func(ctx context.Context) (outcome, error) {
		now, err := s.store.PutFields(ctx, group, fields)
		if err != nil {
			return outcome{}, s.storeError(err, "put fields")
		}
		return outcome{
			items:  []Item{fieldsEvent(now)},
			update: func(r *room) { r.fields = now },
		}, nil
	})
}

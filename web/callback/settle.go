package callback

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"liveroom/chat"
)

// What backends are asked about gifts.
const (
	GiftSettle     = "gift.settle"                 // in our own format (FormatEvents)
	BeforeSendGift = "Live.CallbackBeforeSendGift" // Tencent's (spec im-callbacks §8)
)

// Decision is what a backend decided about a gift.
type Decision string

// The decisions. Undecided says nothing of what the backend has done: it may have charged for the gift.
const (
	Undecided Decision = ""
	Accepted  Decision = "accepted"
	Refused   Decision = "refused"
)

// maxReason bounds a backend's words for a refusal, in characters.
const maxReason = 200

// Reasons of refusals in which a backend had no words of its own.
const (
	ReasonRefused  = "refused"
	ReasonNoAnswer = "no_answer" // only where that refuses (BeforeSendGift)
)

// Settlement asks backends whether gifts are paid: the first receiver that names what is asked (docs/callbacks.md). It keeps
// nothing of an order; whoever asks again does so until it is decided.
type Settlement struct {
	asker
	app uint64
	log *slog.Logger

	asked, accepted, refused atomic.Uint64

	failing sync.Mutex
	failed  map[string]uint64 // by why
}

// NewSettlement returns what asks the receivers of an IM application.
func NewSettlement(app uint64, receivers *Registry, client *Client, log *slog.Logger) *Settlement {
	return &Settlement{asker: asker{client: client, receivers: receivers, desks: map[string]*desk{}}, app: app, log: log, failed: map[string]uint64{}}
}

// Asks says whether there is a receiver for a question, GiftSettle or BeforeSendGift.
func (s *Settlement) Asks(command string) bool { return s.receivers.Wants(command) != nil }

// Settle asks whether an order, as JSON, is paid. key is the order's in its group; attempts count from 1. The reason is a backend's,
// of a refusal. An error goes with Undecided and says why nobody knows; the order is to be asked about again, by the same id.
func (s *Settlement) Settle(ctx context.Context, group, key string, attempt int, order json.RawMessage) (d Decision, reason string, err error) {
	to, ok := s.receiver(GiftSettle)
	if !ok {
		return Undecided, "", s.undecided(ctx, &failure{"no_receiver", "no receiver of callbacks names " + GiftSettle})
	}
	question := settleBody(attempt, order)
	ctx, cancel := untilGivenUp(ctx)
	defer cancel()
	err = s.ask(ctx, to, group, func() (answer, error) {
		s.asked.Add(1)
		return s.client.post(ctx, beforeTimeout, to.URL, headers(to, eventID(GiftSettle, group, key), question, time.Now()), question)
	}, func(got answer) (err error) {
		d, reason, err = readDecision(got)
		return err
	})
	if err != nil {
		return Undecided, "", s.undecided(ctx, err)
	}
	s.count(d)
	return d, reason, nil
}

func settleBody(attempt int, order json.RawMessage) []byte {
	return newObject(64+len(order)).text("event", GiftSettle).number("attempt", int64(attempt)).raw("order", order).close()
}

// LiveGift is a gift as Tencent's receivers are asked about it.
type LiveGift struct {
	Group, Key string // Key is the order's in its group, in a header only: Tencent's callback has none
	By         chat.Identity
	From, To   string // To may be empty
	Gift       string
	Count      int64
	Price      int64 // of one, in minor units
	At         time.Time
}

// SettleLive asks about a gift, once, as Tencent does it. It always decides: where the backend does not say 0 in time, the gift
// is refused, and must not be asked about again, since this callback names no order by which a backend could know it.
func (s *Settlement) SettleLive(ctx context.Context, g LiveGift) (d Decision, reason string) {
	to, ok := s.receiver(BeforeSendGift)
	if !ok {
		_ = s.undecided(ctx, &failure{why: "no_receiver"})
		return Refused, ReasonNoAnswer
	}
	question := beforeGift(g)
	ctx, cancel := untilGivenUp(ctx)
	defer cancel()
	err := s.ask(ctx, to, g.Group, func() (answer, error) {
		s.asked.Add(1)
		now := time.Now()
		return s.client.post(ctx, beforeTimeout, imURL(to, s.app, BeforeSendGift, from(g.By), now), headers(to, eventID(BeforeSendGift, g.Group, g.Key), question, now), question)
	}, func(got answer) error {
		v, err := readVerdict(got)
		d, reason = Accepted, ""
		if v.code != 0 {
			d, reason = Refused, words(v.info)
		}
		return err
	})
	if err != nil {
		_ = s.undecided(ctx, err)
		return Refused, ReasonNoAnswer
	}
	s.count(d)
	return d, reason
}

// untilGivenUp is ctx without its deadline: a question has one of its own, and a receiver that misses it must be seen to have done so.
func untilGivenUp(ctx context.Context) (context.Context, context.CancelFunc) {
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	given := func() {
		if errors.Is(ctx.Err(), context.Canceled) {
			cancel()
		}
	}
	given() // it may be over already
	stop := context.AfterFunc(ctx, given)
	return own, func() { stop(); cancel() }
}

// beforeGift is the body of Tencent's callback (spec im-callbacks §8).
func beforeGift(g LiveGift) []byte {
	to := []string{}
	if g.To != "" {
		to = append(to, g.To)
	}
	water := newObject(160).text("From_Account", g.From).raw("To_Account", encode(nil, to)).number("Time", g.At.Unix()).
		text("GiftId", g.Gift).number("Count", g.Count).number("Coins", g.Price).close()
	return newObject(128+len(water)).text("CallbackCommand", BeforeSendGift).text("Operator_Account", g.By.User).text("RoomId", g.Group).
		raw("GiftWater", water).close()
}

// words are a backend's for a refusal.
func words(text string) string {
	text = clip(text)
	for i := range text {
		if utf8.RuneCountInString(text[:i]) == maxReason {
			return text[:i]
		}
	}
	if text == "" {
		return ReasonRefused
	}
	return text
}

// readDecision reads an answer to gift.settle. The error is a *failure: then nothing was decided. It is about money, so what
// could be read in two ways is not read at all.
func readDecision(got answer) (Decision, string, error) {
	if got.status != http.StatusOK {
		return Undecided, "", &failure{"status", "answered " + strconv.Itoa(got.status)}
	}
	fields, err := topFields(got.body)
	if err != nil {
		return Undecided, "", &failure{"not_json", err.Error()}
	}
	var result, reason string
	if json.Unmarshal(fields["result"], &result) != nil {
		return Undecided, "", &failure{"no_result", "the answer has no result"}
	}
	if raw := fields["reason"]; raw != nil && json.Unmarshal(raw, &reason) != nil {
		return Undecided, "", &failure{"no_result", "the reason is no text"}
	}
	switch Decision(result) {
	case Accepted:
		return Accepted, "", nil
	case Refused:
		return Refused, words(reason), nil
	case Undecided:
	}
	return Undecided, "", &failure{"no_result", fmt.Sprintf("the result %.40q is neither accepted nor refused", result)}
}

// topFields are the fields of a JSON object, each of which is there once and spelled as it is.
func topFields(body []byte) (map[string]json.RawMessage, error) {
	if !isObject(body) {
		return nil, errors.New("the answer is no JSON object")
	}
	fields := map[string]json.RawMessage{}
	in := json.NewDecoder(bytes.NewReader(body))
	_, _ = in.Token() // the brace
	for in.More() {
		name, err := in.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := in.Decode(&value); err != nil {
			return nil, err
		}
		key, _ := name.(string)
		if _, twice := fields[key]; twice {
			return nil, errors.New("the answer has a field twice")
		}
		fields[key] = value
	}
	return fields, nil
}

// count counts a decision.
func (s *Settlement) count(d Decision) {
	if d == Accepted {
		s.accepted.Add(1)
	} else {
		s.refused.Add(1)
	}
}

// undecided counts a question without an answer and returns why there is none.
func (s *Settlement) undecided(ctx context.Context, err error) error {
	f, ok := err.(*failure) //nolint:errorlint // the asker returns no other, but for that of ctx
	if !ok || ctx.Err() != nil {
		return err
	}
	s.failing.Lock()
	s.failed[f.why]++
	s.failing.Unlock()
	s.log.Debug("settlement of a gift not answered", "why", f.Error())
	return f
}

// SettlementStats are counts since the start.
type SettlementStats struct {
	Asked, Accepted, Refused uint64
	Failed                   map[string]uint64 // by why
	Open                     int               // receivers that are left alone now
}

// Stats may be called at any time.
func (s *Settlement) Stats() SettlementStats {
	st := SettlementStats{Asked: s.asked.Load(), Accepted: s.accepted.Load(), Refused: s.refused.Load(), Failed: map[string]uint64{}}
	s.failing.Lock()
	maps.Copy(st.Failed, s.failed)
	s.failing.Unlock()
	st.Open = s.open()
	return st
}

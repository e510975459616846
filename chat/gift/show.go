package gift

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"liveroom/chat"
)

// hand hands the outbox to the room, and, if it is time, tells what was accepted; then it acknowledges what of that was done.
// next is when there is more to be told.
func (s *Service) hand(ctx context.Context, t *turn, w Work, now time.Time, tell bool) (next time.Time, err error) {
	shown, err := s.show(ctx, t.group, w.Show)
	var told uint64
	if len(w.Untold) > 0 && tell {
		var failed error
		if failed = s.tell(ctx, t.group, w.Untold); failed == nil {
			t.toldAt = now
			told = w.Untold[len(w.Untold)-1].Number
		}
		err = errors.Join(err, failed)
	}
	if shown > 0 || told > 0 {
		err = errors.Join(err, s.store.Ack(ctx, t.group, shown, told))
	}
	switch {
	case len(w.Untold) == tellAtOnce:
		t.toldAt = time.Time{}
		return now, err
	case len(w.Untold) > 0 && told == 0:
		return t.toldAt.Add(s.cfg.Tell), err
	}
	return time.Time{}, err
}

// show hands messages to a room and returns the number of the last that needs no further care.
func (s *Service) show(ctx context.Context, group string, all []Showing) (shown uint64, err error) {
	for some := range slices.Chunk(all, chat.MaxAppend) {
		if err := s.append(ctx, group, some); err != nil {
			return shown, err
		}
		shown = some[len(some)-1].Number
	}
	return shown, nil
}

// append hands over some messages. Those that no room takes are given up: one must not hold up all that follow.
func (s *Service) append(ctx context.Context, group string, some []Showing) error {
	messages := make([]chat.Fenced, len(some))
	for i, m := range some {
		messages[i] = chat.Fenced{Number: m.Number, Message: message(m.Result)}
	}
	err := s.room.Append(ctx, group, Fence, messages...)
	switch {
	case err == nil:
		s.stats.shown.Add(uint64(len(some)))
	case errors.Is(err, chat.ErrNoGroup): // dismissed; the ledger stays
		s.stats.dropped.Add(uint64(len(some)))
	case !final(err):
		return fmt.Errorf("show gifts: %w", err)
	case len(some) > 1:
		for _, m := range some {
			if err := s.append(ctx, group, []Showing{m}); err != nil {
				return err
			}
		}
	default:
		s.stats.dropped.Add(1)
		s.log.Error("a gift can't be shown", "group", group, "number", some[0].Number, "err", err)
	}
	return nil
}

// final says whether a refusal will be the same next time.
func final(err error) bool {
	var refusal *chat.Error
	return errors.As(err, &refusal) && !refusal.Temporary
}

// message is what the room gets.
func message(r Result) chat.Message {
	type content struct{ Data, Desc, Ext, Sound string }
	type element struct {
		MsgType    string
		MsgContent content
	}
	return chat.Message{From: chat.Administrator, Priority: chat.High, Body: encode([]element{{"TIMCustomElem", content{Data: string(encode(r))}}})}
}

// encode encodes texts and numbers, and does not write < and > in six bytes each: messages are no HTML, and have a limit.
func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// tell tells what was accepted, and raises the group's counters.
func (s *Service) tell(ctx context.Context, group string, entries []Entry) error {
	if s.teller != nil {
		if err := s.teller.Tell(ctx, group, entries); err != nil {
			return fmt.Errorf("tell gifts: %w", err)
		}
	}
	totals, err := s.store.Totals(ctx, group, All)
	if err != nil {
		return err
	}
	to := map[string]chat.Number{chat.CounterGiftValue: chat.Number(totals.Value), chat.CounterGiftCount: chat.Number(totals.Count)}
	err = s.room.RaiseCounters(ctx, group, to)
	switch {
	case err == nil, errors.Is(err, chat.ErrNoGroup):
	case final(err):
		s.log.Error("counters of gifts can't be raised", "group", group, "err", err)
	default:
		return fmt.Errorf("raise counters of gifts: %w", err)
	}
	return nil
}

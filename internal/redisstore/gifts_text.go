package redisstore

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"liveroom/chat/gift"
)

// keptOrder is an order as it is kept (gift_book.lua).
type keptOrder struct {
	gift.Order
	asked int
	op    string // what wrote it
}

func readOrder(value string) (k keptOrder, err error) {
	raw, rest, _ := strings.Cut(value, "\n")
	if err := json.Unmarshal([]byte(raw), &k.Order); err != nil {
		return k, fmt.Errorf("%w: a gift's order: %w", errReply, err)
	}
	words := strings.SplitN(rest, " ", 4)
	if len(words) < 3 {
		return k, fmt.Errorf("%w: a gift's order ends with %.40q", errReply, rest)
	}
	n, err := strconv.ParseInt(words[1], 10, 64)
	if err != nil {
		return k, fmt.Errorf("%w: a gift's order: %w", errReply, err)
	}
	k.op = words[2]
	switch words[0] {
	case "p":
		k.State, k.asked = gift.Pending, int(n)
	case "a":
		k.State, k.SettledAt = gift.Accepted, fromMicros(n)
	case "r":
		k.State, k.SettledAt = gift.Refused, fromMicros(n)
		if len(words) == 4 {
			k.Reason = words[3]
		}
	default:
		return k, fmt.Errorf("%w: a gift's order is %.40q", errReply, words[0])
	}
	return k, nil
}

// readShowing reads a message of the outbox; before is the number of the one before it.
func readShowing(value string, before uint64) (s gift.Showing, err error) {
	head, raw, _ := strings.Cut(value, "\n")
	var (
		at     int64
		how    string
		c      gift.Combo
		number = before + 1
	)
	n, err := fmt.Sscan(head, &at, &how, &c.Count, &c.Value, &c.Total, &number)
	if n >= 5 { // the number is not in those of older versions
		err = json.Unmarshal([]byte(raw), &c.Last)
	}
	if err != nil {
		return s, fmt.Errorf("%w: message after %d of gifts: %w", errReply, before, err)
	}
	s = gift.Showing{Number: number, At: fromMicros(at)}
	switch how {
	case "s":
		s.Result = c.Last.Result()
	case "m", "f":
		s.Result = c.Result(how == "f")
	default:
		return s, fmt.Errorf("%w: message %d of gifts is %.40q", errReply, number, how)
	}
	return s, nil
}

// readSender reads what is kept of a sender in a session.
func readSender(user, value string) (r gift.Rank, err error) {
	sums, raw, _ := strings.Cut(value, "\n")
	var card struct {
		N, A string
		L    int
	}
	if _, err = fmt.Sscan(sums, &r.Value, &r.Count); err == nil {
		err = json.Unmarshal([]byte(raw), &card)
	}
	if err != nil {
		return r, fmt.Errorf("%w: a sender of gifts: %w", errReply, err)
	}
	r.User, r.Nick, r.Avatar, r.Level = user, card.N, card.A, card.L
	return r, nil
}

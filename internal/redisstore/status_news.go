package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"liveroom/status"
)

var (
	scriptChanges = load("changes_read")
	scriptBreak   = load("log_break")
)

const (
	newsPoll  = time.Second            // how often it is compared with the store what the subscription brought
	newsRetry = 200 * time.Millisecond // how soon a subscription that failed is made again
	newsPage  = 500                    // changes read at a time
)

// errNewsMissed ends a subscription that brings nothing.
var errNewsMissed = errors.New("redis: a subscription does not bring what is published")

// news is what one follower knows.
type news struct {
	t     *Status
	f     status.Follower
	begun bool   // at is a place
	at    uint64 // number of the newest change told of
	op    string // and the operation that made it; empty: unknown
	fresh bool
}

// Follow implements status.News. What the subscription brings is told at once; each second, and whenever it was broken or
// left something out, the list of changes is asked for the rest.
func (t *Status) Follow(ctx context.Context, f status.Follower) error {
	n := &news{t: t, f: f}
	for {
		err := n.subscribed(ctx)
		n.tell(false)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		t.s.log.Debug("news of other nodes interrupted", "err", err)
		select {
		case <-ctx.Done():
		case <-time.After(newsRetry):
		}
	}
}

// tell says whether what is told is fresh, where that changes.
func (n *news) tell(fresh bool) {
	if n.fresh != fresh {
		n.fresh = fresh
		n.f.Fresh(fresh)
	}
}

// subscribed follows over one subscription, until it fails or ctx ends.
func (n *news) subscribed(ctx context.Context) error {
	sub := n.t.s.rdb.SSubscribe(ctx, n.t.s.control("news"))
	defer sub.Close()
	if _, err := sub.ReceiveTimeout(ctx, n.t.s.cfg.Timeout); err != nil {
		return away(err)
	}
	if _, err := n.catchUp(ctx); err != nil {
		return err
	}
	n.tell(true)
	messages := sub.Channel(redis.WithChannelSize(1000))
	poll := time.NewTicker(newsPoll)
	defer poll.Stop()
	for silent := 0; ; {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case m, open := <-messages:
			if !open {
				return errNewsMissed
			}
			silent = 0
			if n.took(m.Payload) {
				continue
			}
		case <-poll.C:
		}
		found, err := n.catchUp(ctx)
		if err != nil {
			return err
		}
		if found {
			silent++ // it may come a moment later by itself
		} else {
			silent = 0
		}
		if silent > 2 {
			return errNewsMissed
		}
	}
}

// took tells of a message. It answers false where changes before it are missing.
func (n *news) took(message string) bool {
	parts := strings.SplitN(message, " ", 5)
	if len(parts) != 5 {
		return true // not ours
	}
	number, err := strconv.ParseUint(parts[0], 10, 64)
	if err != nil || number <= n.at {
		return true
	}
	if number != n.at+1 {
		return false
	}
	n.at, n.op = number, parts[1]
	n.change(parts[2], parts[3], parts[4])
	return true
}

// change tells of one change.
func (n *news) change(kind, room, value string) {
	var state *status.State
	if value != "" {
		if s, err := decodeState(value); err == nil {
			state = &s
		} else {
			n.t.s.log.Error("a change can't be read", "room", room, "err", err)
		}
	}
	n.f.Changed(room, state, kind != "s")
}

// catchUp tells what the list of changes has beyond what was told, and says whether there was something.
func (n *news) catchUp(ctx context.Context) (found bool, err error) {
	for {
		place := strconv.FormatUint(n.at, 10)
		if !n.begun {
			place = ""
		}
		k := n.t.s.control
		got, err := n.t.s.run(ctx, scriptChanges, []string{k("changes"), k("counters"), k("status")}, place, n.op, newsPage).Slice()
		if err != nil || len(got) < 3 {
			return found, errors.Join(away(err), short(got))
		}
		verdict, _ := got[0].(string)
		at, op := n.at, n.op
		number, _ := got[1].(int64)
		n.op, _ = got[2].(string)
		n.at, n.begun = uint64(number), true
		if verdict != "on" {
			n.t.s.log.Warn("changes were missed", "lost by redis", verdict == "lost")
			if verdict == "lost" {
				if err := n.t.breakLog(ctx); err != nil {
					n.begun, n.at, n.op = true, at, op // it is found again
					return true, err
				}
			}
			n.f.Reset(verdict == "lost")
			return true, nil
		}
		rest := got[3:]
		for i := 0; i+2 < len(rest); i += 3 {
			n.change(fmt.Sprint(rest[i+1]), fmt.Sprint(rest[i]), fmt.Sprint(rest[i+2]))
			found = true
		}
		if len(rest) < 3*newsPage {
			return found, nil
		}
	}
}

// breakLog makes the log of statuses begin anew, beyond all numbers that it may have had: who asks for what came after an
// entry that was lost must not get others in its place.
func (t *Status) breakLog(ctx context.Context) error {
	return away(t.s.run(ctx, scriptBreak, []string{t.s.control("log"), t.s.control("counters")}, logBreak).Err())
}

// logBreak is more than the log can have grown by unseen.
const logBreak = 1_000_000

func short(got []any) error {
	if len(got) < 3 {
		return errors.New("redis: a script answered too little")
	}
	return nil
}

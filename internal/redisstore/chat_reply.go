package redisstore

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"liveroom/chat"
)

var errReply = errors.New("redis: an answer can't be read")

// replyReader reads the parts of a script's answer; what is missing is zero.
type replyReader struct{ parts []any }

func (r replyReader) at(i int) any {
	if i < len(r.parts) {
		return r.parts[i]
	}
	return nil
}

func (r replyReader) text(i int) string {
	s, _ := r.at(i).(string)
	return s
}

func (r replyReader) number(i int) uint64 {
	switch v := r.at(i).(type) {
	case int64:
		return uint64(max(v, 0))
	case string:
		n, _ := strconv.ParseUint(v, 10, 64)
		return n
	}
	return 0
}

func (r replyReader) list(i int) replyReader {
	parts, _ := r.at(i).([]any)
	return replyReader{parts}
}

func (r replyReader) texts(i int) []string {
	parts := r.list(i).parts
	all := make([]string, len(parts))
	for i, p := range parts {
		all[i], _ = p.(string)
	}
	return all
}

func isNil(err error) bool { return errors.Is(err, redis.Nil) }

// gone is the error of a script that answers nothing where there is no group.
func gone(err error) error {
	if isNil(err) {
		return chat.ErrNoGroup
	}
	return away(err)
}

// place is where and when a change took effect: "<epoch> <Pos> <ms> <Seq>" before more.
type place struct {
	epoch    string
	pos, seq uint64
	at       time.Time
}

// parsePlace reads one, up to the separator, and returns what comes after it.
func parsePlace(answer, separator string) (p place, rest string, err error) {
	parts := strings.SplitN(answer, " ", 4)
	if len(parts) < 4 {
		return p, "", errReply
	}
	seq, rest, _ := strings.Cut(parts[3], separator)
	var errs [2]error
	p.epoch = parts[0]
	p.pos, errs[0] = strconv.ParseUint(parts[1], 10, 64)
	p.seq, errs[1] = strconv.ParseUint(seq, 10, 64)
	if p.at, err = parseMillis(parts[2]); err == nil {
		err = errors.Join(errs[:]...)
	}
	if err != nil {
		return p, "", fmt.Errorf("%w: %w", errReply, err)
	}
	return p, rest, nil
}

// parseSettled reads how a send ended: see lua/chat_reserve.lua.
func parseSettled(s string) (chat.Ack, error) {
	if s == "" {
		return chat.Ack{}, errReply
	}
	seq, ms, found := strings.Cut(s[1:], " ")
	at, err := parseMillis(ms)
	n, err2 := strconv.ParseUint(seq, 10, 64)
	if !found || err != nil || err2 != nil {
		return chat.Ack{}, errReply
	}
	return chat.Ack{Seq: n, Time: at, Dropped: s[0] == 'D'}, nil
}

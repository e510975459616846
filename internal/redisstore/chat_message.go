package redisstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"liveroom/chat"
)

// messageForm is the first byte of a message as it is kept. After it come flags, priority, and the rest with its lengths; Seq
// and time stand before it: see lua/chat_log.lua.
const messageForm = 1

const (
	flagServer = 1 << iota
	flagBroadcast
	flagStanding // level and badge stand before the body
)

var errMessage = errors.New("redis: a chat message can't be read")

// encodeMessage is all of m but group, Seq and time.
func encodeMessage(m *chat.Message) []byte {
	var flags byte
	if m.Server {
		flags |= flagServer
	}
	if m.Broadcast {
		flags |= flagBroadcast
	}
	earned := m.Level > 0 || m.Badge != ""
	if earned {
		flags |= flagStanding
	}
	b := make([]byte, 0, 32+len(m.From)+len(m.Nick)+len(m.Avatar)+len(m.Body)+len(m.CloudCustomData))
	b = append(b, messageForm, flags, byte(m.Priority))
	b = binary.AppendUvarint(b, uint64(m.Random))
	for _, s := range [...]string{m.From, m.Nick, m.Avatar, m.CloudCustomData, string(m.Withdrawn)} {
		b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	if earned {
		b = binary.AppendUvarint(b, uint64(max(m.Level, 0)))
		b = append(binary.AppendUvarint(b, uint64(len(m.Badge))), m.Badge...)
	}
	return append(b, m.Body...)
}

// decodeLine reads a line of the log: "<Seq> <ms> <message>".
func decodeLine(group, line string) (*chat.Message, error) {
	seq, rest, _ := strings.Cut(line, " ")
	ms, rest, found := strings.Cut(rest, " ")
	if !found || len(rest) < 4 || rest[0] != messageForm {
		return nil, errMessage
	}
	m := &chat.Message{
		Group: group, Server: rest[1]&flagServer != 0, Broadcast: rest[1]&flagBroadcast != 0, Priority: chat.Priority(rest[2]),
	}
	r := fieldReader{rest: rest[3:]}
	m.Random = uint32(r.number())
	m.From, m.Nick, m.Avatar, m.CloudCustomData = r.text(), r.text(), r.text(), r.text()
	m.Withdrawn = chat.WithdrawalKind(r.text())
	if rest[1]&flagStanding != 0 {
		m.Level, m.Badge = int(r.number()), r.text()
	}
	var err error
	if m.Seq, err = strconv.ParseUint(seq, 10, 64); err != nil || r.bad {
		return nil, errMessage
	}
	if m.Time, err = parseMillis(ms); err != nil {
		return nil, err
	}
	if len(r.rest) > 0 {
		m.Body = []byte(r.rest)
	}
	return m, nil
}

func decodeLines(group string, lines []string) ([]*chat.Message, error) {
	if len(lines) == 0 {
		return nil, nil
	}
	all := make([]*chat.Message, len(lines))
	for i, line := range lines {
		m, err := decodeLine(group, line)
		if err != nil {
			return nil, err
		}
		all[i] = m
	}
	return all, nil
}

// fieldReader takes apart what encodeMessage wrote.
type fieldReader struct {
	rest string
	bad  bool
}

func (r *fieldReader) number() uint64 {
	var n uint64
	for i := range min(len(r.rest), binary.MaxVarintLen64) {
		b := r.rest[i]
		n |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			r.rest = r.rest[i+1:]
			return n
		}
	}
	r.bad, r.rest = true, ""
	return 0
}

func (r *fieldReader) text() string {
	n := r.number()
	if n > uint64(len(r.rest)) {
		r.bad, r.rest = true, ""
		return ""
	}
	s := r.rest[:n]
	r.rest = r.rest[n:]
	return s
}

func parseMillis(s string) (time.Time, error) {
	ms, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("redis: a time can't be read: %w", err)
	}
	return time.UnixMilli(ms).UTC(), nil
}

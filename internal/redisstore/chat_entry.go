package redisstore

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"liveroom/chat"
)

var errEntry = errors.New("redis: an entry of a chat group can't be read")

// entryHead is the first line of an entry: see lua/chat_log.lua.
type entryHead struct {
	chat.Entry
	first, count uint64 // of its messages
}

// parseEntryHead reads "<Pos> <op> <ms> <first Seq> <messages>" from the front of some words and returns the others.
func parseEntryHead(words []string) (e entryHead, others []string, err error) {
	if len(words) < 5 {
		return e, nil, errEntry
	}
	var errs [3]error
	e.Pos, errs[0] = strconv.ParseUint(words[0], 10, 64)
	e.Op = words[1]
	e.first, errs[1] = strconv.ParseUint(words[3], 10, 64)
	e.count, errs[2] = strconv.ParseUint(words[4], 10, 64)
	if err := errors.Join(errs[:]...); err != nil {
		return e, nil, fmt.Errorf("%w: %w", errEntry, err)
	}
	e.At, err = parseMillis(words[2])
	return e, words[5:], err
}

// delta reads the rest of an entry.
func (e *entryHead) delta(raw string) error {
	if raw == "" {
		return nil
	}
	var rest entryRest
	if err := json.Unmarshal([]byte(raw), &rest); err != nil {
		return fmt.Errorf("%w: %w", errEntry, err)
	}
	e.Note, e.Delta = rest.Note, rest.Delta
	return nil
}

// entryRest is what an entry carries beside its head and its messages.
type entryRest struct {
	Note json.RawMessage `json:"note,omitempty"`
	chat.Delta
}

// encodeRest is note and delta without its messages, which go another way; nothing if that is all.
func encodeRest(note json.RawMessage, d chat.Delta) (string, error) {
	d.Messages = nil
	raw, err := json.Marshal(entryRest{note, d})
	if string(raw) == "{}" {
		return "", err
	}
	return string(raw), err
}

// decodePublished reads what came by the group's channel, unless skip says that it is known.
func decodePublished(group, payload string, skip func(epoch string, pos uint64, op string) bool) (e chat.Entry, skipped bool, err error) {
	line, body, found := strings.Cut(payload, "\n")
	epoch, rest, _ := strings.Cut(line, " ")
	if !found {
		return e, false, errEntry
	}
	h, sizes, err := parseEntryHead(strings.Split(rest, " "))
	if err != nil {
		return e, false, err
	}
	if skip(epoch, h.Pos, h.Op) {
		return e, true, nil
	}
	h.Epoch = epoch
	lines := make([]string, len(sizes))
	for i, size := range sizes {
		n, err := strconv.Atoi(size)
		if err != nil || n < 0 || n > len(body) {
			return e, false, errEntry
		}
		lines[i], body = body[:n], body[n:]
	}
	messages, err := decodeLines(group, lines)
	if err != nil {
		return e, false, err
	}
	if err := h.delta(body); err != nil {
		return e, false, err
	}
	h.Messages = messages
	return h.Entry, false, nil
}

// decodeKept reads kept entries. Their messages stand in the log, of which lines is the part after a number. Those whose
// messages are gone from there are left out, with all before them: the oldest is then not the one after.
func decodeKept(group, epoch string, kept []string, before uint64, lines []string) (all []chat.Entry, err error) {
	for _, one := range kept {
		line, raw, found := strings.Cut(one, "\n")
		if !found {
			return nil, errEntry
		}
		h, _, err := parseEntryHead(strings.Split(line, " "))
		if err == nil {
			err = h.delta(raw)
		}
		if err != nil {
			return nil, err
		}
		h.Epoch = epoch
		if h.count > 0 {
			if n := uint64(len(lines)); h.first <= before || h.count > n || h.first-before-1 > n-h.count {
				all = all[:0]
				continue
			}
			from := h.first - before - 1
			if h.Messages, err = decodeLines(group, lines[from:from+h.count]); err != nil {
				return nil, err
			}
		}
		all = append(all, h.Entry)
	}
	return all, nil
}

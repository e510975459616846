package draw

import (
	"cmp"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
)

// seedBytes is the length of a seed.
const seedBytes = 32

// newSeed makes a secret seed and what is told of it at the start.
func newSeed() (seed, commitment string) {
	raw := make([]byte, seedBytes)
	_, _ = rand.Read(raw) // it never fails
	return hex.EncodeToString(raw), commit(raw)
}

func commit(seed []byte) string {
	sum := sha256.Sum256(seed)
	return hex.EncodeToString(sum[:])
}

// Commitment is the hex SHA-256 of a seed (hex too).
func Commitment(seed string) (string, error) {
	raw, err := hex.DecodeString(seed)
	if err != nil || len(raw) != seedBytes {
		return "", fmt.Errorf("the seed is not %d bytes in hex", seedBytes)
	}
	return commit(raw), nil
}

// Ticket is an entry's: HMAC-SHA256 of the draw's id, a zero byte and the user, under the seed, in hex.
func Ticket(seed []byte, draw, user string) string {
	mac := hmac.New(sha256.New, seed)
	mac.Write([]byte(draw))
	mac.Write([]byte{0})
	mac.Write([]byte(user))
	return hex.EncodeToString(mac.Sum(nil))
}

// RulesHash is the hex SHA-256 of what a draw's rules are from its start on: a line each of id, title, prize, keyword, contains,
// messageType, places, minLevel, follower, giftValue, notWonBefore and until, that is its name, a blank, its value and a line feed.
// Names and values are as View has them; what is absent there is empty, 0 or false.
func RulesHash(d Draw) string {
	t, e := d.Trigger, d.Eligibility
	sum := sha256.Sum256(fmt.Appendf(nil,
		"id %s\ntitle %s\nprize %s\nkeyword %s\ncontains %t\nmessageType %s\nplaces %d\nminLevel %d\nfollower %t\ngiftValue %d\nnotWonBefore %t\nuntil %s\n",
		d.ID, d.Title, d.Prize, t.Keyword, t.Contains, t.MessageType, d.Winners, e.MinLevel, e.Follower, e.GiftValue, e.NotWonBefore, wire(d.until()),
	))
	return hex.EncodeToString(sum[:])
}

// EntriesHash is the hex SHA-256 of all entries in their order: of each its message's number, a blank, the user and a line feed.
func EntriesHash(entries []Entry) string {
	h := sha256.New()
	var line []byte
	for _, e := range entries {
		line = strconv.AppendUint(line[:0], e.Seq, 10)
		line = append(line, ' ')
		line = append(line, e.User...)
		line = append(line, '\n')
		h.Write(line)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Pick draws the winners: those with the smallest tickets, in that order; all where there are no more entries than winners.
func Pick(seed, draw string, entries []Entry, winners int) ([]Winner, error) {
	raw, err := hex.DecodeString(seed)
	if err != nil || len(raw) != seedBytes {
		return nil, fmt.Errorf("the seed is not %d bytes in hex", seedBytes)
	}
	all := make([]Winner, len(entries))
	for i, e := range entries {
		all[i] = Winner{User: e.User, Nick: e.Nick, Ticket: Ticket(raw, draw, e.User)}
	}
	slices.SortFunc(all, func(a, b Winner) int { return cmp.Or(cmp.Compare(a.Ticket, b.Ticket), cmp.Compare(a.User, b.User)) })
	return slices.Clone(all[:min(winners, len(all))]), nil
}

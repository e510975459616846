package boltstore

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"liveroom/chat"
)

// The bucket chat holds a bucket for each group, and in it:
//
//	head   chat.Head (JSON); its Seq and Floor are those of the last class A write
//	epoch  the group's epoch, so that a late write finds out that its group is another now
//	number  its place in the list of all groups
//	mark   sequence numbers up to this one may have been given out (8 bytes, big endian)
//	tail   Seq and Floor of the last write of any class (8 bytes each, big endian); they only grow
//	gone   version of a withdrawal (8 bytes, big endian) → chat.Withdrawal (JSON); the newest
//	log    Seq (8 bytes, big endian) → storedMessage (JSON)
//	counters  chat.Counters (JSON); absent until the first
//	mutes  user → chat.Sanction (JSON); what is over goes with the next change
//	bans   the same
//	dedup  expiry in Unix ms (8 bytes, big endian), key → storedAck (JSON); delivered messages only
var (
	bucketChat    = []byte("chat")
	bucketChatLog = []byte("log")
	bucketDedup   = []byte("dedup")

	keyHead  = []byte("head")
	keyEpoch = []byte("epoch")
	keyMark  = []byte("mark")
	keyTail  = []byte("tail")
)

// storedMessage is a chat.Message in the file. Body is no json.RawMessage: encoding would rewrite its bytes.
type storedMessage struct {
	Time            time.Time     `json:"time"`
	From            string        `json:"from"`
	Nick            string        `json:"nick,omitempty"`
	Avatar          string        `json:"avatar,omitempty"`
	Priority        chat.Priority `json:"priority"`
	Random          uint32        `json:"random,omitempty"`
	Body            []byte        `json:"body"`
	CloudCustomData string        `json:"cloudCustomData,omitempty"`
	Server          bool          `json:"server,omitempty"`
	Broadcast       bool          `json:"broadcast,omitempty"`
	Level           int           `json:"level,omitempty"`
	Badge           string        `json:"badge,omitempty"`

	Withdrawn chat.WithdrawalKind `json:"withdrawn,omitempty"`
}

// storedAck is how a send ended.
type storedAck struct {
	Seq  uint64    `json:"seq"`
	Time time.Time `json:"time"`
}

// groupBucket is nil for a group that does not exist.
func groupBucket(tx *bolt.Tx, id string) *bolt.Bucket {
	all := tx.Bucket(bucketChat)
	if all == nil {
		return nil
	}
	return all.Bucket([]byte(id))
}

// createGroup stores a new group.
func createGroup(tx *bolt.Tx, h chat.Head) error {
	all, err := tx.CreateBucketIfNotExists(bucketChat)
	if err != nil {
		return err
	}
	list, err := order(tx)
	if err != nil {
		return err
	}
	b, err := all.CreateBucket([]byte(h.Group.ID))
	if err != nil {
		return err
	}
	if err := enlist(list, b, h.Group.ID); err != nil {
		return err
	}
	for _, name := range [][]byte{bucketChatLog, bucketDedup} {
		if _, err := b.CreateBucket(name); err != nil {
			return err
		}
	}
	if err := b.Put(keyEpoch, []byte(h.Epoch)); err != nil {
		return err
	}
	return putHead(tx, h, 0, nil)
}

func deleteGroup(tx *bolt.Tx, id string) error {
	b := groupBucket(tx, id)
	if b == nil {
		return chat.ErrNoGroup
	}
	if err := errors.Join(delist(tx, b), forgetRobots(tx, id)); err != nil {
		return err
	}
	return tx.Bucket(bucketChat).DeleteBucket([]byte(id))
}

// putHead stores a head and its mark, and messages of the same step.
func putHead(tx *bolt.Tx, h chat.Head, mark uint64, messages []*chat.Message) error {
	b := groupBucket(tx, h.Group.ID)
	if b == nil {
		return chat.ErrNoGroup
	}
	if err := putJSON(b, keyHead, h); err != nil {
		return err
	}
	if err := b.Put(keyMark, number(mark)); err != nil {
		return err
	}
	if err := putMessages(b, messages); err != nil {
		return err
	}
	return putTail(b, h)
}

func putMark(tx *bolt.Tx, id string, mark uint64) error {
	b := groupBucket(tx, id)
	if b == nil {
		return chat.ErrNoGroup
	}
	return b.Put(keyMark, number(mark))
}

// putTail notes how far the log reaches. Writes of the two classes may come out of order, so it only grows.
func putTail(b *bolt.Bucket, h chat.Head) error {
	seq, floor := tail(b)
	return b.Put(keyTail, append(number(max(seq, h.Seq)), number(max(floor, h.Floor))...))
}

func tail(b *bolt.Bucket) (seq, floor uint64) {
	if v := b.Get(keyTail); len(v) == 16 {
		return binary.BigEndian.Uint64(v), binary.BigEndian.Uint64(v[8:])
	}
	return 0, 0
}

// park brings the mark down to the last number given out: there is no gap to fear.
func park(tx *bolt.Tx, id string, h chat.Head) error {
	b := groupBucket(tx, id)
	if b == nil || string(b.Get(keyEpoch)) != h.Epoch {
		return nil
	}
	if err := putTail(b, h); err != nil {
		return err
	}
	return b.Put(keyMark, number(h.Seq))
}

func putMessages(b *bolt.Bucket, messages []*chat.Message) error {
	log := b.Bucket(bucketChatLog)
	for _, m := range messages {
		err := putJSON(log, number(m.Seq), storedMessage{
			Time: m.Time, From: m.From, Nick: m.Nick, Avatar: m.Avatar, Priority: m.Priority, Random: m.Random,
			Body: m.Body, CloudCustomData: m.CloudCustomData, Server: m.Server, Broadcast: m.Broadcast, Withdrawn: m.Withdrawn,
			Level: m.Level, Badge: m.Badge,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// logWrite is what one flush changed in a group's log.
type logWrite struct {
	id      string
	head    chat.Head
	added   []*chat.Message
	removed []*chat.Message
	settled []chat.Settled
	now     time.Time
}

func (w logWrite) apply(tx *bolt.Tx) error {
	b := groupBucket(tx, w.id)
	if b == nil || string(b.Get(keyEpoch)) != w.head.Epoch {
		return nil // dismissed meanwhile
	}
	log := b.Bucket(bucketChatLog)
	added := slices.DeleteFunc(slices.Clone(w.added), func(m *chat.Message) bool {
		return log.Get(number(m.Seq)) != nil // it was withdrawn before this was written, and must not come back
	})
	if err := putMessages(b, added); err != nil {
		return err
	}
	for _, m := range w.removed {
		if err := log.Delete(number(m.Seq)); err != nil {
			return err
		}
	}
	if err := w.applyDedup(b.Bucket(bucketDedup)); err != nil {
		return err
	}
	return putTail(b, w.head)
}

func (w logWrite) applyDedup(b *bolt.Bucket) error {
	c := b.Cursor()
	for k, _ := c.First(); k != nil && expiry(k).Before(w.now); k, _ = c.First() {
		if err := c.Delete(); err != nil {
			return err
		}
	}
	for _, s := range w.settled {
		key := append(number(uint64(s.Expires.UnixMilli())), s.Key[:]...)
		if err := putJSON(b, key, storedAck{s.Ack.Seq, s.Ack.Time}); err != nil {
			return err
		}
	}
	return nil
}

func expiry(key []byte) time.Time { return time.UnixMilli(int64(binary.BigEndian.Uint64(key))) }

// readGroup builds a group from the file. If its mark is above its tail the process died: what was given out between
// may be lost, so the sequence goes on above the mark and nothing below it counts as complete.
func readGroup(tx *bolt.Tx, id string, now time.Time) (*chat.Ledger, uint64, error) {
	b := groupBucket(tx, id)
	if b == nil {
		return nil, 0, chat.ErrNoGroup
	}
	state := chat.GroupState{Head: chat.Head{Settings: chat.DefaultSettings()}} // what an older version did not write
	found, err := getJSON(b, keyHead, &state.Head)
	if err == nil && (!found || b.Bucket(bucketChatLog) == nil || b.Bucket(bucketDedup) == nil) {
		err = fmt.Errorf("%w: group %q is not whole", errCorrupt, id)
	}
	if err != nil {
		return nil, 0, err
	}
	if state.Log, err = readLog(b.Bucket(bucketChatLog), id); err != nil {
		return nil, 0, err
	}
	if err := readSanctions(b, &state); err != nil {
		return nil, 0, err
	}
	if err := readCounters(b, &state); err != nil {
		return nil, 0, err
	}
	if err := readRobots(tx, &state); err != nil {
		return nil, 0, err
	}
	if err := readWithdrawals(b, &state); err != nil {
		return nil, 0, err
	}
	settled, err := readDedup(b.Bucket(bucketDedup), now)
	if err != nil {
		return nil, 0, err
	}
	var mark uint64
	if v := b.Get(keyMark); len(v) == 8 {
		mark = binary.BigEndian.Uint64(v)
	}
	seq, floor := tail(b)
	state.Seq, state.Floor = max(state.Seq, seq), max(state.Floor, floor)
	if mark > state.Seq {
		state.Seq, state.Floor = mark, mark
	}
	return chat.RestoreLedger(state, settled), mark, nil
}

func readLog(b *bolt.Bucket, group string) (log []*chat.Message, err error) {
	err = b.ForEach(func(k, v []byte) error {
		var m storedMessage
		if err := json.Unmarshal(v, &m); err != nil {
			return fmt.Errorf("decode message of group %q: %w", group, err)
		}
		log = append(log, &chat.Message{
			Group: group, Seq: binary.BigEndian.Uint64(k), Time: m.Time, From: m.From, Nick: m.Nick, Avatar: m.Avatar,
			Priority: m.Priority, Random: m.Random, Body: m.Body, CloudCustomData: m.CloudCustomData, Server: m.Server,
			Broadcast: m.Broadcast, Withdrawn: m.Withdrawn, Level: m.Level, Badge: m.Badge,
		})
		return nil
	})
	return log, err
}

func readDedup(b *bolt.Bucket, now time.Time) (all []chat.Settled, err error) {
	err = b.ForEach(func(k, v []byte) error {
		var a storedAck
		if err := json.Unmarshal(v, &a); err != nil || len(k) != 24 {
			return fmt.Errorf("decode an ack: %w", err)
		}
		if expires := expiry(k); expires.After(now) {
			all = append(all, chat.Settled{Key: chat.Key(k[8:]), Ack: chat.Ack{Seq: a.Seq, Time: a.Time}, Expires: expires})
		}
		return nil
	})
	return all, err
}

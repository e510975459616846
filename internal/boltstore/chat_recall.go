package boltstore

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"liveroom/chat"
)

// bucketGone is a group's bucket of withdrawals. It is made with the first one.
var bucketGone = []byte("gone")

// Withdraw implements chat.RecallStore. The message's own write may still wait (class B): it finds the message there and
// leaves it as it is.
func (c *Chat) Withdraw(ctx context.Context, group string, w chat.Withdrawal) (done chat.Withdrawn, err error) {
	err = c.with(ctx, group, func(g *chatGroup) (err error) {
		done, err = g.ledger.Withdraw(w, c.saveWithdrawal(ctx, g))
		return err
	})
	return done, err
}

func (c *Chat) saveWithdrawal(ctx context.Context, g *chatGroup) chat.SaveWithdrawal {
	return func(next chat.Head, m *chat.Message, w chat.Withdrawal, forget uint64) error {
		var messages []*chat.Message
		if m != nil {
			messages = append(messages, m)
		}
		mark := g.markFor(next)
		err := c.s.update(ctx, func(tx *bolt.Tx) error {
			if err := putHead(tx, next, mark, messages); err != nil {
				return err
			}
			gone, err := groupBucket(tx, g.id).CreateBucketIfNotExists(bucketGone)
			if err != nil {
				return err
			}
			if err := forgetUpTo(gone, forget); err != nil {
				return err
			}
			return putJSON(gone, number(next.Withdrawals), w)
		})
		if err == nil {
			g.mark = mark
		}
		return err
	}
}

func forgetUpTo(gone *bolt.Bucket, version uint64) error {
	c := gone.Cursor()
	for k, _ := c.First(); k != nil && binary.BigEndian.Uint64(k) <= version; k, _ = c.First() {
		if err := c.Delete(); err != nil {
			return err
		}
	}
	return nil
}

// readWithdrawals reads a group's withdrawals into state.
func readWithdrawals(group *bolt.Bucket, state *chat.GroupState) error {
	gone := group.Bucket(bucketGone)
	if gone == nil {
		return nil
	}
	return gone.ForEach(func(_, v []byte) error {
		var w chat.Withdrawal
		if err := json.Unmarshal(v, &w); err != nil {
			return fmt.Errorf("decode a withdrawal of group %q: %w", state.Group.ID, err)
		}
		state.Withdrawals = append(state.Withdrawals, w)
		return nil
	})
}

package boltstore

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"

	"liveroom/chat"
)

// Buckets of a group that are made with their first entry.
var (
	bucketMutes = []byte("mutes")
	bucketBans  = []byte("bans")
)

func sanctionBucket(kind chat.SanctionKind) []byte {
	if kind == chat.Banning {
		return bucketBans
	}
	return bucketMutes
}

// PutSanctions implements chat.Store.
func (c *Chat) PutSanctions(ctx context.Context, group string, change chat.SanctionChange) (done []chat.Sanction, err error) {
	err = c.with(ctx, group, func(g *chatGroup) (err error) {
		done, err = g.ledger.PutSanctions(time.Now(), change, c.saveSanctions(ctx, group))
		return err
	})
	return done, err
}

// saveSanctions makes a group's sanctions durable.
func (c *Chat) saveSanctions(ctx context.Context, group string) chat.SaveSanctions {
	return func(kind chat.SanctionKind, set []chat.Sanction, forget []string) error {
		return c.s.update(ctx, func(tx *bolt.Tx) error {
			b := groupBucket(tx, group)
			if b == nil {
				return chat.ErrNoGroup
			}
			of, err := b.CreateBucketIfNotExists(sanctionBucket(kind))
			if err != nil {
				return err
			}
			for _, user := range forget {
				if err := of.Delete([]byte(user)); err != nil {
					return err
				}
			}
			for _, one := range set {
				if err := putJSON(of, []byte(one.User), one); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// readSanctions reads a group's mutes and bans into state.
func readSanctions(group *bolt.Bucket, state *chat.GroupState) error {
	for kind, into := range map[chat.SanctionKind]*[]chat.Sanction{chat.Muting: &state.Mutes, chat.Banning: &state.Bans} {
		b := group.Bucket(sanctionBucket(kind))
		if b == nil {
			continue
		}
		err := b.ForEach(func(k, v []byte) error {
			var one chat.Sanction
			if err := json.Unmarshal(v, &one); err != nil {
				return fmt.Errorf("decode the sanction of %q in group %q: %w", k, state.Group.ID, err)
			}
			*into = append(*into, one)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

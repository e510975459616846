package boltstore

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"

	"liveroom/chat"
)

// bucketSilences is who may not speak anywhere, made with the first: user → chat.Silence (JSON).
var bucketSilences = []byte("chat.silences")

// PutSilence implements chat.SilenceStore.
func (c *Chat) PutSilence(ctx context.Context, change chat.SilenceChange) (next chat.Silence, err error) {
	err = c.s.update(ctx, func(tx *bolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists(bucketSilences)
		if err != nil {
			return err
		}
		var old chat.Silence
		if _, err := getJSON(b, []byte(change.User), &old); err != nil {
			return err
		}
		now := time.Now()
		if next = change.Apply(old, now); next.Over(now) {
			return b.Delete([]byte(change.User))
		}
		return putJSON(b, []byte(change.User), next)
	})
	if err != nil {
		return chat.Silence{}, err
	}
	return next, nil
}

// Silences implements chat.SilenceStore.
func (c *Chat) Silences(ctx context.Context) (all []chat.Silence, err error) {
	var over [][]byte
	read := func(tx *bolt.Tx) error {
		all, over = nil, nil
		b := tx.Bucket(bucketSilences)
		if b == nil {
			return nil
		}
		now := time.Now()
		return b.ForEach(func(k, v []byte) error {
			var one chat.Silence
			if err := json.Unmarshal(v, &one); err != nil {
				return fmt.Errorf("decode the silence of %q: %w", k, err)
			}
			if one.Over(now) {
				over = append(over, k)
			} else {
				all = append(all, one)
			}
			return nil
		})
	}
	if err := c.s.view(ctx, read); err != nil || len(over) == 0 {
		return all, err
	}
	err = c.s.update(ctx, func(tx *bolt.Tx) error {
		if err := read(tx); err != nil {
			return err
		}
		for _, k := range over {
			if err := tx.Bucket(bucketSilences).Delete(k); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

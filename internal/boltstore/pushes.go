package boltstore

import (
	"context"
	"encoding/json"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"liveroom/web/callback"
)

// bucketPushes is made with the first push that is told to somebody: sequence → callback.Push (JSON).
var bucketPushes = []byte("callback.pushes")

// Pushes is the file as callback.PushStore. Everything is class A.
type Pushes struct{ s *Store }

var _ callback.PushStore = (*Pushes)(nil)

// Pushes is the view of the file that the events of streams have.
func (s *Store) Pushes() *Pushes { return &Pushes{s} }

// Pushes implements callback.PushStore.
func (p *Pushes) Pushes(ctx context.Context) (all []callback.Push, err error) {
	err = p.s.view(ctx, func(tx *bolt.Tx) error {
		all = nil
		b := tx.Bucket(bucketPushes)
		if b == nil {
			return nil
		}
		return b.ForEach(func(k, v []byte) error {
			var push callback.Push
			if err := json.Unmarshal(v, &push); err != nil {
				return fmt.Errorf("decode push %s: %w", k, err)
			}
			all = append(all, push)
			return nil
		})
	})
	return all, err
}

// PutPushes implements callback.PushStore.
func (p *Pushes) PutPushes(ctx context.Context, all ...callback.Push) error {
	if len(all) == 0 {
		return nil
	}
	return p.s.update(ctx, func(tx *bolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists(bucketPushes)
		if err != nil {
			return err
		}
		for _, push := range all {
			if err := putJSON(b, []byte(push.Sequence), push); err != nil {
				return err
			}
		}
		return nil
	})
}

// DeletePushes implements callback.PushStore.
func (p *Pushes) DeletePushes(ctx context.Context, sequences ...string) error {
	if len(sequences) == 0 {
		return nil
	}
	return p.s.update(ctx, func(tx *bolt.Tx) error {
		b := tx.Bucket(bucketPushes)
		if b == nil {
			return nil
		}
		for _, sequence := range sequences {
			if err := b.Delete([]byte(sequence)); err != nil {
				return err
			}
		}
		return nil
	})
}

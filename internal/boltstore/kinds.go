package boltstore

import (
	"context"
	"encoding/json"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"liveroom/chat/kind"
)

// bucketKinds has the registered types of custom messages, made with the first: type → kind.Kind (JSON).
var bucketKinds = []byte("kinds")

// Kinds is the file as kind.Store. Everything is class A.
type Kinds struct{ s *Store }

var _ kind.Store = (*Kinds)(nil)

// Kinds is the registered message types' view of the file.
func (s *Store) Kinds() *Kinds { return &Kinds{s: s} }

// Kinds implements kind.Store.
func (w *Kinds) Kinds(ctx context.Context) (all []kind.Kind, err error) {
	err = w.s.view(ctx, func(tx *bolt.Tx) error {
		all = nil
		b := tx.Bucket(bucketKinds)
		if b == nil {
			return nil
		}
		return b.ForEach(func(typ, data []byte) error {
			var k kind.Kind
			if err := json.Unmarshal(data, &k); err != nil {
				return fmt.Errorf("decode message type %q: %w", typ, err)
			}
			all = append(all, k)
			return nil
		})
	})
	return all, err
}

// PutKind implements kind.Store. Of several at the same time one too many may be taken.
func (w *Kinds) PutKind(ctx context.Context, k kind.Kind) error {
	return w.s.update(ctx, func(tx *bolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists(bucketKinds)
		if err != nil {
			return err
		}
		if b.Get([]byte(k.Type)) == nil && b.Stats().KeyN >= kind.MaxKinds {
			return kind.ErrTooMany
		}
		return putJSON(b, []byte(k.Type), k)
	})
}

// DeleteKind implements kind.Store.
func (w *Kinds) DeleteKind(ctx context.Context, typ string) error {
	return w.s.update(ctx, func(tx *bolt.Tx) error {
		b := tx.Bucket(bucketKinds)
		if b == nil || b.Get([]byte(typ)) == nil {
			return kind.ErrUnknown
		}
		return b.Delete([]byte(typ))
	})
}

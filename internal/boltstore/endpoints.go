package boltstore

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"

	"liveroom/web/callback"
)

// bucketEndpoints has the receivers of callbacks, made with the first: id → callback.Endpoint (JSON), with its key.
var bucketEndpoints = []byte("callbacks.endpoints")

// Endpoints is the file as callback.EndpointStore. Everything is class A.
type Endpoints struct{ s *Store }

var _ callback.EndpointStore = (*Endpoints)(nil)

// Endpoints is the callback endpoints' view of the file.
func (s *Store) Endpoints() *Endpoints { return &Endpoints{s: s} }

// Endpoints implements callback.EndpointStore.
func (p *Endpoints) Endpoints(ctx context.Context) (all []callback.Endpoint, err error) {
	err = p.s.view(ctx, func(tx *bolt.Tx) error {
		all = nil
		b := tx.Bucket(bucketEndpoints)
		if b == nil {
			return nil
		}
		return b.ForEach(func(id, data []byte) error {
			var e callback.Endpoint
			if err := json.Unmarshal(data, &e); err != nil {
				return fmt.Errorf("decode endpoint %q: %w", id, err)
			}
			all = append(all, e)
			return nil
		})
	})
	return all, err
}

// PutEndpoint implements callback.EndpointStore.
func (p *Endpoints) PutEndpoint(ctx context.Context, e callback.Endpoint, was time.Time) error {
	return p.s.update(ctx, func(tx *bolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists(bucketEndpoints)
		if err != nil {
			return err
		}
		var old callback.Endpoint
		if _, err := getJSON(b, []byte(e.ID), &old); err != nil {
			return err
		}
		if !old.ChangedAt.Equal(was) {
			return callback.ErrChanged
		}
		return putJSON(b, []byte(e.ID), e)
	})
}

// DeleteEndpoint implements callback.EndpointStore.
func (p *Endpoints) DeleteEndpoint(ctx context.Context, id string) error {
	return p.s.update(ctx, func(tx *bolt.Tx) error {
		if b := tx.Bucket(bucketEndpoints); b != nil {
			return b.Delete([]byte(id))
		}
		return nil
	})
}

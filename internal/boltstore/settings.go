package boltstore

import (
	"context"
	"encoding/json"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"liveroom/chat/setting"
)

// bucketSettings has what was changed of the settings, made with the first change: now → setting.Record (JSON).
var (
	bucketSettings = []byte("settings")

	keySettingsNow = []byte("now")
)

// Settings is the file as setting.Store. Everything is class A.
type Settings struct{ s *Store }

var _ setting.Store = (*Settings)(nil)

// Settings is the changed settings' view of the file.
func (s *Store) Settings() *Settings { return &Settings{s: s} }

// Settings implements setting.Store.
func (w *Settings) Settings(ctx context.Context) (now setting.Record, err error) {
	err = w.s.view(ctx, func(tx *bolt.Tx) error {
		now, err = changedSettings(tx)
		return err
	})
	return now, err
}

// PutSettings implements setting.Store.
func (w *Settings) PutSettings(ctx context.Context, next setting.Record) error {
	return w.s.update(ctx, func(tx *bolt.Tx) error {
		now, err := changedSettings(tx)
		if err != nil {
			return err
		}
		if next.Version != now.Version+1 {
			return setting.ErrChanged
		}
		b, err := tx.CreateBucketIfNotExists(bucketSettings)
		if err != nil {
			return err
		}
		return putJSON(b, keySettingsNow, next)
	})
}

func changedSettings(tx *bolt.Tx) (now setting.Record, err error) {
	b := tx.Bucket(bucketSettings)
	if b == nil {
		return now, nil
	}
	if raw := b.Get(keySettingsNow); raw != nil {
		if err = json.Unmarshal(raw, &now); err != nil {
			return setting.Record{}, fmt.Errorf("decode the changed settings: %w", err)
		}
	}
	return now, nil
}

package boltstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/url"
	"time"

	bolt "go.etcd.io/bbolt"

	"liveroom/web/callback/delivery"
)

// storedLetter is a delivery.DeadLetter in the file. Body is no json.RawMessage: encoding would rewrite its bytes.
type storedLetter struct {
	Room    string     `json:"room"`
	ID      string     `json:"id"`
	Command string     `json:"command"`
	Body    []byte     `json:"body"`
	Query   url.Values `json:"query,omitempty"`
	At      time.Time  `json:"at"`
	DeadAt  time.Time  `json:"deadAt"`
	Why     string     `json:"why"`
	Tries   int        `json:"tries"`
	Status  int        `json:"status,omitempty"`
	Answer  string     `json:"answer,omitempty"`
}

// deadPrefix is how the keys of an endpoint's dead letters of a class begin.
func deadPrefix(endpoint string, class delivery.Class) []byte {
	return append(ofEndpoint(endpoint), byte(class))
}

func deadKey(endpoint string, class delivery.Class, n uint64) []byte {
	return binary.BigEndian.AppendUint64(deadPrefix(endpoint, class), n)
}

func putDead(b *bolt.Bucket, l delivery.DeadLetter) error {
	return putJSON(b, deadKey(l.Endpoint, l.Class, l.N), storedLetter{
		l.Room, l.ID, l.Command, l.Body, l.Query, l.At, l.DeadAt, l.Why, l.Tries, l.Status, l.Answer,
	})
}

func dropDead(b *bolt.Bucket, d delivery.DeadDrop) error {
	for _, n := range d.N {
		if err := b.Delete(deadKey(d.Endpoint, d.Class, n)); err != nil {
			return err
		}
	}
	if len(d.N) > 0 {
		return nil
	}
	left := d.Oldest
	return deleteWhile(b, deadPrefix(d.Endpoint, d.Class), func([]byte) bool { left--; return left >= 0 })
}

// Dead implements delivery.Store.
func (c *Callbacks) Dead(ctx context.Context, endpoint string, class delivery.Class, after uint64, limit int) (page []delivery.DeadLetter, err error) {
	err = c.s.view(ctx, func(tx *bolt.Tx) error {
		page = nil
		prefix := ofEndpoint(endpoint)
		cursor := tx.Bucket(bucketDead).Cursor()
		k, v := cursor.Seek(deadKey(endpoint, class, after))
		if bytes.Equal(k, deadKey(endpoint, class, after)) {
			k, v = cursor.Next()
		}
		for ; bytes.HasPrefix(k, prefix) && len(page) < limit; k, v = cursor.Next() {
			var s storedLetter
			if err := json.Unmarshal(v, &s); err != nil || len(k) != len(prefix)+9 {
				return fmt.Errorf("decode dead letter %q: %w", k, err)
			}
			page = append(page, delivery.DeadLetter{
				Event: delivery.Event{
					Endpoint: endpoint, Room: s.Room, Class: delivery.Class(k[len(prefix)]), ID: s.ID, Command: s.Command,
					Body: s.Body, Query: s.Query, At: s.At,
				},
				N: binary.BigEndian.Uint64(k[len(prefix)+1:]), DeadAt: s.DeadAt, Why: s.Why, Tries: s.Tries, Status: s.Status, Answer: s.Answer,
			})
		}
		return nil
	})
	return page, err
}

// DeadCounts implements delivery.Store.
func (c *Callbacks) DeadCounts(ctx context.Context) (all []delivery.DeadCount, err error) {
	err = c.s.view(ctx, func(tx *bolt.Tx) error {
		all = nil
		return tx.Bucket(bucketDead).ForEach(func(k, _ []byte) error {
			endpoint, rest, ok := bytes.Cut(k, []byte{0})
			if !ok || len(rest) != 9 {
				return fmt.Errorf("%w: dead letter %q", errCorrupt, k)
			}
			class := delivery.Class(rest[0])
			if last := len(all) - 1; last < 0 || all[last].Endpoint != string(endpoint) || all[last].Class != class {
				all = append(all, delivery.DeadCount{Endpoint: string(endpoint), Class: class})
			}
			count := &all[len(all)-1]
			count.Count, count.Last = count.Count+1, binary.BigEndian.Uint64(rest[1:])
			return nil
		})
	})
	return all, err
}

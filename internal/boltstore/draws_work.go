package boltstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"

	"liveroom/chat/draw"
)

// Busy implements draw.Store.
func (w *Draws) Busy(ctx context.Context) (groups []string, err error) {
	err = w.view(ctx, "", func(t drawTx) error {
		groups = nil
		return t.bucket(bucketDrawsBusy).ForEach(func(group, _ []byte) error {
			groups = append(groups, string(group))
			return nil
		})
	})
	return groups, err
}

// Work implements draw.Store.
func (w *Draws) Work(ctx context.Context, group string, limit int) (open *draw.Draw, out []draw.Out, err error) {
	err = w.view(ctx, group, func(t drawTx) error {
		open, out = nil, nil
		h, err := t.head()
		if err != nil {
			return err
		}
		if h.Open != "" {
			d, err := t.load(h.Open)
			if err != nil {
				return err
			}
			open = &d
		}
		c := t.bucket(bucketDrawsOut).Cursor()
		for k, v := c.Seek(t.key()); bytes.HasPrefix(k, t.key()) && len(out) < limit; k, v = c.Next() {
			var o draw.Out
			if err := json.Unmarshal(v, &o); err != nil {
				return fmt.Errorf("decode what %q is to be told: %w", group, err)
			}
			out = append(out, o)
		}
		return nil
	})
	return open, out, err
}

// Ack implements draw.Store.
func (w *Draws) Ack(ctx context.Context, group string, upTo uint64) error {
	return w.update(ctx, group, func(t drawTx) error {
		b := t.bucket(bucketDrawsOut)
		c := b.Cursor()
		var done [][]byte
		for k, _ := c.Seek(t.key()); bytes.HasPrefix(k, t.key()) && binary.BigEndian.Uint64(k[len(k)-8:]) <= upTo; k, _ = c.Next() {
			done = append(done, bytes.Clone(k))
		}
		for _, k := range done {
			if err := b.Delete(k); err != nil {
				return err
			}
		}
		h, err := t.head()
		if err != nil {
			return err
		}
		return t.mark(h)
	})
}

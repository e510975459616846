package boltstore

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"liveroom/chat/draw"
)

// Draw implements draw.Store.
func (w *Draws) Draw(ctx context.Context, group, id string) (d draw.Draw, err error) {
	none := draw.ErrNoDraw
	err = w.view(ctx, group, func(t drawTx) error {
		none = nil
		d, err = t.load(id)
		return err
	})
	if err == nil && none != nil {
		return draw.Draw{}, none
	}
	return d, err
}

// Draws implements draw.Store.
func (w *Draws) Draws(ctx context.Context, group string, before uint64, limit int) (all []draw.Draw, err error) {
	err = w.view(ctx, group, func(t drawTx) error {
		all = nil
		if before == 0 {
			h, err := t.head()
			if err != nil {
				return err
			}
			before = h.Number + 1
		}
		for n := before - 1; n > 0 && len(all) < limit; n-- {
			var d draw.Draw
			found, err := getJSON(t.bucket(bucketDraws), t.key(number(n)), &d)
			if err != nil {
				return err
			}
			if !found {
				break // older ones are gone too, or it never was
			}
			all = append(all, d.Listed())
		}
		return nil
	})
	return all, err
}

// Entries implements draw.Store.
func (w *Draws) Entries(ctx context.Context, group, id string, after, limit int) (all []draw.Entry, err error) {
	if _, err := w.Draw(ctx, group, id); err != nil {
		return nil, err
	}
	err = w.view(ctx, group, func(t drawTx) error {
		all = nil
		d, err := t.load(id)
		if err != nil {
			return err
		}
		prefix := t.key(number(d.Number))
		c := t.bucket(bucketDrawEntries).Cursor()
		for k, v := c.Seek(t.key(number(d.Number), number(uint64(after)))); bytes.HasPrefix(k, prefix) && len(all) < limit; k, v = c.Next() {
			var e draw.Entry
			if err := json.Unmarshal(v, &e); err != nil {
				return fmt.Errorf("decode entry %x of draw %q: %w", k, id, err)
			}
			all = append(all, e)
		}
		return nil
	})
	return all, err
}

// Won implements draw.Store.
func (w *Draws) Won(ctx context.Context, group string, users []string) (map[string]bool, error) {
	won := map[string]bool{}
	err := w.view(ctx, group, func(t drawTx) error {
		for _, user := range users {
			if t.bucket(bucketDrawsWon).Get(t.key([]byte(user))) != nil {
				won[user] = true
			}
		}
		return nil
	})
	return won, err
}

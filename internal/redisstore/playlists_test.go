package redisstore

import (
	"context"
	"testing"
)

func TestPlaylists(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *Store) {
		p, ctx := open(t).Playlists(), context.Background()
		if raw, err := p.Kept(ctx, "demo"); raw != nil || err != nil {
			t.Fatalf("%q, %v before anything was kept", raw, err)
		}
		for _, step := range []struct {
			session    string
			generation uint64
			record     string
			kept       string
		}{
			{"s1", 1, "a", "a"},
			{"s1", 1, "b", "b"},
			{"s1", 3, "c", "c"},
			{"s1", 2, "late", "c"},
			{"s2", 1, "d", "d"}, // another session, of a room made anew
		} {
			if err := p.Keep(ctx, "demo", step.session, step.generation, []byte(step.record)); err != nil {
				t.Fatal(err)
			}
			if raw, err := p.Kept(ctx, "demo"); string(raw) != step.kept || err != nil {
				t.Errorf("after %+v: %q, %v", step, raw, err)
			}
		}
		if raw, err := p.Kept(ctx, "other"); raw != nil || err != nil {
			t.Errorf("another stream has %q, %v", raw, err)
		}
	})
}

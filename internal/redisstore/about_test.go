package redisstore

import (
	"testing"

	"liveroom/internal/redistest"
)

func TestAbout(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *Store) {
		if a := open(t).About(t.Context()); a.Error != "" || a.Version == "" || a.Role != "master" || a.AppendOnly != "no" || a.Eviction != "noeviction" {
			t.Errorf("%+v", a)
		}
	})
	t.Run("durable", func(t *testing.T) {
		if a := open(t, redistest.Start(t, redistest.Durable()...).URL()).About(t.Context()); a.AppendOnly != "yes" || a.AppendFsync != "always" || a.Mode != "standalone" {
			t.Errorf("%+v", a)
		}
	})
	t.Run("away", func(t *testing.T) {
		if a := open(t, "redis://127.0.0.1:1").About(t.Context()); a.Error == "" || a.Role != "" {
			t.Errorf("%+v", a)
		}
	})
}

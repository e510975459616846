package boltstore

import (
	"context"
	"time"

	"liveroom/chat"
)

// PutSettings implements chat.SettingsStore.
func (c *Chat) PutSettings(ctx context.Context, group string, p chat.SettingsPatch) (v chat.VersionedSettings, err error) {
	err = c.with(ctx, group, func(g *chatGroup) (err error) {
		v, err = g.ledger.PutSettings(time.Now(), p, c.save(ctx, g))
		return err
	})
	return v, err
}

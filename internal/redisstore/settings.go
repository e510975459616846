package redisstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"liveroom/chat"
	"liveroom/chat/setting"
)

// Settings is Redis as setting.Store. Its key:
//
//	{lr}:settings  string: setting.Record (JSON); it changes with each change
type Settings struct {
	s   *Store
	key string
}

var _ setting.Store = (*Settings)(nil)

// NewsSettings is the kind of news that the settings were changed.
const NewsSettings = "settings"

// Settings is the changed settings' view of Redis.
func (s *Store) Settings() *Settings { return &Settings{s, s.key("lr", "settings")} }

// Settings implements setting.Store.
func (w *Settings) Settings(ctx context.Context) (setting.Record, error) {
	ctx, cancel := w.s.within(ctx)
	defer cancel()
	text, err := w.s.rdb.Get(ctx, w.key).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return setting.Record{}, away(err)
	}
	return decodeSettings(text, err == nil)
}

// PutSettings implements setting.Store.
func (w *Settings) PutSettings(ctx context.Context, next setting.Record) error {
	return w.s.change(ctx, chat.OperationAge, func(ctx context.Context, d *draft) error {
		text, found, err := d.text(ctx, w.key)
		if err != nil {
			return err
		}
		now, err := decodeSettings(text, found)
		if err != nil {
			return err
		}
		if next.Version != now.Version+1 {
			return setting.ErrChanged
		}
		value, err := json.Marshal(next)
		if err != nil {
			return fmt.Errorf("encode the changed settings: %w", err)
		}
		d.do("SET", w.key, value)
		d.news(NewsSettings)
		return nil
	})
}

func decodeSettings(text string, found bool) (now setting.Record, err error) {
	if found {
		if err = json.Unmarshal([]byte(text), &now); err != nil {
			err = fmt.Errorf("decode the changed settings: %w", err)
		}
	}
	return now, err
}

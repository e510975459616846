package redisstore

import (
	"testing"

	"liveroom/chat/setting"
	"liveroom/chat/setting/settingtest"
)

func TestSettings(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *Store) {
		settingtest.Store(t, func(t *testing.T) setting.Store { return patient(t, open(t)).Settings() })
	})
}

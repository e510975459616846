package boltstore

import (
	"testing"

	"liveroom/chat/setting"
	"liveroom/chat/setting/settingtest"
)

func TestSettings(t *testing.T) {
	settingtest.Store(t, func(t *testing.T) setting.Store { return openTest(t).Settings() })
}

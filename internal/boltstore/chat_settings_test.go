package boltstore

import (
	"encoding/json"
	"path/filepath"
	"testing"

	bolt "go.etcd.io/bbolt"

	"liveroom/chat"
	"liveroom/chat/chattest"
)

// TestChatOfAnOlderVersionHasDefaultSettings: a head written before there were settings loads with those that mean what
// was true then.
func TestChatOfAnOlderVersionHasDefaultSettings(t *testing.T) {
	path := filepath.Join(t.TempDir(), "liveroom.db")
	s, c, stop := openChat(t, path)
	chattest.Create(t, c, "g")
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	err := s.db.Update(func(tx *bolt.Tx) error {
		b := groupBucket(tx, "g")
		var head map[string]any
		if err := json.Unmarshal(b.Get(keyHead), &head); err != nil {
			return err
		}
		delete(head, "Settings")
		delete(head, "SettingsVersion")
		return putJSON(b, keyHead, head)
	})
	if err != nil {
		t.Fatal(err)
	}
	stop()
	_, c, stop = openChat(t, path)
	defer stop()
	if state := chattest.Load(t, c, "g"); state.Settings != chat.DefaultSettings() || state.SettingsVersion != 0 {
		t.Errorf("loaded %+v, version %d", state.Settings, state.SettingsVersion)
	}
}

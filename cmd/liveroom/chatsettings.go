package main

import (
	"fmt"
	"time"

	"liveroom/chat"
	"liveroom/chat/setting"
)

// validChat says which setting of the chat can't be used.
func (s *Settings) validChat() error {
	for _, b := range []struct {
		name     string
		is       int
		min, max int
	}{
		{"audit-entries", s.AuditEntries, 1000, 100_000_000},
		{"chat-message-size", s.ChatMessage, 1024, 12 << 10},
		{"chat-notice-size", s.ChatNotice, 300, 4096},
	} {
		if b.is < b.min || b.is > b.max {
			return fmt.Errorf("%s is %d, must be from %d to %d", b.name, b.is, b.min, b.max)
		}
	}
	if s.ChatFiles != 0 && s.ChatFiles < 1<<20 {
		return fmt.Errorf("chat-files is %d bytes, must be 0 (nobody uploads) or from 1MiB on", s.ChatFiles)
	}
	if s.AuditAge < time.Hour {
		return fmt.Errorf("audit-age is %s, must be at least 1h", s.AuditAge)
	}
	if !(s.ChatCount >= 0.001 && s.ChatCount <= 1) {
		return fmt.Errorf("chat-count-change is %v, must be from 0.001 to 1", s.ChatCount)
	}
	return nil
}

// chat is what the chat is told of the settings, and of the switches as they are at its start.
func (s *Settings) chat(now setting.Values) chat.Config {
	return chat.Config{MessageBytes: s.ChatMessage, NoticeBytes: s.ChatNotice, CountChange: s.ChatCount}.TunedTo(tuning(now))
}

package main

import (
	"fmt"
	"time"

	"liveroom/chat"
)

// validChat says which setting of the chat can't be used.
func (s *Settings) validChat() error {
	for _, b := range []struct {
		name     string
		is       int
		min, max int
	}{
		{"chat-rate", s.ChatRate, 1, 1_000_000},
		{"chat-history", s.ChatHistory, 1, 1000},
		{"chat-user-burst", s.ChatUserBurst, 0, 1000},
		{"chat-members", s.ChatMembers, 1, 1000},
		{"chat-tips", s.ChatTips, 0, 10_000},
		{"audit-entries", s.AuditEntries, 1000, 100_000_000},
		{"chat-message-size", s.ChatMessage, 1024, 12 << 10},
		{"chat-notice-size", s.ChatNotice, 300, 4096},
		{"chat-web-instances", s.ChatWeb, 0, 1000},
		{"chat-native-instances", s.ChatNative, 0, 1000},
	} {
		if b.is < b.min || b.is > b.max {
			return fmt.Errorf("%s is %d, must be from %d to %d", b.name, b.is, b.min, b.max)
		}
	}
	if s.ChatFiles != 0 && s.ChatFiles < 1<<20 {
		return fmt.Errorf("chat-files is %d bytes, must be 0 (nobody uploads) or from 1MiB on", s.ChatFiles)
	}
	if s.ChatHistoryAge < time.Minute || s.ChatHistoryAge > 720*time.Hour {
		return fmt.Errorf("chat-history-age is %s, must be from 1m to 720h", s.ChatHistoryAge)
	}
	if s.AuditAge < time.Hour {
		return fmt.Errorf("audit-age is %s, must be at least 1h", s.AuditAge)
	}
	if !(s.ChatUserRate >= 0.01 && s.ChatUserRate <= 1000) {
		return fmt.Errorf("chat-user-rate is %v, must be from 0.01 to 1000", s.ChatUserRate)
	}
	if !(s.ChatCount >= 0.001 && s.ChatCount <= 1) {
		return fmt.Errorf("chat-count-change is %v, must be from 0.001 to 1", s.ChatCount)
	}
	if s.ChatRecall < 0 || s.ChatRecall > 24*time.Hour {
		return fmt.Errorf("chat-recall-window is %s, must be from 0 (never) to 24h", s.ChatRecall)
	}
	return nil
}

// chat is what the chat is told of the settings.
func (s *Settings) chat() chat.Config {
	return chat.Config{
		RatePerSecond: s.ChatRate, History: s.ChatHistory, HistoryAge: s.ChatHistoryAge, MessageBytes: s.ChatMessage, NoticeBytes: s.ChatNotice,
		RecallWindow: noneIsNegative(s.ChatRecall), UserBurst: s.ChatUserBurst, UserRate: s.ChatUserRate,
		CountChange: s.ChatCount, MemberList: s.ChatMembers, Tips: s.ChatTips, MembersFound: s.ChatCreate == on,
		MembersWrite: s.ChatWrite == on,
		WebInstances: noneIsNegative(s.ChatWeb), NativeInstances: noneIsNegative(s.ChatNative),
		PriorityCap: map[string]chat.Priority{"normal": chat.Normal, "low": chat.Low}[s.ChatPriority], // high: no cap
		Rivals:      map[string]chat.Rivals{"platform": chat.RivalsOfPlatform, "apps": chat.RivalsOfApps, "all": chat.RivalsAll}[s.ChatRivals],
		OneRoom:     map[string]chat.OneRoom{"one": chat.OneRoomAlways, "ask": chat.OneRoomUnlessAsked, "many": chat.OneRoomNever}[s.ChatRooms],
		Quit:        map[string]chat.Quit{"apps": chat.QuitApps, "everywhere": chat.QuitEverywhere, "device": chat.QuitDevice}[s.ChatLeave],
	}
}

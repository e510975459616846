package main

import (
	"testing"
	"time"

	"liveroom/chat"
)

func TestChatSettingsThatCannotBe(t *testing.T) {
	for _, c := range [][]string{
		{"chat-rate", "0", "1000000"},
		{"chat-rate", "1000001", "1 to"},
		{"chat-history", "0", "1000"},
		{"chat-history", "1001", "1000"},
		{"chat-history-age", "59s", "1m"},
		{"chat-history-age", "721h", "720h"},
		{"chat-recall-window", "25h", "24h"},
		{"chat-user-burst", "-1", "1000"},
		{"chat-user-rate", "0", "0.01"},
		{"chat-user-rate", "NaN", "0.01"},
		{"chat-count-change", "0", "0.001"},
		{"chat-count-change", "1.1", "to 1"},
		{"chat-members", "0", "1000"},
		{"chat-members", "1001", "1000"},
		{"chat-tips", "-1", "10000"},
		{"chat-tips", "10001", "10000"},
		{"audit-entries", "999", "1000"},
		{"audit-age", "59m", "1h"},
		{"chat-message-size", "1023", "1024"},
		{"chat-files", "10GB", "10GiB"},
		{"chat-files", "1023KiB", "1MiB"},
		{"chat-message-size", "12289", "12288"},
		{"chat-notice-size", "299", "300"},
		{"chat-notice-size", "4097", "4096"},
		{"chat-web-instances", "-1", "1000"},
		{"chat-native-instances", "1001", "1000"},
	} {
		mustFail(t, []string{"config", "--data=" + t.TempDir(), "--" + c[0] + "=" + c[1]}, c[0], c[2])
	}
}

func TestSettingsForTheChat(t *testing.T) {
	s := Settings{ChatRate: 70, ChatHistory: 30, ChatHistoryAge: time.Hour, ChatMessage: 2000, ChatNotice: 400, ChatCount: 0.1, ChatMembers: 7, ChatTips: 8, ChatCreate: on, ChatNative: 9}
	c := s.chat(s.switches())
	if c.RatePerSecond != 70 || c.History != 30 || c.HistoryAge != time.Hour || c.MessageBytes != 2000 || c.NoticeBytes != 400 || c.CountChange != 0.1 || c.MemberList != 7 || c.Tips != 8 || !c.MembersFound || c.WebInstances != -1 || c.NativeInstances != 9 {
		t.Errorf("%+v", c)
	}
	for write, want := range map[string]bool{"on": true, "off": false} {
		if c := chatOf(Settings{ChatWrite: write}); c.MembersWrite != want {
			t.Errorf("chat-members-write %s: %v", write, c.MembersWrite)
		}
	}
	for priority, want := range map[string]chat.Priority{"high": chat.High, "normal": chat.Normal, "low": chat.Low} { // High: no cap
		if c := chatOf(Settings{ChatPriority: priority}); c.PriorityCap != want {
			t.Errorf("chat-priority-cap %s: %v", priority, c.PriorityCap)
		}
	}
	for rivals, want := range map[string]chat.Rivals{"platform": chat.RivalsOfPlatform, "apps": chat.RivalsOfApps, "all": chat.RivalsAll} {
		if c := chatOf(Settings{ChatRivals: rivals}); c.Rivals != want {
			t.Errorf("chat-rivals %s: %v", rivals, c.Rivals)
		}
	}
	for rooms, want := range map[string]chat.OneRoom{"one": chat.OneRoomAlways, "ask": chat.OneRoomUnlessAsked, "many": chat.OneRoomNever} {
		if c := chatOf(Settings{ChatRooms: rooms}); c.OneRoom != want {
			t.Errorf("chat-rooms %s: %v", rooms, c.OneRoom)
		}
	}
	for leave, want := range map[string]chat.Quit{"apps": chat.QuitApps, "everywhere": chat.QuitEverywhere, "device": chat.QuitDevice} {
		if c := chatOf(Settings{ChatLeave: leave}); c.Quit != want {
			t.Errorf("chat-leave %s: %v", leave, c.Quit)
		}
	}
}

func chatOf(s Settings) chat.Config { return s.chat(s.switches()) }

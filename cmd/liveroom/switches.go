package main

import (
	"time"

	"liveroom/chat"
	"liveroom/chat/setting"
)

// switches are what the settings say of what may be changed while the server runs.
func (s *Settings) switches() setting.Values {
	return setting.Values{
		History: s.ChatHistory, HistoryAge: setting.Duration(s.ChatHistoryAge), MemberList: s.ChatMembers, Tips: s.ChatTips, MuteNotices: s.ChatMutes == on,
		WebInstances: s.ChatWeb, NativeInstances: s.ChatNative, Rivals: s.ChatRivals, Rooms: s.ChatRooms, Leave: s.ChatLeave,
		GuestLogin: s.GuestLogin == on, Rate: s.ChatRate, UserBurst: s.ChatUserBurst, UserRate: s.ChatUserRate,
		RecallWindow: setting.Duration(s.ChatRecall), PriorityCap: s.ChatPriority,
		WordAction: s.ChatWordAction, WordsForAdmins: s.ChatWordsAdmin == on, PublicWords: s.ChatWordsPub == on,
		CreateGroups: s.ChatCreate == on, MembersWrite: s.ChatWrite == on, Broadcasts: s.Broadcasts == on, CallbackOnFailure: s.CallbackFails,
		LikeRate: s.LikeRate, LikeBurst: s.LikeBurst, EmbedOrigins: notNil(s.EmbedOrigins), Admins: notNil(s.Admins),
	}
}

// notNil is a list that is [] in JSON where it is empty.
func notNil(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// tuning is what the chat is told of the switches.
func tuning(v setting.Values) chat.Tuning {
	return chat.Tuning{
		History: v.History, HistoryAge: time.Duration(v.HistoryAge), RatePerSecond: v.Rate,
		PriorityCap: map[string]chat.Priority{"high": chat.High, "normal": chat.Normal, "low": chat.Low}[v.PriorityCap], // high: no cap
		UserBurst:   v.UserBurst, UserRate: v.UserRate, RecallWindow: noneIsNegative(time.Duration(v.RecallWindow)),
		MembersWrite: v.MembersWrite, MembersFound: v.CreateGroups, MemberList: v.MemberList, Tips: v.Tips, QuietMutes: !v.MuteNotices, NoBroadcasts: !v.Broadcasts,
		WordsForAdmins: v.WordsForAdmins,
		WebInstances:   noneIsNegative(v.WebInstances), NativeInstances: noneIsNegative(v.NativeInstances),
		Rivals:  map[string]chat.Rivals{"platform": chat.RivalsOfPlatform, "apps": chat.RivalsOfApps, "all": chat.RivalsAll}[v.Rivals],
		OneRoom: map[string]chat.OneRoom{"one": chat.OneRoomAlways, "ask": chat.OneRoomUnlessAsked, "many": chat.OneRoomNever}[v.Rooms],
		Quit:    map[string]chat.Quit{"apps": chat.QuitApps, "everywhere": chat.QuitEverywhere, "device": chat.QuitDevice}[v.Leave],
	}
}

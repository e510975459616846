package settingtest

import (
	"time"

	"liveroom/chat/setting"
)

// Values are switches as they are configured by default.
func Values() setting.Values {
	return setting.Values{
		History: 20, HistoryAge: setting.Duration(24 * time.Hour), MemberList: 30, Tips: 100, MuteNotices: true,
		WebInstances: 10, NativeInstances: 3, Rivals: "platform", Rooms: "ask", Leave: "apps",
		Rate: 40, UserBurst: 5, UserRate: 2, RecallWindow: setting.Duration(2 * time.Minute), PriorityCap: "high", WordAction: "each",
		Broadcasts: true, CallbackOnFailure: "deliver", LikeRate: 10, LikeBurst: 30,
		EmbedOrigins: []string{"*"}, Admins: []string{},
	}
}

package setting

import (
	"fmt"
	"strconv"
	"time"
)

// Values are the switches, each of which Table describes. Their lists are never written to.
type Values struct {
	History           int      `json:"history"`
	HistoryAge        Duration `json:"historyAge"`
	MemberList        int      `json:"memberList"`
	Tips              int      `json:"tips"`
	MuteNotices       bool     `json:"muteNotices"`
	WebInstances      int      `json:"webInstances"`
	NativeInstances   int      `json:"nativeInstances"`
	Rivals            string   `json:"rivals"`
	Rooms             string   `json:"rooms"`
	Leave             string   `json:"leave"`
	GuestLogin        bool     `json:"guestLogin"`
	Rate              int      `json:"rate"`
	UserBurst         int      `json:"userBurst"`
	UserRate          float64  `json:"userRate"`
	RecallWindow      Duration `json:"recallWindow"`
	PriorityCap       string   `json:"priorityCap"`
	WordAction        string   `json:"wordAction"`
	WordsForAdmins    bool     `json:"wordsForAdmins"`
	PublicWords       bool     `json:"publicWords"`
	CreateGroups      bool     `json:"createGroups"`
	MembersWrite      bool     `json:"membersWrite"`
	Broadcasts        bool     `json:"broadcasts"`
	CallbackOnFailure string   `json:"callbackOnFailure"`
	LikeRate          float64  `json:"likeRate"`
	LikeBurst         int      `json:"likeBurst"`
	EmbedOrigins      []string `json:"embedOrigins"`
	Admins            []string `json:"admins"`
}

// Validate names the first switch whose value can't be, as an *Error.
func (v Values) Validate() error {
	for i := range table {
		if err := table[i].check(&v, table[i].Most+table[i].spare); err != nil {
			return err
		}
	}
	return nil
}

// Duration is a length of time in JSON: "90s".
type Duration time.Duration

// MarshalText writes whole seconds where it can.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// String is what MarshalText writes.
func (d Duration) String() string {
	if d := time.Duration(d); d%time.Second != 0 {
		return strconv.FormatInt(d.Milliseconds(), 10) + "ms"
	}
	return strconv.FormatInt(int64(time.Duration(d)/time.Second), 10) + "s"
}

// UnmarshalText reads what time.ParseDuration reads, from zero up, in whole milliseconds.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err != nil || v < 0 {
		return fmt.Errorf("must be a length of time such as 90s or 1h30m")
	}
	*d = Duration(v.Truncate(time.Millisecond))
	return nil
}

// Error says which switch can't have a value.
type Error struct {
	Name string // of the switch, as in the JSON
	Flag string // that configures it; empty: there is no such switch
	Is   string // the value, shortened; empty: it is not repeated
	Must string // what it must be
}

func (e *Error) Error() string {
	name := e.Flag
	if name == "" {
		name = e.Name
	}
	if e.Is == "" {
		return name + ": must be " + e.Must
	}
	return name + " is " + e.Is + ", must be " + e.Must
}

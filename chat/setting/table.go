package setting

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"liveroom/chat/account"
)

// Kind says what the value of a switch is in JSON.
type Kind uint8

// Kinds of values.
const (
	Whole  Kind = iota // a whole number
	Real               // a number
	Length             // a length of time, as a string such as "90s"
	OnOff              // true or false
	Choice             // one of some words
	List               // words
)

// maxOrigins bounds who may show the player in a frame: all stand in a header of each such page.
const (
	maxOrigins     = 20
	maxOriginBytes = 200
)

// How many application administrators there may be besides administrator: as many as Tencent's console takes; configured may be
// one more, as it always could.
const (
	maxAdmins      = 4
	maxSpareAdmins = 1
)

// Switch says what there is to know of a switch.
type Switch struct {
	Name    string   // in the JSON
	Flag    string   // that configures it, without dashes
	Console string   // what Tencent's console and documentation call it; empty: they have none
	About   string   // what it means, a sentence for people
	Kind    Kind     // of its value
	Min     float64  // of numbers, and of lengths in seconds
	Max     float64  // likewise
	Choices []string // of a Choice
	Most    int      // words of a List

	spare int                      // words more that may be configured
	field func(*Values) any        // where its value is
	word  func(word string) string // what a word of a List must be; empty: it may
}

// Table returns all switches, in the order in which they are shown.
func Table() []Switch { return slices.Clone(table) }

var table = []Switch{
	{
		Name: "history", Flag: "chat-history", Console: "messages shown to new members", Kind: Whole, Min: 1, Max: 1000,
		About: "Newest messages that a newcomer gets. More than before are there as they come in.", field: func(v *Values) any { return &v.History },
	},
	{
		Name: "historyAge", Flag: "chat-history-age", Kind: Length, Min: 60, Max: 720 * 3600,
		About: "How old they may be.", field: func(v *Values) any { return &v.HistoryAge },
	},
	{
		Name: "memberList", Flag: "chat-members", Console: "member list of live groups, 30 or 1000", Kind: Whole, Min: 1, Max: 1000,
		About: "How many members, the newest, the list of a room's members goes back.", field: func(v *Values) any { return &v.MemberList },
	},
	{
		Name: "tips", Flag: "chat-tips", Console: "notices of members who join and leave", Kind: Whole, Min: 0, Max: 10_000,
		About: "How many people a room may have for its members to be told who comes and goes; 0: never.", field: func(v *Values) any { return &v.Tips },
	},
	{
		Name: "muteNotices", Flag: "chat-mute-notices", Console: "notices of muted members", Kind: OnOff,
		About: "Members are told who is muted; else only the muted member is.", field: func(v *Values) any { return &v.MuteNotices },
	},
	{
		Name: "webInstances", Flag: "chat-web-instances", Console: "web instances online at a time", Kind: Whole, Min: 0, Max: 1000,
		About: "Pages and mini-programs that a user may be signed in on at a time, the oldest gives way; 0: no limit. Holds from the next sign-in.",
		field: func(v *Values) any { return &v.WebInstances },
	},
	{
		Name: "nativeInstances", Flag: "chat-native-instances", Console: "instances of one platform online at a time", Kind: Whole, Min: 0, Max: 1000,
		About: "The same of apps, on each platform; 0: no limit.", field: func(v *Values) any { return &v.NativeInstances },
	},
	{
		Name: "rivals", Flag: "chat-rivals", Console: "multi-device login", Kind: Choice, Choices: []string{"platform", "apps", "all"},
		About: "Which devices push each other out: platform: those of one platform; apps: all apps, and pages each other; all: all devices. Holds from the next sign-in.",
		field: func(v *Values) any { return &v.Rivals },
	},
	{
		Name: "rooms", Flag: "chat-rooms", Console: "web logins in several live groups", Kind: Choice, Choices: []string{"one", "ask", "many"},
		About: "one: a web login is in one room at a time; ask: unless its client asks for more; many: in any number. Holds from the next join.",
		field: func(v *Values) any { return &v.Rooms },
	},
	{
		Name: "leave", Flag: "chat-leave", Kind: Choice, Choices: []string{"apps", "everywhere", "device"},
		About: "Who leaves a room on one device: apps: on the web, leaves on his apps too; everywhere: on all; device: only there.",
		field: func(v *Values) any { return &v.Leave },
	},
	{
		Name: "guestLogin", Flag: "guest-login", Console: "guests", Kind: OnOff,
		About: "Anyone may take a nickname and speak. Who took one before keeps it.", field: func(v *Values) any { return &v.GuestLogin },
	},
	{
		Name: "rate", Flag: "chat-rate", Console: "message frequency of a group", Kind: Whole, Min: 1, Max: 1_000_000,
		About: "Messages of members that a room delivers in a second, the most important first.", field: func(v *Values) any { return &v.Rate },
	},
	{
		Name: "userBurst", Flag: "chat-user-burst", Kind: Whole, Min: 0, Max: 1000,
		About: "Messages a member may send at once; 0: as many as he likes.", field: func(v *Values) any { return &v.UserBurst },
	},
	{
		Name: "userRate", Flag: "chat-user-rate", Kind: Real, Min: 0.01, Max: 1000,
		About: "Messages a member may send in a second, after those at once.", field: func(v *Values) any { return &v.UserRate },
	},
	{
		Name: "recallWindow", Flag: "chat-recall-window", Console: "message recall", Kind: Length, Min: 0, Max: 24 * 3600,
		About: "How long a member may recall his messages; 0: never.", field: func(v *Values) any { return &v.RecallWindow },
	},
	{
		Name: "priorityCap", Flag: "chat-priority-cap", Kind: Choice, Choices: []string{"high", "normal", "low"},
		About: "Highest priority that messages of members have, whatever they claim or their type says.", field: func(v *Values) any { return &v.PriorityCap },
	},
	{
		Name: "wordAction", Flag: "chat-word-action", Console: "action on sensitive words", Kind: Choice, Choices: []string{"each", "block", "replace"},
		About: "What becomes of a text with sensitive words: each: what each word says; block: it is refused; replace: the words give way, those that block to ***.",
		field: func(v *Values) any { return &v.WordAction },
	},
	{
		Name: "wordsForAdmins", Flag: "chat-words-admins", Kind: OnOff,
		About: "Messages of application administrators are checked for sensitive words too.", field: func(v *Values) any { return &v.WordsForAdmins },
	},
	{
		Name: "publicWords", Flag: "chat-words-public", Kind: OnOff,
		About: "Anyone may read the words that block, so that clients look before they send.", field: func(v *Values) any { return &v.PublicWords },
	},
	{
		Name: "createGroups", Flag: "chat-create-groups", Console: "group creation by ordinary members", Kind: OnOff,
		About: "Whoever has an account may make groups, and live rooms with them, over the chat; else application administrators only.",
		field: func(v *Values) any { return &v.CreateGroups },
	},
	{
		Name: "membersWrite", Flag: "chat-members-write", Console: "group attributes and counters written by members", Kind: OnOff,
		About: "Members may write attributes and counters; else only owner and administrators.", field: func(v *Values) any { return &v.MembersWrite },
	},
	{
		Name: "broadcasts", Flag: "broadcasts", Console: "broadcast messages of live groups", Kind: OnOff,
		About: "Messages to all rooms may be sent. Those that are due while they may not wait until they may.", field: func(v *Values) any { return &v.Broadcasts },
	},
	{
		Name: "callbackOnFailure", Flag: "callback-on-failure", Console: "what happens when a callback times out", Kind: Choice, Choices: []string{"deliver", "reject"},
		About: "What becomes of what the receiver of --callback-url is asked about before it happens and does not decide in 2 s.",
		field: func(v *Values) any { return &v.CallbackOnFailure },
	},
	{
		Name: "likeRate", Flag: "like-rate", Kind: Real, Min: 0.01, Max: 1000,
		About: "Likes that a user may give in a second.", field: func(v *Values) any { return &v.LikeRate },
	},
	{
		Name: "likeBurst", Flag: "like-burst", Kind: Whole, Min: 1, Max: 1000,
		About: "And at once.", field: func(v *Values) any { return &v.LikeBurst },
	},
	{
		Name: "embedOrigins", Flag: "embed-origins", Kind: List, Most: maxOrigins, word: checkOrigin,
		About: "Sites that may show rooms in a frame, such as https://www.example.com or https://*.example.com; *: any; none: only this server's own.",
		field: func(v *Values) any { return &v.EmbedOrigins },
	},
	{
		Name: "admins", Flag: "admins", Console: "administrator accounts", Kind: List, Most: maxAdmins, spare: maxSpareAdmins, word: checkAdmin,
		About: "Application administrators besides administrator. Who gains or loses the role is disconnected and signs in again.",
		field: func(v *Values) any { return &v.Admins },
	},
}

// find is the switch with a name.
func find(name string) *Switch {
	for i := range table {
		if table[i].Name == name {
			return &table[i]
		}
	}
	return nil
}

// Must says which values the switch may have.
func (s *Switch) Must() string {
	switch s.Kind {
	case Whole, Real:
		return "from " + plain(s.Min) + " to " + plain(s.Max)
	case Length:
		return "from " + lengthOf(s.Min) + " to " + lengthOf(s.Max)
	case OnOff:
		return "true or false"
	case Choice:
		return "one of " + strings.Join(s.Choices, ", ")
	case List:
		return "a list of at most " + strconv.Itoa(s.Most)
	}
	return ""
}

// plain is a number as people write it.
func plain(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// lengthOf are so many seconds as people write them: 720h, 1m, 0.
func lengthOf(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	switch {
	case d == 0:
		return "0"
	case d%time.Hour == 0:
		return strconv.FormatInt(int64(d/time.Hour), 10) + "h"
	case d%time.Minute == 0:
		return strconv.FormatInt(int64(d/time.Minute), 10) + "m"
	}
	return Duration(d).String()
}

// check says why the value of the switch can't be; most is how many words a List may have.
func (s *Switch) check(v *Values, most int) error {
	refuse := func(is any, must string) error {
		return &Error{Name: s.Name, Flag: s.Flag, Is: shorten(fmt.Sprint(is)), Must: must}
	}
	within := func(is float64) bool { return is >= s.Min && is <= s.Max && !math.IsNaN(is) }
	switch at := s.field(v).(type) {
	case *int:
		if !within(float64(*at)) {
			return refuse(*at, s.Must())
		}
	case *float64:
		if !within(*at) {
			return refuse(*at, s.Must())
		}
	case *Duration:
		if !within(time.Duration(*at).Seconds()) {
			return refuse(time.Duration(*at), s.Must())
		}
	case *string:
		if !slices.Contains(s.Choices, *at) {
			return refuse(*at, s.Must())
		}
	case *[]string:
		if len(*at) > most {
			return refuse(strconv.Itoa(len(*at))+" long", "a list of at most "+strconv.Itoa(most))
		}
		for _, word := range *at {
			if must := s.word(word); must != "" {
				return refuse(strconv.Quote(word), must)
			}
		}
	}
	return nil
}

// shownBytes bounds how much of a value is repeated in an error.
const shownBytes = 100

func shorten(text string) string {
	if len(text) > shownBytes {
		return strings.ToValidUTF8(text[:shownBytes], "") + "…"
	}
	return text
}

// origins are what may stand in a policy of who may frame a page (CSP frame-ancestors): nothing in it ends a directive.
var origins = regexp.MustCompile(`^https?://(\*\.)?([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)*[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(:[0-9]{1,5})?$`)

func checkOrigin(word string) string {
	if word == "*" || len(word) <= maxOriginBytes && origins.MatchString(word) {
		return ""
	}
	return "an origin such as https://www.example.com or https://*.example.com, or *"
}

func checkAdmin(word string) string {
	if err := account.CheckAdmin(word); err != nil {
		return "a user id: " + err.Error()
	}
	return ""
}

package chat

import (
	"fmt"
	"time"
)

// Error is a refusal as every door shows it. Code is Tencent's number where it has one (spec im-rest §1.6, §1.7).
type Error struct {
	Code      int
	Name      string // stable, snake_case
	Detail    string // a sentence a person can act on
	Field     string // the field at fault, if one is
	Temporary bool   // the same request may succeed in a moment

	Until  time.Time // when the refusal ends, of a mute or ban (see IsEndless); zero: not known
	NextAt time.Time // when the same sender may try again; zero: does not depend on time
}

func (e *Error) Error() string {
	if e.Field != "" {
		return fmt.Sprintf("%s (%d): %s: %s", e.Name, e.Code, e.Field, e.Detail)
	}
	return fmt.Sprintf("%s (%d): %s", e.Name, e.Code, e.Detail)
}

// Is makes two refusals of one kind equal for errors.Is, whatever their detail.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code && t.Name == e.Name
}

// The refusals of this package. Compare with errors.Is; what is returned carries field and detail of the case.
var (
	ErrUnavailable     = &Error{Code: 10002, Name: "store_unavailable", Detail: "the chat store did not answer; try again", Temporary: true}
	ErrSentAway        = &Error{Code: 10002, Name: "sent_away", Detail: "you were signed out while you signed in; try again", Temporary: true}
	ErrStopping        = &Error{Code: 10002, Name: "stopping", Detail: "the server is stopping; connect again", Temporary: true}
	ErrParameter       = &Error{Code: 10004, Name: "bad_parameter"}
	ErrPermission      = &Error{Code: 10007, Name: "no_permission"}
	ErrNoGroup         = &Error{Code: 10010, Name: "no_such_group", Detail: "the group does not exist or was dismissed"}
	ErrOwnerStays      = &Error{Code: 10009, Name: "owner_cannot_quit", Detail: "the owner can't leave the group, only dismiss it; with detach this connection stops receiving", Field: "group"}
	ErrElsewhere       = &Error{Code: 10037, Name: "joined_elsewhere", Detail: "you went to another group on another page meanwhile", Field: "group"}
	ErrGroupID         = &Error{Code: 10015, Name: "bad_group_id", Detail: "a group id is 1 to 48 printable ASCII characters", Field: "group"}
	ErrMuted           = &Error{Code: 10017, Name: "muted", Detail: "you may not speak in this group"}
	ErrMutedAll        = &Error{Code: 10017, Name: "muted_all", Detail: "only the owner and administrators may speak in this group now"}
	ErrSilenced        = &Error{Code: 20012, Name: "silenced", Detail: "you may not write to other users"}
	ErrBanned          = &Error{Code: 10007, Name: "banned", Detail: "you are banned from this group"}
	ErrGroupTaken      = &Error{Code: 10021, Name: "group_id_taken", Detail: "the group id is in use by somebody else", Field: "group"}
	ErrGroupOwned      = &Error{Code: 10025, Name: "group_id_owned", Detail: "the group id is in use by the same owner, for another room", Field: "group"}
	ErrNoMessage       = &Error{Code: 10030, Name: "no_such_message", Detail: "there is no such message, or it is too old to be found", Field: "seq"}
	ErrRecallLate      = &Error{Code: 10031, Name: "recall_too_late", Detail: "the time in which you may recall your messages is over", Field: "seq"}
	ErrNotRecallable   = &Error{Code: 10032, Name: "not_recallable", Detail: "messages of the server can't be recalled", Field: "seq"}
	ErrTooManyMessages = &Error{Code: 10023, Name: "too_many_messages", Detail: "you send too fast; wait a moment", Temporary: true}
	ErrBroadcastPace   = &Error{Code: 10023, Name: "broadcasts_too_fast", Detail: "one message a second goes to all groups; wait a moment", Temporary: true}
	ErrBroadcastsOff   = &Error{Code: 10007, Name: "broadcasts_off", Detail: "messages to all groups are switched off here"}
	ErrSlowMode        = &Error{Code: 10023, Name: "slow_mode", Detail: "this group is in slow mode; wait until you may send again", Temporary: true}
	ErrTooManyMarks    = &Error{Code: 10004, Name: "too_many_marks", Detail: "a group has at most 10 different marks of one's own", Field: "marks"}
	ErrTooManyRobots   = &Error{Code: 10038, Name: "too_many_robots", Detail: "this group has as many robots as it may", Field: "users"}
	ErrNoAccount       = &Error{Code: 10019, Name: "no_such_account", Detail: "there is no such account"}
	ErrNoReceiver      = &Error{Code: 20003, Name: "no_such_user", Detail: "there is no such user", Field: "user"}
	ErrAttributeKey    = &Error{Code: 10045, Name: "attribute_key_too_long", Detail: "an attribute key is 1 to 32 bytes", Field: "attributes"}
	ErrAttributeValue  = &Error{Code: 10046, Name: "attribute_value_too_long", Detail: "an attribute value is at most 4000 bytes", Field: "attributes"}
	ErrAttributeCount  = &Error{Code: 10047, Name: "too_many_attributes", Detail: "a group has at most 16 attributes", Field: "attributes"}
	ErrAttributeTotal  = &Error{Code: 10048, Name: "attributes_too_large", Detail: "all attribute values together are at most 16000 bytes", Field: "attributes"}
	ErrAttributeRate   = &Error{Code: 10049, Name: "attributes_too_fast", Detail: "too many attribute writes in this group; try again in a second", Temporary: true}
	ErrNoAttribute     = &Error{Code: 10050, Name: "no_such_attribute", Detail: "an attribute to delete does not exist", Field: "keys"}
	ErrCounterPace     = &Error{Code: 10006, Name: "counters_too_fast", Detail: "you write counters too fast; wait a moment", Temporary: true}
	ErrCounterCount    = &Error{Code: 10063, Name: "too_many_counters", Detail: "a group has at most 20 counters", Field: "counters"}
	ErrNick            = &Error{Code: 40005, Name: "nick_refused", Field: "nick", Detail: "the nickname reads like that of somebody who looks after a room you are in"}
	ErrActPace         = &Error{Code: 10006, Name: "acts_too_fast", Detail: "you change and moderate too much at once; wait a moment", Temporary: true}
	ErrGroupRate       = &Error{Code: 10006, Name: "groups_too_fast", Detail: "you make groups too fast; wait until you may make another", Temporary: true}
	ErrInFlight        = &Error{Code: 10002, Name: "send_in_flight", Detail: "the same message is being sent; try again", Field: "random", Temporary: true}
	ErrTooManyUsers    = &Error{Code: 10005, Name: "too_many_users", Detail: "name at most 100 users at once", Field: "users"}
	ErrTooManyAdmins   = &Error{Code: 10004, Name: "too_many_admins", Detail: "a group has at most 5 administrators; make one of them a member first", Field: "user"}
	ErrBlocked         = &Error{Code: 80001, Name: "blocked_text", Detail: "it holds words that are not allowed here"}
	ErrTooLarge        = &Error{Code: 80002, Name: "message_too_large", Field: "body"}

	// ErrAttributesChanged is for a write whose maker did not know the newest attributes.
	ErrAttributesChanged = &Error{Code: 10056, Name: "attributes_changed", Detail: "the attributes were changed meanwhile; read them and try again", Field: "version"}

	// ErrTooManySanctions is for mutes and bans, each.
	ErrTooManySanctions = &Error{Code: 10038, Name: "too_many_sanctions", Detail: "this group has as many as it may; lift some first"}
)

// with returns a copy of e that names the field and the reason of one case.
func (e *Error) with(field, detail string, args ...any) *Error {
	c := *e
	c.Field, c.Detail = field, fmt.Sprintf(detail, args...)
	return &c
}

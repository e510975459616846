package account

import "fmt"

// Error is a refusal with Tencent's code (spec im-rest §1.6). It holds no secret.
type Error struct {
	Code   int
	Name   string // stable, snake_case
	Detail string // a sentence a person can act on
	Field  string // the field at fault
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s (%d): %s: %s", e.Name, e.Code, e.Field, e.Detail)
}

// Is makes two refusals of one kind equal for errors.Is, whatever their detail.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code && t.Name == e.Name
}

// Refusals of this package, with Tencent's codes (spec im-rest §1.6). Compare with errors.Is: what is returned may say more
// than the sentinel does.
var (
	ErrExpired     = &Error{Code: 70001, Name: "usersig_expired", Field: "userSig", Detail: "the UserSig has expired; fetch a new one"}
	ErrEmpty       = &Error{Code: 70002, Name: "usersig_empty", Field: "userSig", Detail: "the UserSig is empty"}
	ErrMalformed   = &Error{Code: 70003, Name: "usersig_malformed", Field: "userSig", Detail: "the UserSig cannot be decoded"}
	ErrForged      = &Error{Code: 70009, Name: "usersig_forged", Field: "userSig", Detail: "the UserSig was not made with this application's key"}
	ErrOtherUser   = &Error{Code: 70013, Name: "usersig_other_user", Field: "userId", Detail: "the UserSig was made for another user"}
	ErrOtherApp    = &Error{Code: 70014, Name: "usersig_other_app", Field: "userSig", Detail: "the UserSig was made for another SDKAppID"}
	ErrRevoked     = &Error{Code: 70052, Name: "usersig_revoked", Field: "userSig", Detail: "the UserSig was revoked; fetch a new one"}
	ErrUnknownUser = &Error{Code: 70107, Name: "no_such_account", Field: "userId", Detail: "there is no such account"}
	ErrBadUser     = &Error{Code: 70402, Name: "bad_user_id", Field: "userId", Detail: "the user id is not allowed"}
	ErrBadNick     = &Error{Code: 40005, Name: "nick_refused", Field: "nick", Detail: "the nickname is not allowed"}
	ErrBadAvatar   = &Error{Code: 40005, Name: "avatar_refused", Field: "avatar", Detail: "the avatar's URL is not allowed"}
	ErrBadProfile  = &Error{Code: 40605, Name: "profile_refused", Detail: "the value does not fit its field of a profile"}
	ErrReadOnly    = &Error{Code: 40008, Name: "profile_read_only", Detail: "only a backend may set it"}
	ErrBlocked     = &Error{Code: 80001, Name: "blocked_text", Detail: "it holds words that are not allowed here"}
	ErrTooLong     = &Error{Code: 40601, Name: "value_too_long", Field: "nick", Detail: "the value is too long"}
)

// at returns e with a field and a more exact detail.
func (e *Error) at(field, format string, args ...any) *Error {
	c := *e
	c.Field, c.Detail = field, fmt.Sprintf(format, args...)
	return &c
}

// because returns e with a more exact detail.
func because(e *Error, format string, args ...any) *Error { return e.at(e.Field, format, args...) }

package im

import (
	"context"
	"errors"
	"fmt"

	"liveroom/chat"
	"liveroom/chat/account"
	"liveroom/status"
)

// Error is a refusal as it is answered: Tencent's number, and words that name the field and the reason.
type Error struct {
	Code int
	Info string
}

func (e *Error) Error() string { return fmt.Sprintf("%d: %s", e.Code, e.Info) }

// refuse makes an Error.
func refuse(code int, format string, args ...any) *Error {
	return &Error{Code: code, Info: fmt.Sprintf(format, args...)}
}

// known is the one table from errors to Tencent's numbers; nil is what it doesn't know.
func (s *service) known(err error) *Error {
	var (
		own    *Error
		group  *chat.Error
		person *account.Error
	)
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &group):
		return &Error{Code: s.chatCode(group), Info: inWords(group.Name, s.field(group.Field), group.Detail)}
	case errors.As(err, &person):
		return &Error{Code: s.accountCode(person), Info: inWords(person.Name, s.field(person.Field), person.Detail)}
	case errors.Is(err, status.ErrUnavailable):
		return refuse(s.internal, "%s", inWords(chat.ErrUnavailable.Name, "", chat.ErrUnavailable.Detail))
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return refuse(s.internal, "timeout: it took too long; try again")
	}
	return nil
}

// chatCode is the number of a refusal of the chat, which has those of the group services.
func (s *service) chatCode(e *chat.Error) int {
	switch e.Code {
	case chat.ErrUnavailable.Code:
		return s.internal
	case chat.ErrParameter.Code:
		switch {
		case s == &openIM && e.Field == "body":
			return codeBadElement
		case s == &openIM && e.Field == "user": // that can't be an account's
			return s.noAccount
		}
		return s.parameter
	case chat.ErrNoAccount.Code:
		return s.noSender
	case chat.ErrNoReceiver.Code:
		return s.noAccount
	}
	return e.Code
}

// accountCode is the number of a refusal of the accounts.
func (s *service) accountCode(e *account.Error) int {
	switch e.Code {
	case account.ErrUnknownUser.Code:
		return s.noAccount
	case account.ErrBadUser.Code:
		return s.parameter
	}
	return e.Code
}

func inWords(name, field, detail string) string {
	if field != "" {
		return name + ": " + field + ": " + detail
	}
	return name + ": " + detail
}

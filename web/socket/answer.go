package socket

import (
	"context"
	"errors"
	"strconv"

	"liveroom/chat"
	"liveroom/chat/account"
	"liveroom/status"
)

// Refusals of this door. The codes are Tencent's where it has one.
var (
	errNotSignedIn          = &chat.Error{Code: 10001, Name: "not_authenticated", Detail: "send auth first"}
	errSignedIn             = &chat.Error{Code: 10004, Name: "already_authenticated", Field: "op", Detail: "this connection is authenticated; open another one to be somebody else"}
	errUnknownOp            = &chat.Error{Code: 10003, Name: "unknown_op", Field: "op", Detail: "there is no such op"}
	errNotJoined            = &chat.Error{Code: 10007, Name: "not_joined", Field: "group", Detail: "join the group first"}
	errJoined               = &chat.Error{Code: 10013, Name: "already_joined", Field: "group", Detail: "this connection is in the group already"}
	errTooManyGroups        = &chat.Error{Code: 10037, Name: "too_many_groups", Field: "group", Detail: "this connection is in as many groups as it may be; leave one first"}
	errTooFast              = &chat.Error{Code: 10006, Name: "too_fast", Detail: "too many frames; slow down or be disconnected", Temporary: true}
	errLockedOut            = &chat.Error{Code: 70050, Name: "too_many_failures", Detail: "too many failed logins from this address; try again in a minute", Temporary: true}
	errClientTooOld         = &chat.Error{Code: 110001, Name: "client_too_old", Field: "protocol"}
	errTimeout              = &chat.Error{Code: 10002, Name: "timeout", Detail: "it took too long; try again", Temporary: true}
	errInternal             = &chat.Error{Code: 10002, Name: "internal", Detail: "something went wrong here; try again", Temporary: true}
	errNotOffered           = &chat.Error{Code: 10007, Name: "not_offered", Field: "op", Detail: "this server does not do that"}
	errProfileTooFast       = &chat.Error{Code: 10006, Name: "too_fast", Detail: "you change your profile too often; try again in a few seconds", Temporary: true}
	errGuestsReadNoProfiles = &chat.Error{Code: 10007, Name: "no_permission", Detail: "anonymous guests have no profile and see none"}
)

// answer begins the answer to a request that succeeded.
func answer(r *request, sizeHint int) []byte {
	b := append(newFrame(32+sizeHint), `{"reply":`...)
	b = strconv.AppendUint(b, r.ID, 10)
	return append(b, `,"code":0`...)
}

// finish completes an answer.
func finish(b []byte) []byte { return seal(append(b, '}')) }

// refusal answers a request that did not succeed.
func refusal(id uint64, e *chat.Error) []byte {
	b := append(newFrame(192), `{"reply":`...)
	b = strconv.AppendUint(b, id, 10)
	b = append(b, `,"code":`...)
	b = strconv.AppendInt(b, int64(e.Code), 10)
	b = append(b, `,"error":`...)
	b = appendString(b, e.Name)
	b = append(b, `,"detail":`...)
	b = appendString(b, e.Detail)
	if e.Field != "" {
		b = append(b, `,"field":`...)
		b = appendString(b, e.Field)
	}
	if !e.Until.IsZero() {
		b = appendField(b, "until", e.Until.Unix())
	}
	if !e.NextAt.IsZero() {
		b = appendField(b, "nextAt", e.NextAt.UnixMilli())
	}
	return finish(appendField(b, "temporary", e.Temporary))
}

// refusalOf turns any error into what a client may see. What is unknown is "internal" outside; unknown says so, for the log.
func refusalOf(err error) (e *chat.Error, unknown bool) {
	var login *account.Error
	switch {
	case errors.As(err, &e):
		return e, false
	case errors.As(err, &login):
		return &chat.Error{Code: login.Code, Name: login.Name, Detail: login.Detail, Field: login.Field}, false
	case errors.Is(err, status.ErrUnavailable):
		return chat.ErrUnavailable, false
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return errTimeout, false
	}
	return errInternal, true
}

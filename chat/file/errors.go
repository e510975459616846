package file

import (
	"errors"

	"liveroom/chat"
)

// What a Store and Blobs answer.
var (
	ErrUnknown = errors.New("file: there is no such file")
	ErrTaken   = errors.New("file: there is, or was, a file of this id")
)

// The refusals of this package. Compare with errors.Is; what is returned carries field and detail of the case.
var (
	ErrParameter = chat.ErrParameter
	ErrTooLarge  = &chat.Error{Code: 80002, Name: "file_too_large", Field: "size"}
	ErrTooMany   = &chat.Error{Code: 10023, Name: "too_many_uploads", Detail: "you upload too much; wait a moment", Temporary: true}
	ErrCrowded   = &chat.Error{Code: 10023, Name: "uploads_running", Detail: "too many uploads are running; wait until one ends", Temporary: true}
	ErrFull      = &chat.Error{Code: 10002, Name: "storage_full", Detail: "there is no room for more files at the moment", Temporary: true}
	ErrOff       = &chat.Error{Code: 10007, Name: "uploads_off", Detail: "this server takes no files"}

	ErrSignature = &chat.Error{Code: 10007, Name: "bad_signature", Detail: "the address is not one this server made, or was changed"}
	ErrExpired   = &chat.Error{Code: 10007, Name: "expired", Detail: "the upload had to begin earlier; ask for a new address"}
	ErrUsed      = &chat.Error{Code: 10004, Name: "already_uploaded", Detail: "an upload address is good for one upload; ask for a new one"}
	ErrEarly     = &chat.Error{Code: 10004, Name: "shown_too_early", Detail: "a message showed this file before it was there; upload it anew and send another"}
	ErrLength    = &chat.Error{Code: 10004, Name: "length_required", Detail: "say in Content-Length how long the file is", Field: "Content-Length"}
	ErrLonger    = &chat.Error{Code: 80002, Name: "longer_than_declared", Detail: "the file is longer than was said when its address was asked for"}
	ErrShorter   = &chat.Error{Code: 10004, Name: "shorter_than_declared", Detail: "the file is shorter than was said when its address was asked for"}
	ErrContent   = &chat.Error{Code: 10004, Name: "wrong_content"}
	ErrSlow      = &chat.Error{Code: 10002, Name: "too_slow", Detail: "the file came too slowly; try again with a better connection", Temporary: true}
	ErrBroken    = &chat.Error{Code: 10002, Name: "broken_off", Detail: "the upload broke off; try again", Temporary: true}

	ErrNotFound    = &chat.Error{Code: 10004, Name: "not_found", Detail: "there is no such file, or it is no longer kept"}
	ErrGone        = &chat.Error{Code: 10004, Name: "gone", Detail: "the message that showed this file was taken back, or its group is no more"}
	ErrUnavailable = chat.ErrUnavailable
)

// at returns a copy of e that names the field and the reason of one case.
func at(e *chat.Error, field, detail string) *chat.Error {
	c := *e
	c.Field, c.Detail = field, detail
	return &c
}

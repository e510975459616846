package web

import (
	"net/http"
	"time"

	"liveroom/chat"
	"liveroom/chat/file"
)

// fileStatus is the HTTP status of a refusal that only files have, or nil.
func fileStatus(e *chat.Error) *Problem {
	p := newProblem(map[string]int{
		file.ErrOff.Name:       http.StatusForbidden,
		file.ErrSignature.Name: http.StatusForbidden,
		file.ErrExpired.Name:   http.StatusForbidden,
		file.ErrUsed.Name:      http.StatusConflict,
		file.ErrEarly.Name:     http.StatusConflict,
		file.ErrLength.Name:    http.StatusLengthRequired,
		file.ErrTooLarge.Name:  http.StatusRequestEntityTooLarge,
		file.ErrLonger.Name:    http.StatusRequestEntityTooLarge,
		file.ErrShorter.Name:   http.StatusBadRequest,
		file.ErrContent.Name:   http.StatusUnsupportedMediaType,
		file.ErrSlow.Name:      http.StatusRequestTimeout,
		file.ErrBroken.Name:    http.StatusBadRequest,
		file.ErrTooMany.Name:   http.StatusTooManyRequests,
		file.ErrCrowded.Name:   http.StatusTooManyRequests,
		file.ErrFull.Name:      http.StatusInsufficientStorage,
		file.ErrNotFound.Name:  http.StatusNotFound,
		file.ErrGone.Name:      http.StatusGone,
	}[e.Name], e.Name, e.Detail).at(e.Field)
	switch {
	case p.Status == 0:
		return nil
	case e.Temporary:
		p.retry(10 * time.Second)
	}
	return p
}

package web_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"liveroom/chat"
	"liveroom/chat/file"
	"liveroom/web"
)

// refusing is a keeper of files that refuses everything.
type refusing struct{ err error }

func (r *refusing) Grant(context.Context, chat.Identity, file.Draft) (file.Grant, error) {
	return file.Grant{}, r.err
}

func (r *refusing) Put(context.Context, file.Upload) (file.Info, error) { return file.Info{}, r.err }

func (r *refusing) Open(context.Context, string, string, string) (file.Content, error) {
	return file.Content{}, r.err
}

// TestRefusalsOfFiles: each has its status, and says when to come back if that helps.
func TestRefusalsOfFiles(t *testing.T) {
	files := &refusing{}
	b := newBench(t, func(_ *web.Config, d *web.Deps) { d.Files = files })
	b.createRoom("demo")
	for _, tc := range []struct {
		err    error
		status int
		again  bool
	}{
		{file.ErrOff, http.StatusForbidden, false},
		{file.ErrSignature, http.StatusForbidden, false},
		{file.ErrExpired, http.StatusForbidden, false},
		{file.ErrUsed, http.StatusConflict, false},
		{file.ErrEarly, http.StatusConflict, false},
		{file.ErrLength, http.StatusLengthRequired, false},
		{file.ErrTooLarge, http.StatusRequestEntityTooLarge, false},
		{file.ErrLonger, http.StatusRequestEntityTooLarge, false},
		{file.ErrShorter, http.StatusBadRequest, false},
		{file.ErrBroken, http.StatusBadRequest, true},
		{file.ErrContent, http.StatusUnsupportedMediaType, false},
		{file.ErrSlow, http.StatusRequestTimeout, true},
		{file.ErrTooMany, http.StatusTooManyRequests, true},
		{file.ErrCrowded, http.StatusTooManyRequests, true},
		{file.ErrFull, http.StatusInsufficientStorage, true},
		{file.ErrUnavailable, http.StatusServiceUnavailable, true},
		{file.ErrNotFound, http.StatusNotFound, false},
		{file.ErrGone, http.StatusGone, false},
		{chat.ErrMuted, http.StatusForbidden, false},
		{chat.ErrBanned, http.StatusForbidden, false},
		{context.Canceled, http.StatusServiceUnavailable, true},
		{errors.New("a mistake"), http.StatusInternalServerError, false},
	} {
		files.err = tc.err
		id := file.NewID()
		for _, a := range []answer{
			b.request("POST", "/api/v1/rooms/demo/files", apiToken, map[string]any{"kind": "image", "size": 1}),
			b.request("PUT", "/files/"+id+"?token=x", "", "x"),
			b.request("GET", "/files/"+id+"/image.png?sig=x", "", nil),
		} {
			if a.status != tc.status || a.code() == "" || (a.header.Get("Retry-After") != "") != tc.again {
				t.Errorf("%v: %d %s, again after %q", tc.err, a.status, a.raw, a.header.Get("Retry-After"))
			}
		}
	}
}

package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"liveroom/live"
	"liveroom/live/blob"
	"liveroom/live/snapshot"
	"liveroom/status"
	"liveroom/web/peer"
)

// TestPictureOfAnotherNodeThatFails: why is said in words, also where the node answers something else than pictures.
func TestPictureOfAnotherNodeThatFails(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status       int
		answer, want string
	}{
		{http.StatusNotFound, "{}", "status 404"},
		{http.StatusOK, "<html>", "invalid character"},
		{http.StatusOK, `{"why":"other"}`, "its log says why"},
		{http.StatusOK, `{"why":"store_full"}`, blob.ErrFull.Error()},
		{http.StatusOK, `{"why":"store_unavailable"}`, blob.ErrUnavailable.Error()},
		{http.StatusOK, `{"why":"unavailable","text":"no ffmpeg"}`, "no ffmpeg"},
	} {
		key := []byte("node-key-0123456789abcdef")
		peers := peer.NewServer("n2", key, slog.New(slog.DiscardHandler))
		peers.Handle(shotPath+"{room}", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(tt.status)
			_, _ = io.WriteString(w, tt.answer)
		}))
		ts := httptest.NewServer(peers)
		client := peer.NewClient("n1", key, lone(ts.URL))
		s := &shots{ask: client}
		if _, err := s.takeAt(t.Context(), "n2", "r1"); err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "%!") {
			t.Errorf("%d %s: %v", tt.status, tt.answer, err)
		}
		client.Close()
		ts.Close()
	}
}

// TestNoPictureOnceAPauseWasAnswered: nobody asks the stream, which hears of the pause a little later, here or on another node.
func TestNoPictureOnceAPauseWasAnswered(t *testing.T) {
	t.Parallel()
	s := &shots{
		Service: snapshot.New(snapshot.Config{}, nil, nil, blob.NewMemory(), slog.New(slog.DiscardHandler)),
		state: func(context.Context, string) (status.State, error) {
			return status.State{Record: status.Record{Code: status.Paused}, ByAnchor: true}, nil
		},
		elsewhere: func(context.Context, string) (string, bool) {
			t.Error("another node is looked for")
			return "", false
		},
	}
	if _, err := s.Take(t.Context(), live.Room{ID: "r1"}); !errors.Is(err, snapshot.ErrNoStream) {
		t.Error(err)
	}
}

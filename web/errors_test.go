package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"liveroom/chat"
	"liveroom/chat/account"
	"liveroom/live"
	"liveroom/status"
	"liveroom/web/callback/delivery"
)

func TestProblemTable(t *testing.T) {
	for _, tt := range []struct {
		err    error
		status int
		code   string
		field  string
	}{
		{live.NotFound("x"), 404, "not_found", ""},
		{live.Exists("stream", "x"), 409, "exists", "stream"},
		{&live.Error{Code: "invalid", Field: "grace"}, 422, "invalid", "grace"},
		{&live.Error{Code: "no_stream_keys"}, 503, "no_stream_keys", ""},
		{&live.Error{Code: "something_new"}, 500, "internal", ""},
		{fmt.Errorf("pause: %w", &status.Refused{Code: "transition_refused"}), 409, "transition_refused", ""},
		{&status.Refused{Code: "forbidden"}, 409, "forbidden", ""},
		{&status.Refused{Code: "invalid_playback_url"}, 422, "invalid", "url"},
		{&status.Refused{Code: "invalid_until"}, 422, "invalid", "until"},
		{fmt.Errorf("load: %w", status.ErrUnknownRoom), 404, "not_found", ""},
		{status.ErrUnavailable, 503, "store_unavailable", ""},
		{delivery.ErrUnsettled, 503, "store_unavailable", ""},
		{status.ErrConflict, 409, "conflict", ""},
		{context.DeadlineExceeded, 503, "timeout", ""},
		{context.Canceled, 503, "timeout", ""},
		{chat.ErrUnavailable, 503, "store_unavailable", ""},
		{chat.ErrPermission, 403, "no_permission", ""},
		{chat.ErrMuted, 403, "muted", ""},
		{chat.ErrNoGroup, 404, "no_such_group", ""},
		{chat.ErrGroupTaken, 409, "group_id_taken", "group"},
		{chat.ErrAttributeRate, 429, "attributes_too_fast", ""},
		{chat.ErrAttributeTotal, 422, "attributes_too_large", "attributes"},
		{chat.ErrTooLarge, 413, "message_too_large", "body"},
		{account.ErrBadNick, 422, "invalid", "nick"},
		{account.ErrUnknownUser, 404, "unknown_user", "user"},
		{account.ErrExpired, 401, "bad_user_sig", ""},
		{errors.New("open /var/secret: permission denied"), 500, "internal", ""},
	} {
		t.Run(tt.err.Error(), func(t *testing.T) {
			var out bytes.Buffer
			ctx := context.WithValue(t.Context(), requestKey{}, request{id: "abc"})
			p := problem(ctx, slog.New(slog.NewTextHandler(&out, nil)), tt.err)
			if p.Status != tt.status || p.Code != tt.code || p.Field != tt.field || p.RequestID != "abc" {
				t.Errorf("= %+v, want %d %s %s", p, tt.status, tt.code, tt.field)
			}
			if p.Status == 500 {
				if !strings.Contains(out.String(), "requestId=abc") || strings.Contains(p.Detail, "secret") {
					t.Errorf("log %q, detail %q", out.String(), p.Detail)
				}
			} else if out.Len() > 0 {
				t.Errorf("a refusal is in the log: %s", out.String())
			}
			if p.Status == 503 && p.Code != "no_stream_keys" && p.GetHeaders().Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
		})
	}
}

func TestProblemsAreNotShared(t *testing.T) {
	shared := newProblem(409, "x", "y")
	ctx := context.WithValue(t.Context(), requestKey{}, request{id: "abc"})
	if problem(ctx, slog.New(slog.DiscardHandler), shared); shared.RequestID != "" {
		t.Error("one request's id stands in another's answer")
	}
}

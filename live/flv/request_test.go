package flv

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"liveroom/live/stream"
)

func TestRequest(t *testing.T) {
	long := strings.Repeat("x", maxElementBytes+1)
	tests := []struct {
		name string
		url  string
		want stream.Request
		code string
	}{
		{"signed", "http://play.example.com:8080/live/room1.flv?txSecret=abc&txTime=5", stream.Request{
			Protocol: stream.FLV, Host: "play.example.com", App: "live", Name: "room1", Query: []string{"txSecret=abc&txTime=5"}, Remote: "192.0.2.1:1234",
		}, ""},
		{"below a prefix, dots in the name", "http://[2001:db8::1]/a/b/app/r.1-x_y.flv", stream.Request{
			Protocol: stream.FLV, Host: "2001:db8::1", App: "app", Name: "r.1-x_y", Remote: "192.0.2.1:1234",
		}, ""},
		{"no extension", "http://h/live/room1", stream.Request{}, "not_found"},
		{"another extension", "http://h/live/room1.m3u8", stream.Request{}, "not_found"},
		{"no app", "http://h/room1.flv", stream.Request{}, "not_found"},
		{"empty app", "http://h//room1.flv", stream.Request{}, "not_found"},
		{"no name", "http://h/live/.flv", stream.Request{}, "not_found"},
		{"long name", "http://h/live/" + long + ".flv", stream.Request{}, "not_found"},
		{"long app", "http://h/" + long + "/a.flv", stream.Request{}, "not_found"},
		{"long query", "http://h/live/a.flv?" + strings.Repeat("y", maxQueryBytes+1), stream.Request{}, "bad_address"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, _, err := request(httptest.NewRequest(http.MethodGet, tt.url, nil), stream.FLV)
			code := ""
			if refusal, ok := errors.AsType[*stream.Refusal](err); ok {
				code = refusal.Code
			}
			if code != tt.code {
				t.Fatalf("code %q, want %q", code, tt.code)
			}
			if err != nil {
				return
			}
			tt.want.Remote = got.Remote
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	tests := []struct {
		err    error
		status int
		code   string
		retry  bool
	}{
		{&stream.Refusal{Code: "bad_signature"}, 403, "bad_signature", false},
		{&stream.Refusal{Code: "expired"}, 403, "expired", false},
		{&stream.Refusal{Code: "missing_signature"}, 403, "missing_signature", false},
		{&stream.Refusal{Code: "forbidden"}, 403, "forbidden", false},
		{&stream.Refusal{Code: "unknown_room"}, 404, "unknown_room", false},
		{&stream.Refusal{Code: "not_live", Temporary: true}, 404, "not_live", true},
		{&stream.Refusal{Code: "not_found"}, 404, "not_found", false},
		{&stream.Refusal{Code: "too_many"}, 429, "too_many", true},
		{&stream.Refusal{Code: "store_unavailable"}, 503, "store_unavailable", true},
		{&stream.Refusal{Code: "stopping"}, 503, "stopping", true},
		{&stream.Refusal{Code: "unknown_app"}, 404, "unknown_app", false},
		{&stream.Refusal{Code: "superseded", Temporary: true}, 409, "superseded", true},
		{&stream.Refusal{Code: "something_else"}, 400, "something_else", false},
		{fmt.Errorf("wrapped: %w", &stream.Refusal{Code: "expired"}), 403, "expired", false},
		{errors.New("secret of ours"), 500, "internal", false},
	}
	for _, tt := range tests {
		t.Run(tt.err.Error(), func(t *testing.T) {
			w := httptest.NewRecorder()
			if code := WriteRefusal(w, tt.err); code != tt.code {
				t.Errorf("code %q", code)
			}
			var body struct {
				Status       int
				Code, Detail string
			}
			if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
				t.Fatal(err)
			}
			if w.Code != tt.status || body.Status != tt.status || body.Code != tt.code || w.Header().Get("Content-Type") != "application/problem+json" {
				t.Errorf("status %d, body %s", w.Code, w.Body)
			}
			if got := w.Header().Get("Retry-After") != ""; got != tt.retry {
				t.Errorf("retry %v, want %v", got, tt.retry)
			}
			if strings.Contains(w.Body.String(), "secret") {
				t.Errorf("told too much: %s", w.Body)
			}
		})
	}
}

func TestOnlyParameters(t *testing.T) {
	tests := []struct {
		query string
		want  only
		field string
	}{
		{"", everything, ""},
		{"txSecret=abc&txTime=5", everything, ""},
		{"onlyAudio=1", onlyAudio, ""},
		{"txSecret=abc&onlyAudio=true&txTime=5", onlyAudio, ""},
		{"onlyVideo=true", onlyVideo, ""},
		{"onlyVideo=1&onlyAudio=0", onlyVideo, ""},
		{"onlyVideo=false", everything, ""},
		{"onlyaudio=1", everything, ""}, // names are case-sensitive, and unknown ones somebody else's
		{"onlyAudio=yes", everything, "onlyAudio"},
		{"onlyAudio", everything, "onlyAudio"},
		{"onlyVideo=2", everything, "onlyVideo"},
		{"onlyVideo=1&onlyVideo=0", everything, "onlyVideo"},
		{"onlyAudio=1&onlyVideo=1", everything, "onlyVideo"},
	}
	for _, tt := range tests {
		t.Run(tt.query, func(t *testing.T) {
			_, got, err := request(httptest.NewRequest(http.MethodGet, "/live/a.flv?"+tt.query, nil), stream.FLV)
			if (err != nil) != (tt.field != "") || got != tt.want {
				t.Fatalf("got %v, %v", got, err)
			}
			if err == nil {
				return
			}
			w := httptest.NewRecorder()
			code := WriteRefusal(w, err)
			var body struct{ Code, Detail, Field string }
			if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
				t.Fatal(err)
			}
			if w.Code != http.StatusBadRequest || code != "bad_request" || body.Code != code || body.Field != tt.field || body.Detail == "" {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
}

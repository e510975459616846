package socket_test

import (
	"strings"
	"testing"

	"liveroom/chat"
	"liveroom/web/socket"
)

func TestSummaryOp(t *testing.T) {
	for _, tc := range []struct {
		name    string
		offered socket.Summaries
		frame   string
		want    string
	}{
		{"a session", paperSummaries{}, `{"id":2,"op":"summary","group":"tea"}`, `"messages":901`},
		{"none", paperSummaries{}, `{"id":2,"op":"summary","group":"other"}`, `"summary":null`},
		{"no group", paperSummaries{}, `{"id":2,"op":"summary"}`, `"field":"group"`},
		{"no group's name", paperSummaries{}, `{"id":2,"op":"summary","group":"` + strings.Repeat("x", 49) + `"}`, `"field":"group"`},
		{"not offered", nil, `{"id":2,"op":"summary","group":"tea"}`, `"error":"not_offered"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := openChat(t, socket.Config{Summaries: tc.offered}, chat.Config{}, nil)
			c := d.dial()
			if err := c.WriteMessage(1, []byte(`{"id":1,"op":"auth"}`)); err != nil {
				t.Fatal(err)
			}
			c.frame()
			if err := c.WriteMessage(1, []byte(tc.frame)); err != nil {
				t.Fatal(err)
			}
			if got := string(c.frame()); !strings.Contains(got, tc.want) {
				t.Errorf("%s, want %s in it", got, tc.want)
			}
		})
	}
}

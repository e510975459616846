package web_test

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"testing"

	"liveroom/chat"
)

// told remembers what the chat tells.
type told struct {
	mu    sync.Mutex
	facts []chat.Fact
}

func (*told) HearsMessages() bool { return true }

func (o *told) Observe(facts ...chat.Fact) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.facts = append(o.facts, facts...)
}

func (o *told) Settle(context.Context) {}

func (o *told) take() []chat.Fact {
	o.mu.Lock()
	defer o.mu.Unlock()
	facts := o.facts
	o.facts = nil
	return facts
}

// TestWhoActedIsTold: also of what reaches a group by way of its live room, and of what an anchor does here in his own name.
func TestWhoActedIsTold(t *testing.T) {
	b := newBench(t, nil)
	b.account("anna")
	anna := b.userSig("anna")
	for _, step := range []struct {
		method, path, auth string
		body               any
		want               []string
	}{
		{http.MethodPost, "/api/v1/rooms", apiToken, map[string]any{"id": "tea", "title": "Tea", "anchor": "anna"}, []string{"chat.GroupMade by administrator"}},
		{http.MethodPatch, "/api/v1/rooms/tea", apiToken, map[string]any{"title": "Green tea", "notice": "Hi"}, []string{"chat.GroupChanged by administrator", "chat.GroupChanged by administrator"}},
		{http.MethodPatch, "/api/v1/rooms/tea/chat", anna, map[string]any{"notice": "Ho", "introduction": "About"}, []string{"chat.GroupChanged by anna", "chat.GroupChanged by anna"}},
		{http.MethodPost, "/api/v1/rooms/tea/messages", anna, map[string]any{"text": "hello"}, []string{"chat.Sent by anna"}},
		{http.MethodPost, "/api/v1/rooms/tea/messages", apiToken, map[string]any{"text": "hello", "from": "anna"}, []string{"chat.Sent by administrator"}},
		{http.MethodDelete, "/api/v1/rooms/tea", apiToken, nil, []string{"chat.GroupGone by administrator"}},
	} {
		if a := b.request(step.method, step.path, step.auth, step.body); a.status >= 300 {
			t.Fatalf("%s %s: %d %s", step.method, step.path, a.status, a.raw)
		}
		var got []string
		for _, f := range b.told.take() {
			by := f.Occasioned().By
			got = append(got, fmt.Sprintf("%T by %s", f, by.User))
			if by.Platform != chat.PlatformREST || by.Addr != netip.MustParseAddr("127.0.0.1") {
				t.Errorf("%s %s: done on %q from %v", step.method, step.path, by.Platform, by.Addr)
			}
		}
		if !slices.Equal(got, step.want) {
			t.Errorf("%s %s: told %q, want %q", step.method, step.path, got, step.want)
		}
	}
}

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"
)

// news are the notice and profile events a member was told, in order and with their versions.
func (m *member) news() (news []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, it := range m.told {
		if it.Event == "notice" {
			news = append(news, fmt.Sprintf("notice %d: %s", it.Version, it.Data.Notice))
		} else {
			news = append(news, fmt.Sprintf("profile %d: %s of %s", it.Version, it.Data.Name, it.Data.Owner))
		}
	}
	return news
}

// mayWrite says whether the member may write an attribute of the group.
func (m *member) mayWrite(group string) bool {
	m.t.Helper()
	var answer struct {
		Code  int
		Error string
	}
	raw := m.call(map[string]any{"op": "setAttributes", "group": group, "attributes": map[string]string{"theme": "dark"}})
	if err := json.Unmarshal(raw, &answer); err != nil || answer.Code != 0 && answer.Error != "no_permission" {
		m.t.Fatalf("write an attribute: %s (%v)", raw, err)
	}
	return answer.Code == 0
}

// TestPatchReachesTheGroup changes a room whose members are inside: they learn the new title, anchor and notice, each
// once, and the rights go with the anchor while everybody stays connected.
func TestPatchReachesTheGroup(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	n.createRoom(map[string]any{"id": "r1", "title": "Before", "anchor": "alice", "notice": "old"})
	alice, bob := n.enter("r1", "alice", n.userSig("alice"), nil), n.enter("r1", "bob", n.userSig("bob"), nil)
	guest := n.enter("r1", "", "", nil)
	if j := guest.joined; j.Profile != (profile{"Before", "alice"}) || j.Notice != "old" || alice.joined.Role != "Owner" || bob.joined.Role != "Member" {
		t.Fatalf("joined %+v; alice is %q, bob is %q", j, alice.joined.Role, bob.joined.Role)
	}
	if !alice.mayWrite("r1") || bob.mayWrite("r1") {
		t.Fatal("before the change alice may write and bob may not")
	}
	patch := func(body map[string]any) {
		t.Helper()
		n.call(http.MethodPatch, "/api/v1/rooms/r1", body, nil)
	}
	patch(map[string]any{"title": "After", "anchor": "bob", "notice": "new"})
	if alice.mayWrite("r1") {
		t.Error("the former anchor may still write")
	}
	if !bob.mayWrite("r1") {
		t.Error("the new anchor may not write")
	}
	patch(map[string]any{"title": "After", "grace": "90s"}) // nothing of this is news to the group
	n.call(http.MethodPut, "/api/v1/rooms/r1/notice", map[string]any{"notice": "newer"}, nil)
	patch(map[string]any{"anchor": ""})
	if bob.mayWrite("r1") {
		t.Error("who was anchor between may still write")
	}

	want := []string{"profile 1: After of bob", "notice 1: new", "notice 2: newer", "profile 2: After of "}
	for name, m := range map[string]*member{"alice": alice, "bob": bob, "guest": guest} {
		eventually(t, name+" has the last news", func() bool { return len(m.news()) >= len(want) })
		if got := m.news(); !slices.Equal(got, want) {
			t.Errorf("%s was told %q, want %q", name, got, want)
		}
	}
	since := alice.joined
	since.Seq = lastSeq(alice)
	if j := n.enter("r1", "alice", n.userSig("alice"), &since).joined; j.Profile != (profile{"After", ""}) || j.Notice != "newer" || j.Role != "Member" {
		t.Errorf("alice came back to %+v", j)
	}

	n.kill() // what PATCH answered survives a crash
	n.start()
	if j := n.enter("r1", "alice", n.userSig("alice"), nil).joined; j.Profile != (profile{"After", ""}) || j.Notice != "newer" || j.Role != "Member" {
		t.Errorf("after a crash alice came back to %+v", j)
	}
}

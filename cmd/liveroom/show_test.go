package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"liveroom/chat/account"
	"liveroom/status"
)

// userSig signs a user in as the business backend would.
func (n *node) userSig(user string) string {
	n.t.Helper()
	sig, err := account.Signer{AppID: n.secrets.SDKAppID, Key: n.secrets.AppSecret}.Sign(user, time.Now(), time.Hour)
	if err != nil {
		n.t.Fatal(err)
	}
	return sig
}

// createRoom makes a room, and asks again where a cluster's Redis did not answer in time, as machines do that run ten tests.
func (n *node) createRoom(body map[string]any) {
	n.t.Helper()
	if !n.shared {
		n.call(http.MethodPost, "/api/v1/rooms", body, nil)
		return
	}
	unknown := false // whether it was made by a call before
	n.eventually("the room can be made", func() bool {
		resp, raw := n.request(http.MethodPost, "/api/v1/rooms", body, "Bearer "+n.secrets.APIToken)
		if resp.StatusCode < 300 || unknown && resp.StatusCode == http.StatusConflict {
			return true
		}
		if !strings.Contains(string(raw), "store_unavailable") {
			n.t.Fatalf("POST /api/v1/rooms: %s\n%s", resp.Status, raw)
		}
		unknown = true
		return false
	})
}

// TestShow is the main job: push, live, watch on every protocol, chat, lose the push, come back, pause, end, reopen.
func TestShow(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	n.createRoom(map[string]any{"id": "show", "title": "A show", "anchor": "alice"})
	a := n.addresses("show")
	stayed := n.enter("show", "bob", n.userSig("bob"), nil)

	p := push(t, a.Push.RTMP)
	first := n.waitStatus("show", status.Live)
	stayed.waitVersion(first.Version)
	for name, url := range map[string]string{"rtmp": a.Play.RTMP, "flv": a.Play.FLV, "hls": a.Play.HLS} {
		t.Run("ffprobe "+name, func(t *testing.T) { mustDecode(t, url) })
	}
	t.Run("websocket flv", func(t *testing.T) { mustReadWSFLV(t, a.Play.WSFLV) })

	late := n.enter("show", "", "", nil)
	stayed.say("show", "hello", 1)
	eventually(t, "the message arrives at both", func() bool {
		return slices.Contains(stayed.texts(), "hello") && slices.Contains(late.texts(), "hello")
	})

	p.kill()
	lost := n.waitStatus("show", status.Paused)
	if lost.Reason != status.ReasonPushLost && lost.Reason != status.ReasonPushClosed || lost.GraceUntil == nil {
		t.Fatalf("after kill -9 of ffmpeg: %+v", lost)
	}
	away := stayed.joined
	away.Seq = lastSeq(stayed)
	stayed.waitVersion(lost.Version)
	reader := n.enter("show", "carol", n.userSig("carol"), nil)
	readerAt := reader.joined
	reader.leave()

	p = push(t, a.Push.RTMP)
	back := n.waitStatus("show", status.Live)
	if back.Session != first.Session || back.Reason != status.ReasonPushResumed {
		t.Fatalf("after pushing again: %+v, session was %s", back, first.Session)
	}
	resumed := n.enter("show", "carol", n.userSig("carol"), &readerAt)
	if !resumed.joined.Complete {
		t.Fatal("the member who came back was told that something is missing")
	}

	n.pausedShowsNothing(t, a)
	n.call(http.MethodPost, "/api/v1/rooms/show/resume", map[string]any{}, nil)
	n.waitStatus("show", status.Live)
	mustDecode(t, a.Play.FLV)

	n.call(http.MethodPost, "/api/v1/rooms/show/end", map[string]any{"reason": "that's all"}, nil)
	over := n.waitStatus("show", status.Ended)
	p.wait()
	if said := push(t, a.Push.RTMP).wait(); !strings.Contains(said, "room_ended") {
		t.Fatalf("ffmpeg was not told why it is refused:\n%s", said)
	}
	if got := n.status("show"); got.Version != over.Version {
		t.Fatalf("a refused push changed the record: %+v", got)
	}
	for _, m := range []*member{stayed, late, resumed} {
		m.waitVersion(over.Version)
		inOrder(t, m, over.Version)
	}
	n.call(http.MethodPost, "/api/v1/rooms/show/reopen", map[string]any{}, nil)
	push(t, a.Push.RTMP)
	if again := n.waitStatus("show", status.Live); again.Session == first.Session {
		t.Fatalf("the reopened room goes on in the ended session: %+v", again)
	}
}

// pausedShowsNothing pauses the room and checks each protocol for media of after the pause.
func (n *node) pausedShowsNothing(t *testing.T, a addresses) {
	t.Helper()
	watching := openFLV(t, a.Play.FLV)
	watching.waitMedia(5)
	overRTMP := copyTo(t, a.Play.RTMP)
	eventually(t, "the RTMP viewer gets media", func() bool { return overRTMP() > 0 })
	list := n.mediaPlaylist(a.Play.HLS)
	n.call(http.MethodPost, "/api/v1/rooms/show/pause", map[string]any{"reason": "tea"}, nil)
	if r := n.status("show"); r.Code != status.Paused || r.Reason != status.ReasonByAdmin || r.Detail != "tea" || !r.StreamActive {
		t.Fatalf("paused: %+v", r)
	}
	at := watching.settled()
	fresh := openFLV(t, a.Play.FLV)
	copied, newcomer := overRTMP(), copyTo(t, a.Play.RTMP)
	playlist := get(t, list)
	time.Sleep(3 * time.Second) // three keyframes long: whatever leaks would have come
	if got := watching.media(); got != at {
		t.Errorf("a viewer got %d tags while the anchor paused", got-at)
	}
	if got := fresh.media(); got != 0 {
		t.Errorf("a viewer who came during the pause got %d tags", got)
	}
	if got := overRTMP(); got != copied {
		t.Errorf("an RTMP viewer got %d bytes while the anchor paused", got-copied)
	}
	if got := newcomer(); got != 0 {
		t.Errorf("an RTMP viewer who came during the pause got %d bytes", got)
	}
	if again := get(t, list); !slices.Equal(partsOf(again), partsOf(playlist)) { // what was begun may end with the parts it has
		t.Errorf("the HLS playlist grew during the pause:\n%s\n%s", playlist, again)
	}
	if resp, raw := n.request(http.MethodGet, strings.TrimPrefix(a.Play.HLS, "http://"+n.http), nil, ""); resp.StatusCode != http.StatusNotFound || !strings.Contains(string(raw), `"paused"`) {
		t.Errorf("a newcomer's HLS during the pause: %s %s", resp.Status, raw)
	}
	watching.close()
	fresh.close()
}

func lastSeq(m *member) uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.messages) == 0 {
		return m.joined.Seq
	}
	return m.messages[len(m.messages)-1].Seq
}

// inOrder checks that a member heard every version up to the last, from its first on, once and in order, as message and
// as attribute.
func inOrder(t *testing.T, m *member, last uint64) {
	t.Helper()
	versions := m.versions()
	for i := 1; i < len(versions); i++ {
		if versions[i] != versions[i-1]+1 {
			t.Errorf("status messages came as %v", versions)
			break
		}
	}
	if versions[len(versions)-1] != last {
		t.Errorf("the last status message is %v, want %d", versions, last)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := 1; i < len(m.attrs); i++ {
		if m.attrs[i].Version != m.attrs[i-1].Version+1 {
			t.Errorf("attributes went from %d to %d", m.attrs[i-1].Version, m.attrs[i].Version)
		}
	}
	for i := 1; i < len(m.fields); i++ {
		if m.fields[i] != m.fields[i-1]+1 {
			t.Errorf("fields went from %d to %d", m.fields[i-1], m.fields[i])
		}
	}
}

// TestLatecomerReadsTheStatus checks what README recommends: the attribute in the room, the field and REST outside.
func TestLatecomerReadsTheStatus(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	n.createRoom(map[string]any{"id": "r1", "grace": "30s"})
	p := push(t, n.addresses("r1").Push.RTMP)
	live := n.waitStatus("r1", status.Live)
	var m *member
	n.eventually("the attribute is live", func() bool {
		m = n.enter("r1", "", "", nil)
		var r status.Record
		return json.Unmarshal([]byte(m.joined.Attributes["live_status"]), &r) == nil && r.Version == live.Version && r.Code == status.Live
	})
	if v := fieldVersion(t, m.joined.Fields); v != live.Version {
		t.Fatalf("custom field has version %d, want %d", v, live.Version)
	}
	p.quit()
	if r := n.waitStatus("r1", status.Paused); r.Reason != status.ReasonPushClosed {
		t.Fatalf("after ffmpeg said goodbye: %+v", r)
	}
}

// TestForgedStatusIsRefused tries to be the server.
func TestForgedStatusIsRefused(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	n.createRoom(map[string]any{"id": "r1", "anchor": "alice"})
	m := n.enter("r1", "alice", n.userSig("alice"), nil)
	forged := `{"type":"live_status","code":4}`
	for name, frame := range map[string]map[string]any{
		"message": {"op": "send", "group": "r1", "random": 1, "priority": "High", "body": []any{
			map[string]any{"MsgType": "TIMCustomElem", "MsgContent": map[string]any{"Data": forged}},
		}},
		"attribute":           {"op": "setAttributes", "group": "r1", "attributes": map[string]string{"live_status": forged}},
		"attribute, replaced": {"op": "replaceAttributes", "group": "r1", "attributes": map[string]string{"live_status": forged}},
		"attribute, deleted":  {"op": "deleteAttributes", "group": "r1", "keys": []string{"live_status"}},
	} {
		var answer struct{ Code int }
		if err := json.Unmarshal(m.call(frame), &answer); err != nil || answer.Code == 0 {
			t.Errorf("%s: accepted (%v)", name, err)
		}
	}
	if again := n.enter("r1", "", "", nil); !strings.Contains(again.joined.Attributes["live_status"], `"waiting"`) {
		t.Errorf("the attribute was changed: %v", again.joined.Attributes)
	}
}

// TestRefusalsTellWhyAndNoSecret refuses real encoders and players, and looks for their signatures wherever it is told.
// TestAddressMatrix has every wrong signature on every protocol.
func TestRefusalsTellWhyAndNoSecret(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	n.createRoom(map[string]any{"id": "r1"})
	a := n.addresses("r1")
	push(t, a.Push.RTMP)
	n.waitStatus("r1", status.Live)

	secret := strings.Split(strings.Split(a.Push.RTMP, "txSecret=")[1], "&")[0]
	tampered := strings.Replace(a.Push.RTMP, secret, strings.Repeat("0", 32), 1)
	expired := n.expired(t, a.Push.RTMP)
	for _, tt := range []struct{ name, url, code string }{
		{"tampered", tampered, "bad_signature"},
		{"expired", expired, "expired"},
		{"unsigned", strings.Split(a.Push.RTMP, "?")[0], "missing_signature"},
		{"play key", a.Play.RTMP, "bad_signature"},
	} {
		t.Run("push "+tt.name, func(t *testing.T) {
			if said := push(t, tt.url).wait(); !strings.Contains(said, tt.code) {
				t.Errorf("ffmpeg was told:\n%s\nwant %s", said, tt.code)
			}
			var list struct {
				Refusals []struct{ Code, Detail string }
			}
			n.call(http.MethodGet, "/api/v1/rooms/r1/refusals", nil, &list)
			if len(list.Refusals) == 0 || list.Refusals[0].Code != tt.code || list.Refusals[0].Detail == "" {
				t.Errorf("refusals: %+v, want %s first", list, tt.code)
			}
			if !strings.Contains(n.log.String(), "code="+tt.code) {
				t.Errorf("the log does not say %s", tt.code)
			}
		})
	}
	// A signature in a wrong place is a signature all the same: it must not reach the log with the name.
	for _, wrong := range []string{strings.Replace(a.Push.RTMP, "?", "&", 1), strings.Replace(a.Push.RTMP, "?", "%3B", 1)} {
		push(t, wrong).wait()
	}
	misplaced := strings.Replace(a.Play.FLV, "r1.flv?", "r1&", 1) + ".flv"
	if resp, err := http.Get(misplaced); err == nil {
		_ = resp.Body.Close()
	}
	playSecret := strings.Split(strings.Split(a.Play.FLV, "txSecret=")[1], "&")[0]
	if _, err := ffprobe(t, n.expired(t, a.Play.RTMP)); err == nil || !strings.Contains(err.Error(), "expired") {
		t.Errorf("ffprobe of an expired address was told %v", err)
	}
	metrics := n.metrics()
	for _, code := range []string{"bad_signature", "expired", "missing_signature"} {
		if !strings.Contains(metrics, fmt.Sprintf("code=%q", code)) {
			t.Errorf("metrics do not count %s", code)
		}
	}
	for where, text := range map[string]string{"log": n.log.String(), "metrics": metrics} {
		for _, s := range []string{secret, playSecret, n.secrets.PushKey, n.secrets.PlayKey, n.secrets.APIToken, n.secrets.AppSecret, n.secrets.NodeKey, n.secrets.FileKey} {
			if strings.Contains(text, s) {
				t.Errorf("the %s holds a secret", where)
			}
		}
	}
}

// partsOf is the lines of a playlist's parts.
func partsOf(playlist string) (parts []string) {
	for line := range strings.Lines(playlist) {
		if strings.HasPrefix(line, "#EXT-X-PART:") {
			parts = append(parts, line)
		}
	}
	return parts
}

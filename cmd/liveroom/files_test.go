package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// grant is the answer to upload.
type grant struct {
	ID  string `json:"id"`
	Put struct {
		URL     string            `json:"url"`
		Headers map[string]string `json:"headers"`
	} `json:"put"`
	URL string `json:"url"`
}

func testPicture(t testing.TB) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 320, 240))
	for i := range m.Pix {
		m.Pix[i] = byte(rand.Uint32())
	}
	var out bytes.Buffer
	if err := png.Encode(&out, m); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// put sends bytes to a grant's address and returns status and answer.
func put(t testing.TB, g grant, content []byte) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, g.Put.URL, bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range g.Put.Headers {
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(raw)
}

// sendPicture does what the SDK does: it asks, uploads and sends the message. It returns the address and the bytes.
func (m *member) sendPicture(group string) (string, []byte) {
	m.t.Helper()
	content := testPicture(m.t)
	var g grant
	m.must(map[string]any{"op": "upload", "group": group, "kind": "image", "name": "cat.png", "size": len(content), "type": "image/png"}, &g)
	if status, raw := put(m.t, g, content); status != http.StatusCreated {
		m.t.Fatalf("PUT: %d %s", status, raw)
	}
	m.must(map[string]any{"op": "send", "group": group, "random": rand.Uint32(), "body": []any{map[string]any{
		"MsgType": "TIMImageElem", "MsgContent": map[string]any{"UUID": g.ID, "ImageFormat": 3, "ImageInfoArray": []any{
			map[string]any{"Type": 1, "Size": len(content), "Width": 320, "Height": 240, "URL": g.URL},
		}},
	}}}, nil)
	return g.URL, content
}

// picture waits for the next message with a picture and returns its number and address.
func (m *member) picture(n int) (seq uint64, url string) {
	m.t.Helper()
	eventually(m.t, fmt.Sprintf("picture %d arrives", n), func() bool {
		m.mu.Lock()
		defer m.mu.Unlock()
		found := 0
		for _, msg := range m.messages {
			var body []struct {
				MsgContent struct{ ImageInfoArray []struct{ URL string } }
			}
			if json.Unmarshal(msg.Body, &body) == nil && len(body) == 1 && len(body[0].MsgContent.ImageInfoArray) == 1 {
				if found++; found == n {
					seq, url = msg.Seq, body[0].MsgContent.ImageInfoArray[0].URL
				}
			}
		}
		return found >= n
	})
	return seq, url
}

// mustServe checks that an address answers exactly these bytes.
func mustServe(t testing.TB, url string, content []byte) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || !bytes.Equal(raw, content) {
		t.Errorf("GET: %d, %d bytes, %v; want %d", resp.StatusCode, len(raw), err, len(content))
	}
}

// stored counts the files in a data folder.
func stored(t testing.TB, data string) (n int) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(data, "files"), func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestPicturesInTheChat: one member sends a picture, the other sees the same bytes, also after a crash and a restart; a
// verdict, a recall and the room's end take pictures away within a second.
func TestPicturesInTheChat(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	n.createRoom(map[string]any{"id": "r1", "anchor": "anna"})
	alice, bob := n.enter("r1", "alice", n.userSig("alice"), nil), n.enter("r1", "bob", n.userSig("bob"), nil)
	first, content := alice.sendPicture("r1")
	if _, url := bob.picture(1); url != first {
		t.Errorf("bob got %s, sent was %s", url, first)
	}
	mustServe(t, first, content)
	n.kill()
	n.start()
	mustServe(t, first, content)

	alice, bob = n.enter("r1", "alice", n.userSig("alice"), nil), n.enter("r1", "bob", n.userSig("bob"), nil)
	_, content = alice.sendPicture("r1")
	seq, url := bob.picture(1)
	n.stop()
	n.start()
	mustServe(t, url, content)

	gone := func(what, url string) {
		t.Helper()
		eventually(t, what+" is gone", func() bool { return n.statusOf(url) == http.StatusGone })
	}
	n.call(http.MethodPost, fmt.Sprintf("/api/v1/rooms/r1/messages/%d/verdict", seq), map[string]any{"verdict": "block"}, nil)
	gone("the blocked", url)

	alice, bob = n.enter("r1", "alice", n.userSig("alice"), nil), n.enter("r1", "bob", n.userSig("bob"), nil)
	alice.sendPicture("r1")
	seq, url = bob.picture(1)
	alice.must(map[string]any{"op": "recall", "group": "r1", "seq": seq}, nil)
	gone("the recalled", url)

	last, content := alice.sendPicture("r1")
	if kept := stored(t, n.data); kept != 2 {
		t.Errorf("%d files in the data folder, want the first and the last", kept)
	}
	n.kill()
	n.start()
	mustServe(t, last, content)
	gone("the recalled, after a crash,", url)
	n.call(http.MethodDelete, "/api/v1/rooms/r1", nil, nil)
	eventually(t, "the room's pictures are gone", func() bool {
		return n.statusOf(first) == http.StatusNotFound && n.statusOf(last) == http.StatusNotFound
	})
	eventually(t, "their bytes are gone", func() bool { return stored(t, n.data) == 0 })
	for _, secret := range []string{"sig=" + url[strings.Index(url, "sig=")+4:], n.secrets.FileKey} {
		if strings.Contains(n.log.String(), secret) {
			t.Error("the log has a signature or the key")
		}
	}
}

// TestUploadsEndWithTheRight: mute, ban and setting hold for addresses that were asked for before.
func TestUploadsEndWithTheRight(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	n.createRoom(map[string]any{"id": "r1", "anchor": "anna"})
	content := testPicture(t)
	for i, act := range []struct {
		path string
		body map[string]any
		code string
	}{
		{"/mutes/%s", map[string]any{"duration": "1h"}, "muted"},
		{"/bans/%s", map[string]any{"duration": "1h"}, "banned"},
		{"/chat", map[string]any{"uploads": "none"}, "no_permission"},
	} {
		user := fmt.Sprint("user", i)
		m := n.enter("r1", user, n.userSig(user), nil)
		var g grant
		m.must(map[string]any{"op": "upload", "group": "r1", "kind": "image", "size": len(content)}, &g)
		method, path := http.MethodPatch, "/api/v1/rooms/r1"+act.path
		if strings.Contains(path, "%s") {
			method, path = http.MethodPut, fmt.Sprintf(path, user)
		}
		n.call(method, path, act.body, nil)
		if status, raw := put(t, g, content); status != http.StatusForbidden || !strings.Contains(raw, act.code) {
			t.Errorf("%s: %d %s", act.code, status, raw)
		}
	}
	if kept := stored(t, n.data); kept != 0 {
		t.Errorf("%d files are kept", kept)
	}
}

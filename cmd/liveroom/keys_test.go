package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"liveroom/address"
	"liveroom/internal/redistest"
	"liveroom/status"
)

type shownKey struct {
	Fingerprint string
	Since       *time.Time
	LastUsedAt  *time.Time
}

type shownKeys struct {
	Push, Play struct {
		Primary shownKey
		Backup  *shownKey
	}
}

type addressCheck struct {
	OK        bool
	Code      string
	Sentences []string
}

func (n *node) shownKeys() (k shownKeys) {
	n.t.Helper()
	n.call(http.MethodGet, "/api/v1/keys", nil, &k)
	return k
}

func (n *node) rotate(kind string) (k shownKeys) {
	n.t.Helper()
	n.call(http.MethodPost, "/api/v1/keys/"+kind+"/rotate", map[string]any{}, &k)
	return k
}

func (n *node) revoke(kind string) {
	n.t.Helper()
	n.call(http.MethodDelete, "/api/v1/keys/"+kind+"/backup", nil, nil)
}

func (n *node) checkAddress(url string) (c addressCheck) {
	n.t.Helper()
	n.call(http.MethodPost, "/api/v1/addresses/check", map[string]any{"url": url}, &c)
	return c
}

// signed makes an address with the command line.
func (n *node) signed(what, label string) string {
	n.t.Helper()
	out := lines(mustCommand(n.t, "address", what, "--room", "r1", "--data", n.data, "--public-url", "http://"+n.http, "--public-rtmp-url", "rtmp://"+n.rtmp))
	return out[label]
}

// signedWith says whether a push address of r1 is signed with a key.
func signedWith(url, key string) bool {
	a, err := address.Parse(url)
	return err == nil && address.New(address.Keys{Primary: key}, 0).Check("r1", a.Queries(), time.Now()) == nil
}

// segmentsOf are the paths of what a media playlist lists.
func segmentsOf(t *testing.T, media string) (paths []string) {
	t.Helper()
	for line := range strings.Lines(get(t, media)) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "/") {
			paths = append(paths, line)
		}
	}
	return paths
}

// TestKeysAreRotatedUnderAPush: pushes and viewers go on while both keys change, the command line signs with the new ones, a crash
// changes nothing, and what the old keys had signed ends when they are revoked.
func TestKeysAreRotatedUnderAPush(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	n.createRoom(map[string]any{"id": "r1"})
	old := n.addresses("r1")
	push(t, old.Push.RTMP)
	n.waitStatus("r1", status.Live)
	eventually(t, "HLS can be played", func() bool { return n.statusOf(old.Play.HLS) == http.StatusOK })
	media := n.mediaPlaylist(old.Play.HLS) // of a session that began with the old key
	session := n.status("r1").Session
	segment := segmentsOf(t, media)[0]

	n.rotate("push")
	k := n.rotate("play")
	if k.Push.Backup == nil || k.Play.Backup == nil || k.Play.Backup.LastUsedAt == nil || k.Play.Primary.LastUsedAt != nil {
		t.Errorf("after the rotation: %+v", k)
	}
	for _, url := range []string{media, "http://" + n.http + segment, old.Play.HLS, n.addresses("r1").Play.HLS, n.signed("play", "hls")} {
		if code := n.statusOf(url); code != http.StatusOK {
			t.Errorf("after the rotation %d: %s", code, url)
		}
	}
	for _, url := range []string{old.Push.RTMP, n.addresses("r1").Push.RTMP, n.signed("push", "rtmp")} {
		if c := n.checkAddress(url); !c.OK {
			t.Errorf("after the rotation: %+v", c)
		}
	}
	fresh := n.mediaPlaylist(n.addresses("r1").Play.HLS)
	n.eventually("segments are signed with the new key", func() bool {
		return !strings.HasPrefix(segmentsOf(t, fresh)[0], segment[:strings.LastIndex(segment, "/")])
	})
	if n.statusOf(media) != http.StatusOK {
		t.Error("the session that began with the old key has ended")
	}

	n.revoke("play")
	n.revoke("push")
	if code := n.statusOf(media); code == http.StatusOK {
		t.Error("a session goes on whose key was revoked")
	}
	if code := n.statusOf("http://" + n.http + segment); code == http.StatusOK {
		t.Error("a segment is served under a path whose key was revoked")
	}
	if code := n.statusOf(fresh); code != http.StatusOK {
		t.Errorf("the session of the new key: %d", code)
	}
	for _, path := range segmentsOf(t, fresh) {
		if code := n.statusOf("http://" + n.http + path); code != http.StatusOK {
			t.Errorf("listed, and answered %d: %s", code, path)
		}
	}
	if c := n.checkAddress(old.Push.RTMP); c.OK || c.Code != "bad_signature" || !strings.Contains(strings.Join(c.Sentences, " "), "ask for a new address if that key was changed") {
		t.Errorf("of an old address: %+v", c)
	}
	if said := mustCommand(t, "address", "check", old.Push.RTMP, "--data", n.data); strings.Contains(said, "accepted") {
		t.Errorf("the command line says of it: %s", said)
	}
	if now := n.status("r1"); now.Session != session || now.Name != "live" {
		t.Errorf("the push was cut: %+v", now)
	}

	n.kill()
	n.start()
	if n.checkAddress(old.Push.RTMP).OK || !n.checkAddress(n.signed("push", "rtmp")).OK {
		t.Error("after a crash other keys are in force")
	}
	n.stop()
	n.env = append(n.env, "LIVEROOM_PUSH_KEY=the push key of autumn") // from now on: it wins
	n.start()
	if k := n.shownKeys(); k.Push.Backup != nil || k.Push.Primary.Since != nil || k.Play.Primary.Since != nil {
		t.Errorf("with another configured key: %+v", k)
	}
	var audit struct{ Acts []struct{ By string } }
	n.call(http.MethodGet, "/api/v1/audit?action=keys_configured", nil, &audit)
	if len(audit.Acts) != 1 || audit.Acts[0].By != "administrator" {
		t.Errorf("audited: %+v", audit)
	}
	for _, secret := range []string{n.secrets.PushKey, n.secrets.PlayKey, "the push key of autumn"} {
		if strings.Contains(n.log.String(), secret) {
			t.Error("the log shows a key")
		}
	}
}

// TestKilledWhileKeysAreRotated: whenever it is, the next start has the key that was answered last or one that was on its way, and
// accepts the one before.
func TestKilledWhileKeysAreRotated(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	n.createRoom(map[string]any{"id": "r1"})
	for round := range 3 {
		var last string
		for i := range 5 { // answered
			n.rotate("push")
			if i == 4 {
				last = n.addresses("r1").Push.RTMP
			}
		}
		done := make(chan struct{})
		go func() { // perhaps answered
			defer close(done)
			req, _ := http.NewRequest(http.MethodPost, "http://"+n.http+"/api/v1/keys/push/rotate", nil)
			req.Header.Set("Authorization", "Bearer "+n.secrets.APIToken)
			if resp, err := http.DefaultClient.Do(req); err == nil {
				_ = resp.Body.Close()
			}
		}()
		n.kill()
		<-done
		n.start()
		for _, url := range []string{last, n.addresses("r1").Push.RTMP, n.signed("push", "rtmp")} {
			if c := n.checkAddress(url); !c.OK {
				t.Errorf("round %d: %+v", round, c)
			}
		}
	}
}

// TestKeysOfACluster: what is rotated on one node is accepted by the others, and signs there too; a push through one that did
// nothing goes on; nothing in Redis shows a key; and nodes give a Redis that has forgotten what they have.
func TestKeysOfACluster(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 2, nil)
	a, b := c.nodes[0], c.nodes[1]
	for _, n := range c.nodes { // for the command line, which this process is
		if err := writeSecrets(secretsFile(n.data), c.keys); err != nil {
			t.Fatal(err)
		}
	}
	a.createRoom(map[string]any{"id": "r1"})
	old := a.addresses("r1")
	push(t, b.addresses("r1").Push.RTMP)
	a.waitStatus("r1", status.Live)
	session := a.status("r1").Session

	fingerprint := a.rotate("push").Push.Primary.Fingerprint
	a.rotate("play")
	if ok := b.checkAddress(a.addresses("r1").Push.RTMP).OK; !ok {
		t.Error("an address that was made just after the rotation is refused elsewhere")
	}
	var revealed struct{ Primary, Backup string }
	a.call(http.MethodPost, "/api/v1/keys/push/reveal", nil, &revealed)
	b.eventually("the other node knows the new key", func() bool { return b.shownKeys().Push.Primary.Fingerprint == fingerprint })
	signs := func(n *node) bool {
		return signedWith(n.addresses("r1").Push.RTMP, revealed.Primary)
	}
	for _, n := range c.nodes {
		n.eventually("it signs with the new key", func() bool { return signs(n) })
		if !n.checkAddress(old.Push.RTMP).OK || !signedWith(n.signed("push", "rtmp"), revealed.Primary) {
			t.Error("the old key is not accepted, or the command line has another")
		}
	}
	if now := a.status("r1"); now.Session != session || now.Name != "live" {
		t.Errorf("the push was cut: %+v", now)
	}
	b.revoke("push")
	a.eventually("the old address is refused on the other node", func() bool { return a.checkAddress(old.Push.RTMP).Code == "bad_signature" })
	if now := a.status("r1"); now.Session != session {
		t.Errorf("the push was cut: %+v", now)
	}

	for _, n := range c.nodes {
		if strings.Contains(n.log.String(), revealed.Primary) {
			t.Error("a log shows the key")
		}
	}
	dump, err := redistest.Command(c.redis.Addr, "EVAL", "return redis.status_reply(redis.call('HGET', KEYS[1], 'ring'))", "1", "lr:{lr}:keys")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(dump, revealed.Primary) || len(dump) < 100 {
		t.Errorf("in Redis: %s", dump)
	}
	if _, err := redistest.Command(c.redis.Addr, "DEL", "lr:{lr}:keys"); err != nil {
		t.Fatal(err)
	}
	for _, n := range c.nodes {
		n.stop()
		n.start()
		if k := n.shownKeys(); k.Push.Primary.Fingerprint != fingerprint || k.Push.Backup != nil {
			t.Errorf("after Redis had forgotten: %+v", k)
		}
	}
}

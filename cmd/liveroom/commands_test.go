package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"liveroom/address"
	"liveroom/chat/account"
)

// keptSecrets makes a data folder with a complete set.
func keptSecrets(t *testing.T) (data string, s Secrets) {
	t.Helper()
	data = t.TempDir()
	return data, mustLoad(t, data, Secrets{}, true)
}

// lines reads "name: value" lines.
func lines(out string) map[string]string {
	found := map[string]string{}
	for line := range strings.Lines(out) {
		name, value, _ := strings.Cut(line, ": ")
		found[strings.TrimSpace(name)] = strings.TrimSpace(value)
	}
	return found
}

// verify checks an address' signature with a key.
func verify(t *testing.T, key, raw, stream string) {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	at, err := strconv.ParseInt(q.Get("txTime"), 16, 64)
	if err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	if secret, _ := address.Sign(key, stream, time.Unix(at, 0)); q.Get("txSecret") != secret {
		t.Errorf("%s is not signed with the key", raw)
	}
	if left := time.Until(time.Unix(at, 0)); left < 59*time.Minute || left > time.Hour {
		t.Errorf("%s expires in %s", raw, left)
	}
}

func TestAddressCommands(t *testing.T) {
	data, keys := keptSecrets(t)
	base := []string{"--data", data, "--public-url", "https://h", "--public-rtmp-url", "rtmps://h:1936", "--apps", "*,show"}
	out := lines(mustCommand(t, append([]string{"address", "push", "--room", "r1", "--expires", "1h"}, base...)...))
	verify(t, keys.PushKey, out["rtmp"], "r1")
	if !strings.HasPrefix(out["rtmp"], "rtmps://h:1936/show/r1?") || out["OBS server"] != "rtmps://h:1936/show/" || out["OBS server"]+out["stream key"] != out["rtmp"] {
		t.Errorf("push: %v", out)
	}
	if at, err := time.Parse(time.RFC3339, out["expires"]); err != nil || time.Until(at) > time.Hour {
		t.Errorf("expires %q", out["expires"])
	}
	play := lines(mustCommand(t, append([]string{"address", "play", "--stream", "s.1", "--expires", "1h"}, base...)...))
	for name, prefix := range map[string]string{
		"rtmp": "rtmps://h:1936/show/s.1?", "flv": "https://h/show/s.1.flv?", "hls": "https://h/show/s.1.m3u8?", "ws-flv": "wss://h/show/s.1.flv?",
	} {
		verify(t, keys.PlayKey, play[name], "s.1")
		if !strings.HasPrefix(play[name], prefix) {
			t.Errorf("%s: %s, want %s…", name, play[name], prefix)
		}
	}

	for _, c := range []struct{ name, url, says string }{
		{"good push", out["rtmp"], "As a push address its signature is accepted"},
		{"good play", play["flv"], "As a play address its signature is accepted"},
		{"tampered", strings.Replace(out["rtmp"], "txSecret=", "txSecret=0", 1), "txSecret"},
		{"unsigned", "rtmp://h/live/r1", "missing_signature"},
		{"nothing", "hello", "bad_url"},
	} {
		t.Run("check "+c.name, func(t *testing.T) {
			said := mustCommand(t, "address", "check", c.url, "--data", data)
			if !strings.Contains(said, c.says) {
				t.Errorf("said %q", said)
			}
			if strings.Contains(said, keys.PushKey) || strings.Contains(said, keys.PlayKey) {
				t.Error("showed a key")
			}
		})
	}
	t.Run("check with the backup key", func(t *testing.T) {
		t.Setenv("LIVEROOM_PUSH_KEY_BACKUP", keys.PushKey)
		t.Setenv("LIVEROOM_PUSH_KEY", "yet another key")
		good := mustCommand(t, "address", "check", out["rtmp"], "--data", data)
		t.Setenv("LIVEROOM_PUSH_KEY_BACKUP", "")
		bad := mustCommand(t, "address", "check", out["rtmp"], "--data", data)
		if !strings.Contains(good, "As a push address its signature is accepted") || strings.Contains(bad, "accepted") {
			t.Errorf("with the backup key:\n%s\nwithout:\n%s", good, bad)
		}
	})
}

func TestUsersigCommand(t *testing.T) {
	data, keys := keptSecrets(t)
	sig := strings.TrimSpace(mustCommand(t, "usersig", "--user", "alice", "--expires", "1h", "--data", data))
	signer := account.Signer{AppID: keys.SDKAppID, Key: keys.AppSecret}
	if _, err := signer.VerifyFor("alice", sig, time.Now()); err != nil {
		t.Errorf("the server refuses it: %v", err)
	}
	if _, err := signer.VerifyFor("bob", sig, time.Now()); err == nil {
		t.Error("it is good for somebody else")
	}
	if _, err := signer.VerifyFor("alice", sig, time.Now().Add(2*time.Hour)); err == nil {
		t.Error("it does not expire")
	}
	if _, err := (account.Signer{AppID: keys.SDKAppID, Key: "another key"}).VerifyFor("alice", sig, time.Now()); err == nil {
		t.Error("it is good for another key")
	}
}

func TestCommandsThatCannotBe(t *testing.T) {
	data, _ := keptSecrets(t)
	for _, c := range []struct {
		name string
		args []string
		says []string
	}{
		{"unknown command", []string{"frob"}, []string{"frob"}},
		{"address without a room", []string{"address", "push"}, []string{"--room"}},
		{"room and stream", []string{"address", "push", "--room", "a", "--stream", "b"}, []string{"--room", "--stream"}},
		{"bad name", []string{"address", "play", "--room", "a b"}, []string{"a stream name has"}},
		{"expires at once", []string{"address", "push", "--room", "a", "--expires", "0s"}, []string{"--expires"}},
		{"expires never", []string{"address", "play", "--room", "a", "--expires", "1000000h"}, []string{"--expires"}},
		{"nothing to check", []string{"address", "check"}, []string{"<url>"}},
		{"nobody", []string{"usersig"}, []string{"--user"}},
		{"a UserSig for no time", []string{"usersig", "--user", "a", "--expires", "1ms"}, []string{"--expires"}},
		{"a name that no account has", []string{"usersig", "--user", strings.Repeat("x", 200)}, []string{"user"}},
		{"redis without internal url", []string{"serve", "--redis", "redis://:opensesame@h"}, []string{"redis", "internal-url"}},
		{"name of a node", []string{"serve", "--redis", "redis://h", "--internal-url", "http://h", "--node", "a/b"}, []string{"node", "a/b"}},
		{"no redis URL", []string{"serve", "--redis", "http://:opensesame@h", "--internal-url", "http://h"}, []string{"redis+sentinel://"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := append(c.args, "--data", data)
			mustFail(t, args, c.says...)
			if out, err := command(t, args...); strings.Contains(out+err.Error(), "opensesame") {
				t.Error("showed a password")
			}
		})
	}
	t.Run("redis without secrets", func(t *testing.T) {
		mustFail(t, []string{"serve", "--redis", "redis://h", "--internal-url", "http://h", "--data", t.TempDir()}, "LIVEROOM_PUSH_KEY", "LIVEROOM_NODE_KEY", "liveroom secrets")
	})
	for _, args := range [][]string{
		{"address", "push", "--room", "a"}, {"address", "play", "--room", "a"}, {"address", "check", "x"}, {"usersig", "--user", "a"},
	} {
		t.Run("without secrets: "+strings.Join(args, " "), func(t *testing.T) {
			empty := t.TempDir()
			_, err := command(t, append(args, "--data", empty)...)
			if !errors.Is(err, errNoSecrets) || !strings.Contains(err.Error(), "LIVEROOM_PUSH_KEY") {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestSmallCommands(t *testing.T) {
	if got := mustCommand(t, "version"); got != "liveroom "+version+"\n" {
		t.Errorf("version: %q", got)
	}
	help := mustCommand(t, "--help")
	for _, args := range [][]string{{}, {"--help"}} {
		if got := mustCommand(t, args...); got != help || !strings.Contains(got, "serve") {
			t.Errorf("liveroom %v printed %q", args, got)
		}
	}
	first, second := mustCommand(t, "secrets"), mustCommand(t, "secrets")
	if first == second {
		t.Error("the same secrets twice")
	}
	var names []string
	for line := range strings.Lines(first) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		names = append(names, name)
		if value == "" {
			t.Errorf("%s is empty", name)
		}
	}
	want := "LIVEROOM_API_TOKEN LIVEROOM_APP_SECRET LIVEROOM_PUSH_KEY LIVEROOM_PLAY_KEY LIVEROOM_NODE_KEY LIVEROOM_FILE_KEY LIVEROOM_SDK_APP_ID"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("secrets for %s, want %s", got, want)
	}
}

func TestTheDemo(t *testing.T) {
	data := t.TempDir()
	ports := freePorts(t)
	flags := append(ports, "--data", data, "--public-url", "http://"+ports[1], "--log-format", "json", "--log-level", "debug")
	s, err := serve(t, flags...)
	if err != nil {
		t.Fatal(err)
	}
	out := s.out.String()
	for _, want := range []string{"http://" + ports[1] + "/rooms/demo", "Server:", "Stream key:", "txSecret=", "ffmpeg", "in " + filepath.Join(data, "recordings") + "; play them with POST /api/v1/rooms/demo/playback"} {
		if !strings.Contains(out, want) {
			t.Errorf("does not say %q:\n%s", want, out)
		}
	}
	resp, err := http.Post("http://"+ports[1]+"/api/v1/guests", "application/json", bytes.NewReader([]byte(`{"nick":"Ann"}`)))
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		t.Errorf("a guest is answered %s", resp.Status)
	}
	if shots := demoShotsRule(t, ports[1]); shots != "10s" {
		t.Errorf("pictures are taken each %q", shots)
	}
	s.end(t)
	if log := s.log.String(); strings.Contains(log, "txSecret") || !strings.HasPrefix(log, "{") {
		t.Errorf("the log shows an address, or is not JSON:\n%s", log)
	}
	if s, err = serve(t, flags...); err != nil { // the room is there already
		t.Fatal(err)
	}
	s.end(t)
}

// Without ffmpeg, or where the settings say how often or never, the demo room has no rule of its own for pictures, and nothing is said.
func TestTheDemoTakesNoPicturesByItself(t *testing.T) {
	for _, more := range [][]string{{"--ffmpeg", "no-such-program"}, {"--screenshots", "20s"}, {"--screenshots", "0s"}} {
		ports := freePorts(t)
		s, err := serve(t, append(append(ports, "--data", t.TempDir()), more...)...)
		if err != nil {
			t.Fatal(err)
		}
		if shots := demoShotsRule(t, ports[1]); shots != "" {
			t.Errorf("with %q pictures are taken each %q", more, shots)
		}
		s.end(t)
		if log := s.log.String(); strings.Contains(log, "no-such-program") {
			t.Errorf("the log says\n%s", log)
		}
	}
}

// demoShotsRule is how often pictures are taken of the demo room by its own rule; empty: it has none.
func demoShotsRule(t *testing.T, address string) string {
	t.Helper()
	var room struct{ Screenshots struct{ Every string } }
	if err := json.Unmarshal([]byte(get(t, "http://"+address+"/api/v1/rooms/demo")), &room); err != nil {
		t.Fatal(err)
	}
	return room.Screenshots.Every
}

func TestTwoServersOnOneDataFolder(t *testing.T) {
	data := t.TempDir()
	if _, err := serve(t, append(freePorts(t), "--data", data)...); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var out bytes.Buffer
	err := run(ctx, append([]string{"serve", "--data", data}, freePorts(t)...), &out, &out)
	if err == nil || ctx.Err() != nil || !strings.Contains(err.Error(), data) || !strings.Contains(err.Error(), "another") {
		t.Errorf("error %v", err)
	}
}

// TestPasswordsOfURLsAreHidden also where the URL is not one.
func TestPasswordsOfURLsAreHidden(t *testing.T) {
	for raw, want := range map[string]string{
		"": "", "redis://10.0.0.1:6379/2": "redis://10.0.0.1:6379/2",
		"rediss://live:hunter2@h:6379":   "rediss://live:xxxxx@h:6379",
		"live:hunter2@h:6379":            "hidden: not a URL",
		"redis:live:hunter2@h:6379":      "hidden: not a URL",
		"redis://live:hunter2%zz@h:6379": "hidden: not a URL",
		"hunter2@h":                      "hidden: not a URL",
	} {
		if got := redacted(raw); got != want {
			t.Errorf("%s is shown as %s, want %s", raw, got, want)
		}
	}
}

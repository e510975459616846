package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"liveroom/status"
)

// smallDisk mounts a disk of so many MiB for the test.
func smallDisk(t *testing.T, mebibytes int) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dm", mebibytes)); err != nil {
		t.Fatalf("a small disk needs root, which CI has: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

// fillDisk takes all the room a disk has left; empty gives it back.
func fillDisk(t *testing.T, dir string) (empty func()) {
	t.Helper()
	f, err := os.Create(filepath.Join(dir, "filler"))
	if err != nil {
		t.Fatal(err)
	}
	for size := 64 << 10; size >= 512; size /= 2 {
		for err == nil {
			_, err = f.Write(make([]byte, size))
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
		err = nil
	}
	return func() {
		if err := errors.Join(f.Close(), os.Remove(f.Name())); err != nil {
			t.Fatal(err)
		}
	}
}

// refusesToStart runs liveroom on a data folder and returns what it said before it ended with an error.
func refusesToStart(t *testing.T, data string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "--http", "127.0.0.1:0", "--rtmp", "127.0.0.1:0", "--ops", "127.0.0.1:0", "--data", data, "serve")
	cmd.Env = append(os.Environ(), asLiveroom+"=1")
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	var exited *exec.ExitError
	if err := cmd.Run(); !errors.As(err, &exited) || ctx.Err() != nil || exited.ExitCode() != 1 {
		t.Errorf("on %s it ended with %v, and said\n%s", data, err, said.String())
	}
	return said.String()
}

// mustSay checks that words are in what a process said.
func mustSay(t *testing.T, said string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(said, w) {
			t.Errorf("it doesn't say %q:\n%s", w, said)
		}
	}
}

// TestAFullDiskLosesNothing fills the disk under a running server: it refuses what it can't keep and says why, shows and
// tells on, and takes up work by itself when there is room again. All that it answered is there after a crash.
func TestAFullDiskLosesNothing(t *testing.T) {
	t.Parallel()
	disk := smallDisk(t, 8)
	n := startNodeOn(t, filepath.Join(disk, "data"), nil)
	n.createRoom(map[string]any{"id": "first", "anchor": "alice"})
	n.call(http.MethodPost, "/api/v1/rooms/first/playback", map[string]any{"url": "https://cdn.example/x.mp4"}, nil)
	before := n.status("first")
	m := n.enter("first", "bob", n.userSig("bob"), nil)
	m.say("first", "before", 1)

	empty := fillDisk(t, disk)
	kept := n.createUntilRefused("a")
	if kept == 0 {
		t.Log("the file had no room to spare")
	}
	if r := n.status("first"); r.Version != before.Version || r.Code != status.Playback {
		t.Errorf("on a full disk the room is %+v, was %+v", r, before)
	}
	m.say("first", "on a full disk", 2)
	eventually(t, "the message comes although it can't be kept", func() bool {
		texts := m.texts()
		return len(texts) > 0 && texts[len(texts)-1] == "on a full disk"
	})
	eventually(t, "the log says why, with the next write at the latest", func() bool {
		said := n.log.String()
		return strings.Contains(said, "no space left on device") && strings.Contains(said, "liveroom.db")
	})

	empty()
	n.eventually("the server takes up work", func() bool {
		var made map[string]any
		return n.try(http.MethodPost, "/api/v1/rooms", map[string]any{"id": "again"}, &made)
	})
	n.stop() // what was only in memory is written
	n.start()
	late := n.enter("first", "", "", nil)
	if got := textsOf(late.joined.Messages); strings.Join(got, ", ") != "before, on a full disk" {
		t.Errorf("history has %q", got)
	}

	empty = fillDisk(t, disk)
	more := n.createUntilRefused("b")
	n.kill()
	empty()
	n.start()
	for prefix, last := range map[string]int{"a": kept, "b": more} {
		for i := range last {
			n.status(fmt.Sprint(prefix, i)) // fails the test where the room is lost
		}
	}
	if r := n.status("first"); r.Version != before.Version || r.Epoch != before.Epoch {
		t.Errorf("after the crash the room is %+v, was %+v", r, before)
	}
}

// createUntilRefused makes rooms until the disk has no place for one more, and returns how many were answered.
func (n *node) createUntilRefused(prefix string) (made int) {
	n.t.Helper()
	for ; made < 5000; made++ {
		room := map[string]any{"id": fmt.Sprint(prefix, made), "title": strings.Repeat("t", 100), "notice": strings.Repeat("n", 200)}
		resp, raw := n.request(http.MethodPost, "/api/v1/rooms", room, "Bearer "+n.secrets.APIToken)
		if resp.StatusCode < 300 {
			continue
		}
		if resp.StatusCode != http.StatusServiceUnavailable || !strings.Contains(string(raw), `"store_unavailable"`) {
			n.t.Fatalf("on a full disk: %s %s", resp.Status, raw)
		}
		return made
	}
	n.t.Fatal("the disk is not full")
	return 0
}

func textsOf(messages []chatMessage) (out []string) {
	for _, m := range messages {
		if text := textIn(m); text != "" {
			out = append(out, text)
		}
	}
	return out
}

// TestFoldersItCantUse: a disk that is full or read-only at the start, and a folder that another process has, are told of in
// words, at once; the other process doesn't notice.
func TestFoldersItCantUse(t *testing.T) {
	t.Parallel()
	t.Run("full", func(t *testing.T) {
		disk := smallDisk(t, 1)
		data := filepath.Join(disk, "data")
		if err := os.Mkdir(data, 0o700); err != nil {
			t.Fatal(err)
		}
		empty := fillDisk(t, disk)
		mustSay(t, refusesToStart(t, data), "no space left on device", data)
		empty()
		startNodeOn(t, data, nil)
	})
	t.Run("read-only", func(t *testing.T) {
		disk := smallDisk(t, 8)
		data := filepath.Join(disk, "data")
		remount := func(flags uintptr) {
			t.Helper()
			if err := syscall.Mount("tmpfs", disk, "tmpfs", syscall.MS_REMOUNT|flags, ""); err != nil {
				t.Fatal(err)
			}
		}
		remount(syscall.MS_RDONLY)
		mustSay(t, refusesToStart(t, data), "read-only file system", data)
		remount(0)
		n := startNodeOn(t, data, nil)
		n.createRoom(map[string]any{"id": "r"})
		n.stop()
		remount(syscall.MS_RDONLY)
		mustSay(t, refusesToStart(t, data), "read-only file system", data)
		remount(0)
		n.start()
		n.status("r")
	})
	t.Run("in use", func(t *testing.T) {
		n := startNode(t)
		n.createRoom(map[string]any{"id": "r"})
		mustSay(t, refusesToStart(t, n.data), "in use by another process", n.data, fmt.Sprint("process ", n.cmd.Process.Pid))
		n.kill()
		n.start() // what it noted of itself was left behind
		n.status("r")
	})
	t.Run("damaged", func(t *testing.T) {
		n := startNode(t)
		n.createRoom(map[string]any{"id": "r"})
		n.stop()
		path := filepath.Join(n.data, "liveroom.db")
		if err := os.Truncate(path, 16<<10); err != nil {
			t.Fatal(err)
		}
		mustSay(t, refusesToStart(t, n.data), "damaged", path)
	})
}

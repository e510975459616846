package boltstore

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"liveroom/web/callback/delivery"
)

// callbacksCrashFile tells the child of TestCallbacksSurviveKill which file to write.
const callbacksCrashFile = "LIVEROOM_TEST_CALLBACKS_CRASH_FILE"

// collector takes all events. In the child it says so before the queues know.
type collector struct {
	say bool
	mu  sync.Mutex
	got []string
}

func (c *collector) Send(_ context.Context, e delivery.Event) delivery.Result {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.say {
		fmt.Println("sent", e.ID)
	}
	c.got = append(c.got, e.ID)
	return delivery.Result{}
}

// TestCallbacksCrashChild is the process that gets killed. On its own it only makes sure that it is not meant.
func TestCallbacksCrashChild(t *testing.T) {
	path := os.Getenv(callbacksCrashFile)
	if path == "" {
		return
	}
	store, err := OpenCallbacks(path, discard())
	if err != nil {
		t.Fatal(err)
	}
	s, err := delivery.New(t.Context(), delivery.Config{}, store, &collector{say: true}, discard())
	if err != nil {
		t.Fatal(err)
	}
	go s.Run(t.Context())
	s.SetEndpoints(map[string]delivery.Habit{"up": {}, "off": {Paused: true}})
	for n := 1; ; n++ { // until killed
		for _, endpoint := range []string{"up", "off"} {
			for _, class := range []delivery.Class{delivery.State, delivery.People} {
				id := fmt.Sprintf("%s-%s:%d", endpoint, class, n)
				s.Append(delivery.Event{Endpoint: endpoint, Room: "a", Class: class, ID: id, Body: []byte(id)})
			}
		}
		s.Settle(t.Context())
		fmt.Println("settled", n)
	}
}

// TestCallbacksSurviveKill: what was settled and not delivered is sent after kill -9, in order, from where it stood; what was
// delivered comes again at most as far back as the last write.
func TestCallbacksSurviveKill(t *testing.T) {
	for _, lines := range []int{3, 200, 1500} {
		path := filepath.Join(t.TempDir(), "callbacks.db")
		settled, sent := killCallbacksChild(t, path, lines)
		store := openCallbacksTest(t, path)
		to := &collector{}
		s, err := delivery.New(t.Context(), delivery.Config{}, store, to, discard())
		if err != nil {
			t.Fatal(err)
		}
		s.SetEndpoints(map[string]delivery.Habit{"up": {}, "off": {}})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- s.Run(ctx) }()
		for st := s.Stats(); st.Queued[delivery.State]+st.Queued[delivery.People] > 0; st = s.Stats() {
			time.Sleep(time.Millisecond)
		}
		cancel()
		<-ended
		for _, queue := range []string{"up-state", "up-people", "off-state", "off-people"} {
			all := slices.Concat(of(sent, queue), of(to.got, queue))
			if !complete(t, all, settled) || strings.HasPrefix(queue, "off") && !slices.IsSorted(numbers(t, of(to.got, queue))) {
				t.Errorf("after %d lines, of %s settled up to %d: sent %v and then %v", lines, queue, settled, of(sent, queue), of(to.got, queue))
			}
		}
	}
}

// numbers are what ids end with.
func numbers(t *testing.T, ids []string) (all []int) {
	t.Helper()
	for _, id := range ids {
		var n int
		if _, err := fmt.Sscan(id[strings.Index(id, ":")+1:], &n); err != nil {
			t.Fatalf("id %q: %v", id, err)
		}
		all = append(all, n)
	}
	return all
}

// of are the ids of one queue.
func of(ids []string, queue string) (all []string) {
	for _, id := range ids {
		if strings.HasPrefix(id, queue+":") {
			all = append(all, id)
		}
	}
	return all
}

// complete: each of 1 … upTo is there, and none comes before one that precedes it was there.
func complete(t *testing.T, ids []string, upTo int) bool {
	t.Helper()
	next := 1
	for _, n := range numbers(t, ids) {
		if n > next {
			return false
		}
		next = max(next, n+1)
	}
	return next > upTo
}

// killCallbacksChild runs the child until it has said lines lines and kills it. It returns up to where it settled, and what
// it sent.
func killCallbacksChild(t *testing.T, path string, lines int) (settled int, sent []string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestCallbacksCrashChild$")
	cmd.Env = append(os.Environ(), callbacksCrashFile+"="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := bufio.NewScanner(out)
	for n := 1; said.Scan(); n++ {
		word, rest, _ := strings.Cut(said.Text(), " ")
		switch word {
		case "settled":
			fmt.Sscan(rest, &settled)
		case "sent":
			sent = append(sent, rest)
		default:
			t.Fatalf("child said %q", said.Text())
		}
		if n == lines {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the child ended by itself")
	}
	return settled, sent
}

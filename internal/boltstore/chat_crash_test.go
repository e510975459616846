package boltstore

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"liveroom/chat"
	"liveroom/chat/chattest"
)

// crashFile tells the child of TestChatSurvivesKill which file to write.
const crashFile = "LIVEROOM_TEST_CRASH_FILE"

// TestChatCrashChild is the process that gets killed. On its own it only makes sure that it is not meant.
func TestChatCrashChild(t *testing.T) {
	path := os.Getenv(crashFile)
	if path == "" {
		return
	}
	s, err := Open(path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	go s.Run(t.Context())
	c := s.Chat()
	ctx := context.Background()
	if _, _, err := c.CreateGroup(ctx, chat.Group{ID: "g", Room: "r"}); err != nil {
		t.Fatal(err)
	}
	for i := uint64(1); ; i++ { // until killed; every line is an answer somebody got
		acks, err := c.Flush(ctx, "g", chattest.Batch(1<<20, chattest.Message("g", "a", fmt.Sprint("text ", i), chat.Normal)))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Printf("seq %d\n", acks[0].Seq)
		if _, err := c.Withdraw(ctx, "g", chat.Withdrawal{Seq: acks[0].Seq, Kind: chat.Recalled}); err != nil {
			t.Fatal(err)
		}
		fmt.Printf("recalled %d\n", acks[0].Seq)
		change, m := chattest.Status("g", "e", i)
		done, err := c.ApplyStatus(ctx, change, m, chattest.Keep)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Printf("status %d %d\n", i, done.Message.Seq)
		gift := chat.FencedMessage{Number: i, Message: chattest.Message("g", chat.Administrator, fmt.Sprint("gift ", i), chat.High)}
		gift.Message.Server = true
		fresh, err := c.Append(ctx, "g", "gifts", []chat.FencedMessage{gift}, chattest.Keep)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Printf("gift %d %d\n", i, fresh[0].Seq)
		v, err := c.PutAttributes(ctx, "g", chat.AttributeChange{Op: chat.SetAttribute, Set: map[string]string{"n": fmt.Sprint(i)}, Writes: 1 << 20})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Printf("attribute %d %d\n", i, v.Version)
		version, err := c.PutProfile(ctx, "g", chat.Profile{Name: fmt.Sprint("name ", i), Owner: fmt.Sprint("owner", i)})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Printf("profile %d %d\n", i, version)
		add := chat.CounterChange{Op: chat.AddCounter, Values: map[string]chat.Number{"n": 1}}
		now, _, err := c.PutCounters(ctx, "g", []chat.CounterChange{add})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Printf("counter %d %d\n", now.All["n"], now.Version)
	}
}

// answers are what the child was told before it died.
type answers struct {
	seq       uint64 // highest number given out
	recalled  uint64 // newest one recalled
	status    uint64 // newest applied version, and its message's number
	statusSeq uint64
	gift      uint64 // newest number of the outbox, and its message's number
	giftSeq   uint64
	attribute uint64 // newest value
	profile   uint64 // newest one, and its version
	profileV  uint64
	counter   uint64 // newest sum
}

// killChild runs the child until it has answered lines times, kills it and returns all it said.
func killChild(t *testing.T, path string, lines int) (a answers) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestChatCrashChild$")
	cmd.Env = append(os.Environ(), crashFile+"="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(out)
	for n := 1; ; n++ {
		line, err := r.ReadString('\n')
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		var x, y uint64
		switch word, rest, _ := strings.Cut(line, " "); word {
		case "seq":
			fmt.Sscan(rest, &x)
			a.seq = max(a.seq, x)
		case "recalled":
			fmt.Sscan(rest, &a.recalled)
		case "status":
			fmt.Sscan(rest, &x, &y)
			a.status, a.statusSeq, a.seq = x, y, max(a.seq, y)
		case "gift":
			fmt.Sscan(rest, &x, &y)
			a.gift, a.giftSeq, a.seq = x, y, max(a.seq, y)
		case "attribute":
			fmt.Sscan(rest, &x, &y)
			a.attribute = x
		case "profile":
			fmt.Sscan(rest, &a.profile, &a.profileV)
		case "counter":
			fmt.Sscan(rest, &a.counter)
		default:
			t.Fatalf("child said %q", line)
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
	return a
}

// TestChatSurvivesKill: what was answered in class A is there after kill -9, no number is given out twice, the epoch goes
// on, and a resume across what may be lost is not called complete.
func TestChatSurvivesKill(t *testing.T) {
	for _, lines := range []int{1, 40, 300} {
		path := filepath.Join(t.TempDir(), "liveroom.db")
		a := killChild(t, path, lines)
		_, c, stop := openChat(t, path)
		state := chattest.Load(t, c, "g")
		if state.Seq < a.seq || state.Floor != state.Seq {
			t.Errorf("after %d lines: goes on at %d, complete from %d; %d was given out", lines, state.Seq, state.Floor, a.seq)
		}
		if state.StatusVersion < a.status || a.statusSeq > 0 && !logged(state, a.statusSeq) {
			t.Errorf("after %d lines: status %d (message %d) is lost; stored %d", lines, a.status, a.statusSeq, state.StatusVersion)
		}
		if n := state.Fences["gifts"]; n < a.gift || n > a.gift+1 || a.giftSeq > 0 && !logged(state, a.giftSeq) {
			t.Errorf("after %d lines: gift %d (message %d) is lost; stored up to %d", lines, a.gift, a.giftSeq, n)
		}
		if got := state.Attributes.All["n"]; a.attribute > 0 && got != fmt.Sprint(a.attribute) && got != fmt.Sprint(a.attribute+1) {
			t.Errorf("after %d lines: attribute is %q, want %d", lines, got, a.attribute)
		}
		if got := uint64(state.Counters.All["n"]); got != state.Counters.Version || got < a.counter || got > a.counter+1 {
			t.Errorf("after %d lines: counters are %+v, want %d", lines, state.Counters, a.counter)
		}
		for _, m := range state.Log {
			if !m.Server && m.Seq <= a.recalled && (m.Withdrawn == "" || len(m.Body) > 0) {
				t.Errorf("after %d lines: message %d, recalled before %d, came back", lines, m.Seq, a.recalled)
			}
		}
		if n := len(state.Withdrawals); a.recalled > 0 && (n == 0 || state.Withdrawals[n-1].Seq < a.recalled) {
			t.Errorf("after %d lines: the recall of %d is lost", lines, a.recalled)
		}
		if !profileKept(state, a) {
			t.Errorf("after %d lines: profile %+v, version %d; %d, version %d was answered", lines, state.Group.Profile(), state.ProfileVersion, a.profile, a.profileV)
		}
		if _, whole, err := c.Log(t.Context(), "g", a.seq, 10); err != nil || whole && a.seq < state.Seq {
			t.Errorf("a resume across the gap is called complete: %v, %v", whole, err)
		}
		epoch, lastSeq := state.Epoch, chattest.Say(t, c, "g", 3).Seq
		if lastSeq != state.Seq+3 {
			t.Errorf("goes on with %d after %d", lastSeq, state.Seq)
		}
		stop()

		_, c, stop = openChat(t, path)
		again := chattest.Load(t, c, "g")
		if again.Seq != lastSeq || again.Epoch != epoch || again.Floor != state.Floor {
			t.Errorf("after a clean stop: %d above %d in %s; want %d above %d in %s", again.Seq, again.Floor, again.Epoch, lastSeq, state.Floor, epoch)
		}
		if _, whole, err := c.Log(t.Context(), "g", state.Seq, 10); err != nil || !whole {
			t.Errorf("a resume over a clean stop is not complete: %v", err)
		}
		stop()
	}
}

// profileKept: the profile answered last is there, or the next one, which was under way; name, owner and version are of one.
func profileKept(state chat.GroupState, a answers) bool {
	for _, n := range []uint64{a.profile, a.profile + 1} {
		want := chat.Profile{Name: fmt.Sprint("name ", n), Owner: fmt.Sprint("owner", n)}
		if n == 0 {
			want = chat.Profile{}
		}
		if state.Group.Profile().Equal(want) && state.ProfileVersion == n {
			return a.profileV == a.profile
		}
	}
	return false
}

func logged(state chat.GroupState, seq uint64) bool {
	for _, m := range state.Log {
		if m.Seq == seq {
			return true
		}
	}
	return false
}

// TestChatKeepsOverRestart: all of a group is there after a clean stop, to the byte.
func TestChatKeepsOverRestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "liveroom.db")
	_, c, stop := openChat(t, path)
	ctx := t.Context()
	chattest.Create(t, c, "g")
	chattest.Create(t, c, "quiet")
	key := chat.Key{1, 2, 3}
	f := chattest.Batch(40, chattest.Message("g", "alice", "<hello>", chat.Low))
	f.Candidates[0].Key = key
	acks, err := c.Flush(ctx, "g", f)
	if err != nil {
		t.Fatal(err)
	}
	change, m := chattest.Status("g", "e", 4)
	if _, err := c.ApplyStatus(ctx, change, m, chattest.Keep); err != nil {
		t.Fatal(err)
	}
	if _, err := c.PutNotice(ctx, "g", "note <&>"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.PutProfile(ctx, "g", chat.Profile{Name: "茶 <&>", Owner: "anna", Admins: []string{"x", "y"}}); err != nil {
		t.Fatal(err)
	}
	sum := chat.CounterChange{Op: chat.AddCounter, Values: map[string]chat.Number{"n": 1<<63 - 1}}
	if _, _, err := c.PutCounters(ctx, "g", []chat.CounterChange{sum}); err != nil {
		t.Fatal(err)
	}
	before := chattest.Load(t, c, "g")
	stop()

	_, c, _ = openChat(t, path)
	after := chattest.Load(t, c, "g")
	if got, want := describe(after), describe(before); got != want {
		t.Errorf("after the restart\n%s\nbefore\n%s", got, want)
	}
	r, err := c.Reserve(ctx, "g", key)
	if err != nil || r.Ack == nil || r.Ack.Seq != acks[0].Seq || !r.Ack.Time.Equal(acks[0].Time) {
		t.Errorf("a repeat after the restart: %+v, %v", r, err)
	}
	if quiet := chattest.Load(t, c, "quiet"); quiet.Seq != 0 || quiet.Floor != 0 {
		t.Errorf("the quiet group is at %d above %d", quiet.Seq, quiet.Floor)
	}
}

// describe is all of a state as text, times in one zone.
func describe(state chat.GroupState) string {
	state.Group.CreatedAt = state.Group.CreatedAt.UTC().Round(0)
	state.ChangedAt = state.ChangedAt.UTC().Round(0)
	text := fmt.Sprintf("%+v\n%+v\n", state.Head, state.Counters)
	for _, m := range state.Log {
		c := *m
		c.Time = c.Time.UTC().Round(0)
		text += fmt.Sprintf("%+v\n", c)
	}
	return text
}

// TestChatLateWriteSparesTheNewGroup: what was still buffered of a dismissed group must not reach its successor.
func TestChatLateWriteSparesTheNewGroup(t *testing.T) {
	path := filepath.Join(t.TempDir(), "liveroom.db")
	_, c, stop := openChat(t, path)
	chattest.Create(t, c, "g")
	chattest.Say(t, c, "g", 5) // buffered: nothing runs that writes it
	if err := c.DeleteGroup(t.Context(), "g"); err != nil {
		t.Fatal(err)
	}
	chattest.Create(t, c, "g")
	stop()
	_, c, _ = openChat(t, path)
	if state := chattest.Load(t, c, "g"); len(state.Log) != 0 || state.Seq != 0 {
		t.Errorf("the new group begins with %d messages at %d", len(state.Log), state.Seq)
	}
}

// TestChatPutsIdleGroupsAway: with many groups, those at rest leave the memory and come back unharmed.
func TestChatPutsIdleGroupsAway(t *testing.T) {
	_, c, _ := openChat(t, filepath.Join(t.TempDir(), "liveroom.db"))
	chattest.Create(t, c, "old")
	last := chattest.Say(t, c, "old", 3)
	before := chattest.Load(t, c, "old")
	c.mu.Lock()
	for _, g := range c.groups {
		g.usedAt = time.Now().Add(-2 * groupIdle)
	}
	for i := range groupsKept { // strangers in use: they only fill the table
		id := fmt.Sprint("busy", i)
		g := &chatGroup{id: id, turn: make(chan struct{}, 1)}
		g.turn <- struct{}{}
		c.groups[id] = g
	}
	c.mu.Unlock()
	for i := range 200 { // each load looks at some of the groups, in random order
		chattest.Create(t, c, fmt.Sprint("new", i))
		c.mu.Lock()
		_, there := c.groups["old"]
		c.mu.Unlock()
		if !there {
			break
		}
		if i == 199 {
			t.Fatal("the idle group is still in memory")
		}
	}
	if after := chattest.Load(t, c, "old"); describe(after) != describe(before) || after.Seq != last.Seq {
		t.Errorf("came back as\n%s\nwas\n%s", describe(after), describe(before))
	}
	c.mu.Lock()
	for id, g := range c.groups {
		if strings.HasPrefix(id, "busy") {
			delete(c.groups, id)
			<-g.turn
		}
	}
	c.mu.Unlock()
}

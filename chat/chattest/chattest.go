// Package chattest is the suite every chat.Store passes: what each operation promises, by example and against a model.
// It measures nothing and waits for nothing longer than a second of attribute writes; lifetimes are given short.
package chattest

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"liveroom/chat"
)

// Keep is the retention the suite works with unless a test is about it.
var Keep = chat.Retention{
	History: 20, HistoryAge: 24 * time.Hour,
	ResumeAge: 2 * time.Minute, ResumeMessages: 5000, ResumeBytes: 2 << 20,
}

// Run runs the suite. Open makes an empty store that lives as long as the test it is given.
func Run(t *testing.T, open func(t *testing.T) chat.Store) {
	for _, tc := range []struct {
		name string
		test func(*testing.T, chat.Store)
	}{
		{"groups", testGroups},
		{"unknown group", testUnknownGroup},
		{"flush numbers survivors in arrival order", testFlushNumbers},
		{"flush keeps the message", testFlushKeeps},
		{"frequency control by priority", testFrequencyControl},
		{"frequency control chooses by chance", testFrequencyChance},
		{"flush passes over the unheard", testUnheard},
		{"de-duplication", testDedup},
		{"delivered before", testDeliveredBefore},
		{"de-duplication goes with its group", testDedupGoes},
		{"reservation released", testRelease},
		{"de-duplication ends", testDedupEnds},
		{"log", testLog},
		{"retention", testRetention},
		{"status", testStatus},
		{"append", testAppend},
		{"append again", testAppendAgain},
		{"append behind flushes", testAppendOrder},
		{"fences", testFences},
		{"attributes", testAttributes},
		{"attribute limits", testAttributeLimits},
		{"attribute rate", testAttributeRate},
		{"attributes changed meanwhile", testAttributesChanged},
		{"server's attribute", testServerAttribute},
		{"fields", testFields},
		{"notice", testNotice},
		{"profile", testProfile},
		{"profile and the rest", testProfileSparesTheRest},
		{"settings", testSettings},
		{"when it changed", testChangedAt},
		{"withdraw", testWithdraw},
		{"withdraw what there is", testWithdrawWhat},
		{"withdraw many", testWithdrawMany},
		{"counters", testCounters},
		{"counter limits", testCounterLimits},
		{"counters of the server", testServerCounters},
		{"totals", testTotals},
		{"many counter writes at once", testCountersAtOnce},
		{"mutes and bans", testSanctions},
		{"number of mutes and bans", testSanctionLimit},
		{"mutes and bans go with their group", testSanctionsGo},
		{"flush refuses the muted and banned", testFlushRefuses},
		{"list of groups", testGroupList},
		{"robots", testRobots},
		{"robots end", testRobotsEnd},
		{"silences", testSilences},
		{"silences end", testSilenceEnds},
		{"many at once", testConcurrent},
	} {
		t.Run(tc.name, func(t *testing.T) { tc.test(t, open(t)) })
	}
	t.Run("model", func(t *testing.T) { testModel(t, open(t)) })
}

// Text is the body of a text message.
func Text(s string) json.RawMessage {
	return fmt.Appendf(nil, `[{"MsgType":"TIMTextElem","MsgContent":{"Text":%q}}]`, s)
}

// Message is a message on its way to a flush.
func Message(group, from, text string, p chat.Priority) *chat.Message {
	return &chat.Message{Group: group, From: from, Priority: p, Body: Text(text)}
}

// Batch is a flush of messages without keys.
func Batch(limit int, messages ...*chat.Message) chat.Flush {
	f := chat.Flush{Limit: limit, DedupAge: time.Minute, Keep: Keep}
	for _, m := range messages {
		f.Candidates = append(f.Candidates, chat.Candidate{Message: m})
	}
	return f
}

// Create makes a group.
func Create(t *testing.T, s chat.Store, id string) chat.GroupState {
	t.Helper()
	if _, fresh, err := s.CreateGroup(t.Context(), chat.Group{ID: id, Room: "room-" + id, Owner: "owner"}); err != nil || !fresh {
		t.Fatalf("create %s: fresh %v, %v", id, fresh, err)
	}
	return Load(t, s, id)
}

// Load reads a group.
func Load(t *testing.T, s chat.Store, id string) chat.GroupState {
	t.Helper()
	state, err := s.LoadGroup(t.Context(), id)
	if err != nil {
		t.Fatalf("load %s: %v", id, err)
	}
	return state
}

// Say flushes messages one by one and returns the last ack.
func Say(t *testing.T, s chat.Store, group string, n int) (last chat.Ack) {
	t.Helper()
	for i := range n {
		acks, err := s.Flush(t.Context(), group, Batch(1000, Message(group, "alice", fmt.Sprint("text ", i), chat.Normal)))
		if err != nil || len(acks) != 1 || acks[0].Dropped {
			t.Fatalf("flush %d: %+v, %v", i, acks, err)
		}
		last = acks[0]
	}
	return last
}

// Status is the change to a version, with its message.
func Status(group, epoch string, version uint64) (chat.StatusChange, *chat.Message) {
	record := fmt.Sprintf(`{"epoch":%q,"version":%d}`, epoch, version)
	change := chat.StatusChange{Group: group, Epoch: epoch, Version: version, Record: []byte(record), Field: []byte(record)}
	return change, &chat.Message{Group: group, From: chat.Administrator, Priority: chat.High, Server: true, Body: Text(record)}
}

func wantErr(t *testing.T, what string, got error, want *chat.Error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

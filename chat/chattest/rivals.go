package chattest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"liveroom/chat"
)

// testVersions: what two nodes change at once has a version for each change, and nothing of either is lost.
func testVersions(t *testing.T, a, b FeedStore) {
	Create(t, a, "g")
	const times = 15
	var wg sync.WaitGroup
	var mu sync.Mutex
	seen := map[uint64]bool{}
	for n, s := range []FeedStore{a, b} {
		wg.Go(func() {
			for i := range times {
				v, err := s.PutAttributes(t.Context(), "g", chat.AttributeChange{Op: chat.SetAttribute, Set: map[string]string{fmt.Sprint(n, i%4): fmt.Sprint(i)}, Writes: 1 << 20})
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				seen[v.Version] = true
				mu.Unlock()
			}
		})
		wg.Go(func() {
			for range times {
				if _, _, err := s.PutCounters(t.Context(), "g", []chat.CounterChange{add("likes", 1)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	now := Load(t, a, "g")
	if len(seen) != 2*times || now.Attributes.Version != 2*times || len(now.Attributes.All) != 8 {
		t.Errorf("%d changes had %d versions, the last %d; %v", 2*times, len(seen), now.Attributes.Version, now.Attributes.All)
	}
	if now.Counters.All["likes"] != 2*times {
		t.Errorf("%d adds made %d", 2*times, now.Counters.All["likes"])
	}
}

// testSendsOfTwo: nodes share frequency control, and know each other's sends.
func testSendsOfTwo(t *testing.T, a, b FeedStore) {
	Create(t, a, "g")
	ctx := t.Context()
	key := chat.Key{1}
	if r, err := a.Reserve(ctx, "g", key); err != nil || !r.Fresh {
		t.Fatalf("%+v, %v", r, err)
	}
	if r, err := b.Reserve(ctx, "g", key); err != nil || r.Fresh || r.Ack != nil {
		t.Errorf("under way at the other: %+v, %v", r, err)
	}
	f := Batch(2, Message("g", "a", "x", chat.Normal))
	f.Candidates[0].Key = key
	acks, err := a.Flush(ctx, "g", f)
	if err != nil || acks[0].Seq != 1 {
		t.Fatalf("%+v, %v", acks, err)
	}
	if r, err := b.Reserve(ctx, "g", key); err != nil || r.Ack == nil || r.Ack.Seq != 1 {
		t.Errorf("sent by the other: %+v, %v", r, err)
	}
	f = Batch(2, Message("g", "a", "x", chat.Normal), Message("g", "a", "w", chat.High))
	f.Candidates[0].Key = key
	again, err := b.Flush(ctx, "g", f)
	if err != nil || !again[0].Before || again[0].Seq != 1 || again[0].Dropped || !again[0].Time.Equal(acks[0].Time) || f.Candidates[0].Message.Seq != 0 {
		t.Errorf("flushed after the other did: %+v, %v", again, err)
	}
	if again[1].Before || again[1].Seq != 2 {
		t.Errorf("beside it: %+v", again[1])
	}
	if state := Load(t, a, "g"); state.Seq != 2 || len(state.Log) != 2 {
		t.Errorf("the log has %d messages up to %d", len(state.Log), state.Seq)
	}
	Create(t, a, "h")
	if _, err := a.Flush(ctx, "h", Batch(2, Message("h", "a", "x", chat.Normal))); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	acks, err = b.Flush(ctx, "h", Batch(2, Message("h", "a", "y", chat.Normal), Message("h", "a", "z", chat.Normal)))
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < 500*time.Millisecond && acks[0].Dropped == acks[1].Dropped {
		t.Errorf("one of two has a place beside the other node's: %+v", acks)
	}
}

// testMutesOfTwo: who is muted at one node is refused by the other from then on, and free again when he is there.
func testMutesOfTwo(t *testing.T, a, b FeedStore) {
	Create(t, a, "g")
	say := func(s FeedStore, user string) *chat.Error {
		t.Helper()
		acks, err := s.Flush(t.Context(), "g", Batch(1000, Message("g", user, "x", chat.Normal)))
		if err != nil {
			t.Fatal(err)
		}
		return acks[0].Refused
	}
	for _, user := range []string{"bob", "owner", "ada"} {
		if err := say(b, user); err != nil {
			t.Fatalf("%s: %v", user, err)
		}
	}
	put(t, a, "g", chat.SanctionChange{Kind: chat.Muting, Users: []string{"bob", "owner"}, For: time.Hour})
	if say(b, "bob") == nil || say(a, "bob") == nil || say(b, "owner") != nil {
		t.Error("a mute of the other node does not hold, or does for the owner")
	}
	if _, err := a.PutProfile(t.Context(), "g", chat.Profile{Owner: "bob"}); err != nil {
		t.Fatal(err)
	}
	if say(b, "bob") != nil || say(b, "owner") == nil {
		t.Error("another owner is not known to the other node")
	}
	all := true
	if _, err := a.PutSettings(t.Context(), "g", chat.SettingsPatch{MuteAll: &all}); err != nil {
		t.Fatal(err)
	}
	if say(b, "ada") == nil || say(b, "bob") != nil {
		t.Error("that all are muted is not known to the other node")
	}
}

// testProfilesOfTwo: a profile that was worked out from an older one than there is does not take its place.
func testProfilesOfTwo(t *testing.T, a, b FeedStore) {
	Create(t, a, "g")
	put := func(s chat.Store, known uint64, p chat.Profile) error {
		_, err := s.PutProfile(chat.WithKnown(t.Context(), known), "g", p)
		return err
	}
	if err := put(a, 0, chat.Profile{Owner: "owner", Admins: []string{"ada"}}); err != nil {
		t.Fatal(err)
	}
	ben := chat.Profile{Owner: "owner", Admins: []string{"ada", "ben"}}
	if err := put(b, 0, chat.Profile{Owner: "owner", Admins: []string{"ben"}}); !errors.Is(err, chat.ErrOutdated) {
		t.Errorf("one who knows the first answers %v", err)
	}
	if err := put(b, 1, ben); err != nil {
		t.Errorf("one who knows the second: %v", err)
	}
	if state := Load(t, a, "g"); !state.Group.Profile().Equal(ben) || state.ProfileVersion != 2 {
		t.Errorf("it is %+v", state.Head)
	}
}

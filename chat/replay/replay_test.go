package replay_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
	"liveroom/chat/replay"
)

func TestSaidIsReplayedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage(t)
		s, _ := st.node("a")
		spend(3100 * time.Millisecond)
		st.say(s, "ann", "hello")
		spend(5 * time.Second)
		st.say(s, "ben", "hi <b>")
		spend(20 * time.Second)
		st.say(s, "ann", "in the gap")
		spend(12 * time.Second)
		st.lib.end("r1", time.Now(), replay.Span{Start: 0, Duration: 20_000}, replay.Span{Start: 30_000, Duration: 8_000})
		spend(3 * time.Second)
		st.say(s, "ben", "too late")
		spend(15 * time.Second)
		items := st.read(s, "r1", 60_000)
		if got := texts(items); !slices.Equal(got, []string{"hello", "hi <b>", "in the gap"}) {
			t.Fatalf("replayed %q", got)
		}
		for i, want := range []int64{3_100, 8_100, 20_000} {
			if items[i].At != want {
				t.Errorf("%s comes at %d ms, want %d", texts(items)[i], items[i].At, want)
			}
		}
		if items[1].From != "ben" || items[1].Nick != "BEN" {
			t.Errorf("it is from %+v", items[1])
		}
		if names := st.store.names("rec/r1/chat/"); len(names) != 2 {
			t.Errorf("it is in %q, want two chunks", names)
		}
	})
}

func TestWhatIsSeenLaterIsSpokenOfLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage(t)
		st.lib.recs[0].Late = 20 * time.Second
		s, _ := st.node("a")
		spend(5 * time.Second)
		st.say(s, "ann", "nothing is seen yet")
		spend(25 * time.Second)
		st.say(s, "ann", "of the tenth second")
		spend(15 * time.Second)
		st.lib.end("r1", time.Now(), replay.Span{Duration: 45_000})
		items := st.read(s, "r1", 60_000)
		if len(items) != 2 || items[0].At != 0 || items[1].At != 10_000 {
			t.Errorf("replayed %+v", items)
		}
	})
}

func TestMessagesOfOtherRoomsAreNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage(t)
		s, stop := st.node("a")
		spend(time.Minute)
		for range 100 {
			s.Delivered(&chat.Message{Group: "other", Seq: 1, Time: time.Now(), From: "ann", Body: []byte(`[]`)})
		}
		spend(20 * time.Second)
		if got := s.Stats(); got.Queued != 0 || got.Lost != 0 {
			t.Errorf("held %+v", got)
		}
		stop()
		if names := st.store.names(""); names != nil {
			t.Errorf("kept %q", names)
		}
	})
}

func TestRecordingThatBeginsWithItsFirstSegmentMissesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage(t)
		s, _ := st.node("a")
		spend(time.Minute + 100*time.Millisecond)
		began := time.Now()
		body := json.RawMessage(`[{"MsgType":"TIMTextElem","MsgContent":{"Text":"first"}}]`)
		s.Delivered(&chat.Message{Group: "demo2", Seq: 9, Time: time.Now(), From: "ann", Body: body})
		spend(10 * time.Second)
		st.lib.change(func(l *library) {
			l.recs = append(l.recs, replay.Recording{ID: "r2", Group: "demo2", Zero: began, Began: began})
		})
		spend(20 * time.Second)
		st.lib.end("r2", time.Now(), replay.Span{Duration: 20_000})
		st.wants(s, "r2", "first")
	})
}

func TestNodeThatStopsRightAfterTheBeginLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage(t)
		s, stop := st.node("a")
		spend(time.Minute + 100*time.Millisecond)
		began := time.Now()
		body := json.RawMessage(`[{"MsgType":"TIMTextElem","MsgContent":{"Text":"first"}}]`)
		s.Delivered(&chat.Message{Group: "demo2", Seq: 9, Time: began, From: "ann", Body: body})
		st.lib.change(func(l *library) {
			l.recs = append(l.recs, replay.Recording{ID: "r2", Group: "demo2", Zero: began, Began: began})
		})
		stop() // before it looked which recordings there are
		st.lib.end("r2", time.Now().Add(time.Second), replay.Span{Duration: 1000})
		b, _ := st.node("b")
		st.wants(b, "r2", "first")
	})
}

func TestRecalledMessageIsNotReplayed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage(t)
		a, _ := st.node("a")
		b, _ := st.node("b")
		spend(3300 * time.Millisecond)
		st.say(a, "ann", "stays")
		early := st.say(a, "ann", "recalled before its chunk is written")
		abroad := st.say(a, "ann", "recalled on another node")
		a.Withdrawn("demo", early.Seq, early.Time)
		b.Withdrawn("demo", abroad.Seq, abroad.Time)
		late := st.say(a, "ben", "recalled afterwards")
		forgotten := st.say(a, "ben", "recalled when the log has it no more")
		spend(20 * time.Second)
		for _, name := range st.store.names("rec/r1/chat/0") {
			if strings.Contains(string(st.store.objects[name]), "before its chunk") {
				t.Error("what was recalled before is in the chunk")
			}
		}
		st.lib.end("r1", time.Now(), replay.Span{Duration: 20_000})
		st.wants(a, "r1", "stays", "recalled afterwards", "recalled when the log has it no more")
		spend(time.Minute)
		a.Withdrawn("demo", late.Seq, late.Time)
		a.Withdrawn("demo", forgotten.Seq, time.Time{})
		spend(3 * time.Second)
		st.wants(a, "r1", "stays")
		spend(10 * time.Second) // another node remembers for that long what there is
		st.wants(b, "r1", "stays")
		if n := len(st.store.names("rec/r1/chat/x-")); n != 4 {
			t.Errorf("there are %d markers", n)
		}
	})
}

func TestBannedUserIsNotReplayedWhileTheBanLasts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage(t)
		s, _ := st.node("a")
		spend(3 * time.Second)
		st.say(s, "ann", "one")
		st.say(s, "troll", "two")
		spend(15 * time.Second)
		st.lib.end("r1", time.Now(), replay.Span{Duration: 18_000})
		st.banned["troll"] = true
		st.wants(s, "r1", "one")
		delete(st.banned, "troll")
		st.wants(s, "r1", "one", "two")
	})
}

func TestNodeThatCrashedBeforeItsMarkerIsCaughtUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage(t)
		a, stop := st.node("a")
		spend(3 * time.Second)
		st.say(a, "ann", "stays")
		gone := st.say(a, "ann", "recalled")
		spend(15 * time.Second) // the chunk is written
		st.store.set(errors.New("as if the node were dead"), false)
		st.newest = []uint64{gone.Seq} // the chat's own list has it
		a.Withdrawn("demo", gone.Seq, gone.Time)
		stop()
		st.store.set(nil, false)
		b, _ := st.node("a") // it is started again
		spend(5 * time.Second)
		st.lib.end("r1", time.Now(), replay.Span{Duration: 20_000})
		st.wants(b, "r1", "stays")
	})
}

func TestWithdrawalLostOnAnotherNodeIsFoundAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage(t)
		st.newest = []uint64{77} // of before
		a, _ := st.node("a")
		spend(3 * time.Second)
		gone := st.say(a, "ann", "recalled")
		spend(15 * time.Second)
		st.mu.Lock()
		st.newest = append(st.newest, gone.Seq) // by a node that died
		st.mu.Unlock()
		st.lib.end("r1", time.Now(), replay.Span{Duration: 18_000})
		spend(5 * time.Second)
		st.wants(a, "r1")
		if got := st.store.names("rec/r1/chat/x-"); !slices.Equal(got, []string{fmt.Sprintf("rec/r1/chat/x-%d", gone.Seq)}) {
			t.Errorf("markers are %q", got)
		}
	})
}

func TestTwoNodesWriteOneChat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage(t)
		a, stopA := st.node("node-1")
		b, stopB := st.node("node-2")
		var want []string
		for n := range 100 {
			spend(700 * time.Millisecond)
			text := fmt.Sprint("message ", n)
			want = append(want, text)
			st.say([]*replay.Service{a, b}[n%2], "ann", text)
		}
		stopA() // what is not written yet is written at the end
		stopB()
		st.lib.end("r1", time.Now(), replay.Span{Duration: 70_000})
		c, _ := st.node("node-3")
		st.wants(c, "r1", want...)
	})
}

func TestStoreThatStallsNeverHoldsUpTheChat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage(t)
		s, _ := st.node("a", func(c *replay.Config) { c.QueueBytes, c.WaitingBytes, c.ChunkBytes = 64<<10, 256<<10, 16<<10 })
		spend(3 * time.Second)
		st.store.set(nil, true)
		began := time.Now()
		for n := range 20_000 { // faster than they are sorted
			st.say(s, "ann", fmt.Sprint("message ", n))
		}
		if took := time.Since(began); took > 0 {
			t.Errorf("the chat took %v of virtual time", took)
		}
		if got := s.Stats(); got.Lost == 0 || got.Queued > 64<<10 {
			t.Errorf("at once: %+v", got)
		}
		lost := s.Stats().Lost
		for n := range 2400 { // slow enough to be sorted, and more than may wait
			st.say(s, "ann", fmt.Sprint("message ", n))
			spend(25 * time.Millisecond)
			if got := s.Stats(); got.Queued > 64<<10 || got.Waiting > 256<<10 {
				t.Fatalf("%+v", got)
			}
		}
		if got := s.Stats(); got.Lost <= lost || got.Waiting < 128<<10 {
			t.Errorf("in the end %+v", got)
		}
		st.store.set(nil, false)
		spend(2 * time.Minute)
		got := s.Stats()
		if got.Waiting != 0 || got.Kept == 0 || got.Kept+got.Lost != 22_400 {
			t.Errorf("afterwards %+v", got)
		}
	})
}

func TestStoreThatIsAwayForAMinuteLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage(t)
		s, _ := st.node("a")
		spend(3 * time.Second)
		var want []string
		for n := range 120 {
			if n == 20 {
				st.store.set(errors.New("away"), false)
			}
			if n == 80 {
				st.store.set(nil, false)
			}
			want = append(want, fmt.Sprint(n))
			st.say(s, "ann", fmt.Sprint(n))
			time.Sleep(time.Second)
		}
		spend(time.Minute)
		st.lib.end("r1", time.Now(), replay.Span{Duration: 200_000})
		st.wants(s, "r1", want...)
		if got := s.Stats(); got.Lost != 0 {
			t.Errorf("%+v", got)
		}
	})
}

func TestAnHourOfABusyRoomKeepsMemoryFlat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage(t)
		s, _ := st.node("a")
		spend(3 * time.Second)
		most := 0
		const messages = 40 * 3600
		body := json.RawMessage(`[{"MsgType":"TIMTextElem","MsgContent":{"Text":"a message of the usual length, more or less"}}]`)
		for n := range messages {
			s.Delivered(&chat.Message{Group: "demo", Seq: uint64(n) + 1, Time: time.Now(), From: "ann", Body: body})
			if n%10 == 0 {
				got := s.Stats()
				most = max(most, got.Queued+got.Waiting)
				time.Sleep(250 * time.Millisecond)
			}
		}
		spend(15 * time.Second)
		if got := s.Stats(); got.Kept != messages || got.Lost != 0 {
			t.Errorf("%+v", got)
		}
		if most > 256<<10 {
			t.Errorf("%d bytes waited", most)
		}
		st.lib.end("r1", time.Now(), replay.Span{Duration: 3_600_000})
		n := 0
		const minute = 60_000
		for from := int64(minute); from < 60*minute; from += 10 * minute {
			for after := (*replay.Place)(nil); ; {
				some, next, err := s.Messages(t.Context(), "r1", from, from+minute, after, 500)
				if err != nil {
					t.Fatal(err)
				}
				if n += len(some); next == nil {
					break
				}
				after = next
			}
		}
		if n != messages/10 {
			t.Errorf("each tenth minute had %d messages, of %d", n, messages)
		}
		t.Logf("at most %d bytes waited; %d objects, %d opened", most, len(st.store.names("")), st.store.opens)
	})
}

func TestManyWhoWatchReadOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage(t)
		s, _ := st.node("a")
		spend(3 * time.Second)
		st.say(s, "ann", "one")
		spend(15 * time.Second)
		st.lib.end("r1", time.Now(), replay.Span{Duration: 18_000})
		spend(15 * time.Second)
		before := st.store.lists
		for range 1000 {
			st.wants(s, "r1", "one")
		}
		if st.store.opens != 1 || st.store.lists != before+1 {
			t.Errorf("opened %d times, listed %d times", st.store.opens, st.store.lists-before)
		}
	})
}

func TestHostileNamesStayInTheirPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage(t)
		s, stop := st.node("../../etc/pass wd\x00" + strings.Repeat("n", 300))
		spend(3 * time.Second)
		hostile := "\u2028</script>\x1b[31m\n{\"at\":0,\"seq\":1}\n\xff" + strings.Repeat("長", 1000)
		m := st.say(s, "u\n\"ser", hostile)
		m.Nick = "x\ny"
		stop()
		names := st.store.names("")
		if len(names) != 1 || !strings.HasPrefix(names[0], "rec/r1/chat/000000003000-______etc_pass_wd_nnn") || len(names[0]) > 120 {
			t.Fatalf("it is in %q", names)
		}
		// What else may be found there is left alone.
		for _, name := range []string{"rec/r1/chat/x-", "rec/r1/chat/x-18446744073709551616", "rec/r1/chat/99999999999999-a-1.ndjson", "rec/r1/chat/-00000000001-a-1.ndjson", "rec/r1/chat/zz"} {
			st.store.objects[name] = []byte("nonsense")
		}
		st.store.objects["rec/r1/chat/000000000001-b-1.ndjson"] = []byte("{\"at\":-5,\"seq\":4,\"body\":[]}\nnull\n[]\n{\"at\":1e99}\n\n{\"at\":7,\"seq\":5,\"from\":\"ok\",\"body\":[{\"MsgType\":\"TIMTextElem\",\"MsgContent\":{\"Text\":\"fine\"}}]}\n{\"at\":")
		st.lib.end("r1", time.Now(), replay.Span{Duration: 18_000})
		b, _ := st.node("b")
		items := st.read(b, "r1", 60_000)
		if len(items) != 2 || texts(items)[0] != "fine" || items[1].From != "u\n\"ser" {
			t.Errorf("read %+v", items)
		}
	})
}

func TestCutHasItsPartOfTheChat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage(t)
		s, _ := st.node("a")
		for n := range 10 {
			time.Sleep(5 * time.Second)
			st.say(s, "ann", fmt.Sprint(n))
		}
		spend(15 * time.Second)
		st.lib.end("r1", time.Now(), replay.Span{Duration: 60_000})
		st.lib.change(func(l *library) {
			l.recs = append(l.recs,
				replay.Recording{ID: "c1", Group: "demo", Zero: st.zero, Began: time.Now(), Ended: time.Now(), Of: "r1"},
				replay.Recording{ID: "c2", Group: "demo", Zero: st.zero, Began: time.Now(), Ended: time.Now(), Of: "c1"},
				replay.Recording{ID: "c3", Group: "demo", Zero: st.zero, Began: time.Now(), Ended: time.Now(), Of: "gone"},
				replay.Recording{ID: "c4", Group: "demo", Zero: st.zero, Began: time.Now(), Ended: time.Now(), Of: "c4"})
			l.spans["c1"] = []replay.Span{{Start: 12_000, Duration: 10_000}, {Start: 24_000, Duration: 8_000}}
			l.spans["c2"] = []replay.Span{{Start: 14_000, Duration: 4_000}}
		})
		st.wants(s, "c1", "2", "3", "4", "5")
		if items := st.read(s, "c1", 4_000); items[0].At != 3_000 || items[2].At != 11_000 {
			t.Errorf("a cut has %+v", items)
		}
		st.wants(s, "c2", "2")
		st.wants(s, "c3")
		st.wants(s, "c4")
	})
}

func TestOldChatGoesBeforeItsRecording(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage(t)
		s, _ := st.node("a", func(c *replay.Config) { c.Age, c.Tick = 24*time.Hour, 5*time.Second })
		spend(3 * time.Second)
		m := st.say(s, "ann", "one")
		s.Withdrawn("demo", 55, m.Time)
		spend(15 * time.Second)
		st.store.objects["rec/r1/index.json"] = []byte("{}")
		st.lib.end("r1", time.Now(), replay.Span{Duration: 18_000})
		spend(23 * time.Hour)
		if err := s.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		st.wants(s, "r1", "one")
		spend(2 * time.Hour)
		st.wants(s, "r1")
		if err := s.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if names := st.store.names(""); !slices.Equal(names, []string{"rec/r1/index.json"}) {
			t.Errorf("left %q", names)
		}
	})
}

// TestOldChatIsLookedForOnce and not at each sweep, until the next day; one that can't be removed holds up none.
func TestOldChatIsLookedForOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage(t)
		s, _ := st.node("a", func(c *replay.Config) { c.Age, c.Tick = 30*time.Minute, time.Minute })
		began := time.Now()
		for n := range 50 {
			id := fmt.Sprint("old", n)
			st.lib.change(func(l *library) {
				l.recs = append(l.recs, replay.Recording{ID: id, Group: "other", Zero: began, Began: began, Ended: began.Add(time.Duration(n) * time.Second)})
			})
			st.store.objects["rec/"+id+"/chat/000000000000-a-1.ndjson"] = []byte("{}")
		}
		ctx, stop := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { _ = s.RunRetention(ctx) })
		defer func() { stop(); wg.Wait() }()
		looked := func(after time.Duration, least, most int) {
			t.Helper()
			st.store.mu.Lock()
			before := st.store.lists
			st.store.mu.Unlock()
			spend(after)
			st.store.mu.Lock()
			defer st.store.mu.Unlock()
			if n := st.store.lists - before; n < least || n > most {
				t.Errorf("%d listings, want %d to %d", n, least, most)
			}
		}
		st.store.set(errors.New("away"), false)
		looked(time.Hour+time.Minute, 50, 50)
		st.store.set(nil, false)
		looked(time.Hour, 100, 100) // those there are, and that they are gone
		if names := st.store.names("rec/old"); len(names) != 0 {
			t.Fatalf("left %q", names)
		}
		looked(20*time.Hour, 0, 0)
		looked(6*time.Hour, 50, 50)
	})
}

// ask asks the door that those who play open for chat.
func ask(t *testing.T, s *replay.Service, query string, recordings ...string) (code int, got struct {
	Items       []replay.Item
	Next        *string
	Code, Field string
},
) {
	t.Helper()
	w := httptest.NewRecorder()
	s.ServeChat(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/live/demo/v/sid/chat?"+query, nil), recordings)
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatalf("%s: %v", w.Body, err)
	}
	return w.Code, got
}

func TestDoorPlaysRecordingsOneAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage(t)
		s, _ := st.node("a")
		time.Sleep(4 * time.Second)
		st.say(s, "ann", "one")
		st.say(s, "ann", "two")
		spend(15 * time.Second)
		st.lib.end("r1", time.Now(), replay.Span{Duration: 18_000})
		recordings := []string{"r1", "unknown", "r1"}
		code, got := ask(t, s, "from=0&to=60000", recordings...)
		if code != 200 || got.Next != nil || !slices.Equal(texts(got.Items), []string{"one", "two", "one", "two"}) || got.Items[2].At != 22_000 {
			t.Errorf("answered %d %+v", code, got)
		}
		var all []string
		for cursor := ""; ; cursor = *got.Next {
			code, got = ask(t, s, "from=1000&to=60000&limit=1&cursor="+cursor, recordings...)
			if code != 200 {
				t.Fatalf("answered %d %+v", code, got)
			}
			if all = append(all, texts(got.Items)...); got.Next == nil {
				break
			}
		}
		if !slices.Equal(all, []string{"one", "two", "one", "two"}) {
			t.Errorf("one by one it is %q", all)
		}
		if _, got = ask(t, s, "from=18000&to=22001", recordings...); !slices.Equal(texts(got.Items), []string{"one", "two"}) {
			t.Errorf("the second has %q", texts(got.Items))
		}
		if code, got = ask(t, s, "from=60000"); code != 200 || got.Items == nil || len(got.Items) != 0 {
			t.Errorf("beyond the end answered %d %+v", code, got)
		}
	})
}

func TestDoorNamesWhatIsWrong(t *testing.T) {
	st := &stage{t: t, store: newShelf(), lib: &library{}}
	s, err := replay.New(st.config(), st.lib, st.store, nil)
	if err != nil {
		t.Fatal(err)
	}
	for query, field := range map[string]string{
		"from=-1": "from", "from=x": "from", "to=99999999999999": "to", "from=10&to=5": "to", "from=0&to=600001": "to",
		"limit=501": "limit", "cursor=1": "cursor", "cursor=a-1-2": "cursor", "cursor=1--5-2": "cursor", "cursor=99999999-1-1": "cursor",
	} {
		if code, got := ask(t, s, query, "r1"); code != 400 || got.Field != field || got.Code != "bad_request" {
			t.Errorf("%s: answered %d %q %q, want %q", query, code, got.Code, got.Field, field)
		}
	}
}

func TestDoorSaysThatTheStoreIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage(t)
		s, _ := st.node("a")
		st.lib.end("r1", time.Now(), replay.Span{Duration: 18_000})
		st.store.set(errors.New("away"), false)
		if code, got := ask(t, s, "", "r1"); code != 503 || got.Code != "store_unavailable" {
			t.Errorf("answered %d %+v", code, got)
		}
	})
}

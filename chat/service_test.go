package chat_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
)

func TestMembersReceiveWhatIsSaidInOrder(t *testing.T) {
	s := start(t, chat.Config{}, chat.NewMemory())
	create(t, s, "demo")
	alice, _ := join(t, s, "demo", "alice")
	bob, _ := join(t, s, "demo", "bob")
	for i, words := range []string{"one", "two", "three"} {
		ack := send(t, s, "demo", "alice", words)
		if ack.Seq != uint64(i+1) || ack.Dropped || ack.Time.IsZero() {
			t.Fatalf("ack of %s is %+v", words, ack)
		}
	}
	for _, sess := range []*session{alice, bob} {
		if got, want := sess.kinds(), []string{"one", "two", "three"}; !slices.Equal(got, want) {
			t.Errorf("%s received %q, want %q", sess.id, got, want)
		}
	}
	m := bob.items()[0].Message
	if m.From != "alice" || m.Nick != "Nick alice" || m.Priority != chat.Normal || m.Group != "demo" {
		t.Errorf("message arrived as %+v", m)
	}
	if alice.all()[0] != bob.all()[0] {
		t.Error("the batch is not shared")
	}
}

func TestBodyIsKeptByteForByte(t *testing.T) {
	s := start(t, chat.Config{}, chat.NewMemory())
	create(t, s, "demo")
	alice, _ := join(t, s, "demo", "alice")
	body := "[ {\"MsgType\" : \"TIMTextElem\",\n\"MsgContent\":{\"Text\":\"<\\u0000\\ud83d\\ude00 \\/>\",\"X\":1.0e2}}\t]"
	if _, err := s.Send(t.Context(), chat.Message{Group: "demo", Body: json.RawMessage(body)}, named("alice")); err != nil {
		t.Fatal(err)
	}
	if got := string(alice.items()[0].Message.Body); got != body {
		t.Errorf("body arrived as %q", got)
	}
}

func TestItemsOfTheServerCloseTheBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, chat.Config{}, chat.NewMemory())
		create(t, s, "demo")
		alice, _ := join(t, s, "demo", "alice")
		send(t, s, "demo", "alice", "first") // leaves at once; what follows collects
		begin := time.Now()
		for _, words := range []string{"a", "b"} {
			go send(t, s, "demo", "alice", words)
			synctest.Wait()
		}
		if err := s.SetNotice(t.Context(), "demo", named("owner"), "hello"); err != nil {
			t.Fatal(err)
		}
		if waited := time.Since(begin); waited != 0 {
			t.Errorf("the event waited %v for the tick", waited)
		}
		go send(t, s, "demo", "alice", "c")
		synctest.Wait()
		if _, err := s.SendServer(t.Context(), chat.Message{Group: "demo", Body: text("gift")}); err != nil {
			t.Fatal(err)
		}
		if err := s.ApplyStatus(t.Context(), status("demo", 1)); err != nil {
			t.Fatal(err)
		}
		var shape [][]string
		for _, b := range alice.all() {
			one := session{batches: []*chat.Batch{b}}
			shape = append(shape, one.kinds())
		}
		want := [][]string{
			{"first"},
			{"a", "b", "notice"},
			{"c", "gift"},
			{`{"type":"live_status","room":"demo","epoch":"01J","version":1,"code":2,"name":"live"}`, "attributes", "fields"},
		}
		if !slices.EqualFunc(shape, want, slices.Equal) {
			t.Errorf("batches were %q, want %q", shape, want)
		}
		if time.Since(begin) != 0 {
			t.Errorf("items of the server waited for %v", time.Since(begin))
		}
	})
}

func TestGuestsOnlyReceive(t *testing.T) {
	s := start(t, chat.Config{}, chat.NewMemory())
	create(t, s, "demo")
	guest := newSession("g")
	who := chat.Identity{User: "x7", Anonymous: true}
	j, err := s.Join(t.Context(), "demo", who, guest, nil)
	if err != nil || j.Role != "" || j.Count.Members != 1 {
		t.Fatalf("guest joined as %+v, %v", j, err)
	}
	_, err = s.Send(t.Context(), chat.Message{Group: "demo", Body: text("hi")}, who)
	if !errors.Is(err, chat.ErrPermission) {
		t.Errorf("guest's message: %v", err)
	}
	if err := s.SetAttributes(t.Context(), "demo", who, map[string]string{"a": "b"}); !errors.Is(err, chat.ErrPermission) {
		t.Errorf("guest's attribute: %v", err)
	}
	join(t, s, "demo", "alice")
	send(t, s, "demo", "alice", "hello")
	if got := guest.kinds(); !slices.Equal(got, []string{"hello"}) {
		t.Errorf("guest received %q", got)
	}
}

func TestWhoMaySend(t *testing.T) {
	s := start(t, chat.Config{}, chat.NewMemory())
	create(t, s, "demo")
	join(t, s, "demo", "alice")
	for _, tc := range []struct {
		name  string
		group string
		who   chat.Identity
		body  json.RawMessage
		want  error
	}{
		{"a member", "demo", named("alice"), text("x"), nil},
		{"somebody outside", "demo", named("bob"), text("x"), chat.ErrPermission},
		{"an administrator from outside", "demo", admin, text("x"), nil},
		{"somebody named like the server", "demo", named(chat.Administrator), text("x"), chat.ErrPermission},
		{"into no group", "none", named("alice"), text("x"), chat.ErrNoGroup},
		{"into an impossible group", "gr\x01p", named("alice"), text("x"), chat.ErrGroupID},
		{"nothing", "demo", named("alice"), nil, chat.ErrParameter},
		{"too much", "demo", named("alice"), text(strings.Repeat("x", 12<<10)), chat.ErrTooLarge},
		{"broken text", "demo", named("alice"), json.RawMessage("[{\"MsgType\":\"TIMTextElem\",\"MsgContent\":{\"Text\":\"\xff\"}}]"), chat.ErrParameter},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := s.Send(t.Context(), chat.Message{Group: tc.group, Body: tc.body}, tc.who)
			if !errors.Is(err, tc.want) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
		})
	}
}

func TestAdministratorSpeaksForOthers(t *testing.T) {
	s := start(t, chat.Config{}, chat.NewMemory())
	create(t, s, "demo")
	alice, _ := join(t, s, "demo", "alice")
	as := chat.Message{Group: "demo", Body: text("x"), From: "bob", Nick: "Bob"}
	if _, err := s.Send(t.Context(), as, admin); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Send(t.Context(), as, named("alice")); err != nil {
		t.Fatal(err)
	}
	got := alice.items()
	if got[0].Message.From != "bob" || got[0].Message.Nick != "Bob" {
		t.Errorf("the administrator's message came from %q", got[0].Message.From)
	}
	if got[1].Message.From != "alice" || got[1].Message.Nick != "Nick alice" {
		t.Errorf("alice's message came from %q", got[1].Message.From)
	}
}

func TestGroupLife(t *testing.T) {
	s := start(t, chat.Config{}, chat.NewMemory())
	ctx := t.Context()
	g := chat.Group{ID: "demo", Room: "r1", Owner: "owner", Name: "Demo", Notice: "hi", Fields: map[string]string{"topic": "go"}}
	for range 2 {
		if err := s.Create(ctx, g); err != nil {
			t.Fatal(err)
		}
	}
	other := g
	other.Room = "r2"
	if err := s.Create(ctx, other); !errors.Is(err, chat.ErrGroupOwned) {
		t.Errorf("same owner, other room: %v", err)
	}
	other.Owner = "bob"
	if err := s.Create(ctx, other); !errors.Is(err, chat.ErrGroupTaken) {
		t.Errorf("other owner, other room: %v", err)
	}
	got, err := s.Group(ctx, "demo")
	if err != nil || got.Name != "Demo" || got.Fields["topic"] != "go" || got.CreatedAt.IsZero() {
		t.Errorf("group is %+v, %v", got, err)
	}
	alice, before := join(t, s, "demo", "alice")
	if before.Notice != "hi" || before.Fields["topic"] != "go" || before.Role != chat.RoleMember || !before.Complete {
		t.Errorf("joined %+v", before)
	}
	if err := s.Dismiss(ctx, "demo"); err != nil {
		t.Fatal(err)
	}
	if got := alice.kinds(); !slices.Equal(got, []string{"dismissed"}) {
		t.Errorf("alice received %q", got)
	}
	if n := s.Stats().Sessions; n != 0 {
		t.Errorf("%d sessions are left", n)
	}
	_, err = s.Send(ctx, chat.Message{Group: "demo", Body: text("x")}, named("alice"))
	if !errors.Is(err, chat.ErrNoGroup) {
		t.Errorf("send after the end: %v", err)
	}
	if err := s.Dismiss(ctx, "demo"); !errors.Is(err, chat.ErrNoGroup) {
		t.Errorf("dismissed twice: %v", err)
	}
	if err := s.Create(ctx, g); err != nil {
		t.Fatal(err)
	}
	if _, after := join(t, s, "demo", "bob"); after.Epoch == before.Epoch {
		t.Errorf("the new group goes on in epoch %s", after.Epoch)
	}
	send(t, s, "demo", "bob", "again")
	if got := alice.kinds(); len(got) != 1 {
		t.Errorf("alice, who left with the old group, received %q", got)
	}
}

func TestCreateRefusesBadGroups(t *testing.T) {
	s := start(t, chat.Config{}, chat.NewMemory())
	for _, tc := range []struct {
		name  string
		group chat.Group
		want  error
	}{
		{"no id", chat.Group{}, chat.ErrGroupID},
		{"id too long", chat.Group{ID: strings.Repeat("x", 49)}, chat.ErrGroupID},
		{"id not ASCII", chat.Group{ID: "直播"}, chat.ErrGroupID},
		{"name too long", chat.Group{ID: "x", Name: strings.Repeat("x", 121)}, chat.ErrParameter},
		{"notice too long", chat.Group{ID: "x", Notice: strings.Repeat("直", 101)}, chat.ErrParameter},
		{"server's field", chat.Group{ID: "x", Fields: map[string]string{"live_status": "{}"}}, chat.ErrPermission},
		{"bad field", chat.Group{ID: "x", Fields: map[string]string{"a b": "1"}}, chat.ErrParameter},
		{"too many administrators", chat.Group{ID: "x", Admins: make([]string, 6)}, chat.ErrParameter},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if err := s.Create(t.Context(), tc.group); !errors.Is(err, tc.want) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
		})
	}
}

func TestNothingWorksAfterTheEnd(t *testing.T) {
	s, stop := startStop(t, chat.Config{}, chat.NewMemory())
	create(t, s, "demo")
	join(t, s, "demo", "alice")
	stop()
	_, err := s.Send(t.Context(), chat.Message{Group: "demo", Body: text("x")}, named("alice"))
	if !errors.Is(err, chat.ErrStopping) {
		t.Errorf("send: %v", err)
	}
	if err := s.SetNotice(t.Context(), "demo", admin, "x"); !errors.Is(err, chat.ErrStopping) {
		t.Errorf("notice: %v", err)
	}
	if _, err := s.Join(t.Context(), "demo", named("bob"), newSession("b"), nil); !errors.Is(err, chat.ErrStopping) {
		t.Errorf("join: %v", err)
	}
	if err := s.Run(t.Context()); err == nil {
		t.Error("Run ran twice")
	}
}

func TestWhatWasAcceptedIsFlushedAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := chat.NewMemory()
		s, stop := startStop(t, chat.Config{}, store)
		create(t, s, "demo")
		join(t, s, "demo", "alice")
		send(t, s, "demo", "alice", "first")
		acks := make(chan chat.Ack, 1)
		go func() { acks <- send(t, s, "demo", "alice", "last") }()
		synctest.Wait()
		stop()
		if ack := <-acks; ack.Seq != 2 {
			t.Errorf("ack is %+v", ack)
		}
		if state, err := store.LoadGroup(context.Background(), "demo"); err != nil || len(state.Log) != 2 {
			t.Errorf("stored %+v, %v", state, err)
		}
	})
}

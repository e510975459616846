package chattest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"liveroom/chat"
)

func testLettersOverNodes(t *testing.T, tw *town) {
	a, b, c := tw.three(chat.Config{})
	vera, desk := tw.signIn(a, user("vera", "Web")), tw.signIn(c, user("vera", "Windows"))
	otto, phone := tw.signIn(b, user("otto", "Web")), tw.signIn(a, user("otto", "iOS"))
	if _, err := a.SendTo(context.Background(), "otto", chat.Message{Body: words("hi"), Random: 7}, user("vera", "Web"), vera); err != nil {
		t.Fatal(err)
	}
	want := []string{"vera to otto"}
	for _, d := range []*device{desk, otto, phone} {
		tw.await("the letter", func() bool { got, _ := d.got(); return slices.Equal(got, want) })
	}
	if got, _ := vera.got(); got != nil {
		t.Errorf("the sender's own device got %v", got)
	}
}

func testTellUserOverNodes(t *testing.T, tw *town) {
	a, b, c := tw.three(chat.Config{})
	here, there := tw.signIn(a, user("vera", "Web")), tw.signIn(b, user("vera", "iOS"))
	other := tw.signIn(b, user("otto", "Web"))
	order := map[string]any{"order": map[string]any{"id": "1", "state": "accepted"}}
	for _, n := range []*node{a, c} {
		if err := n.TellUser(context.Background(), "vera", "gift", order); err != nil {
			t.Fatal(err)
		}
	}
	const one = `gift {"order":{"id":"1","state":"accepted"}}`
	for _, d := range []*device{here, there} {
		tw.await("both", func() bool { got, _ := d.got(); return slices.Equal(got, []string{one, one}) })
	}
	if got, _ := other.got(); got != nil {
		t.Errorf("another user was told %q", got)
	}
	for kind, data := range map[string]any{"two words": order, "": order, "array": []int{1}, "null": nil, "big": map[string]string{"x": string(make([]byte, 13<<10))}} {
		if err := a.TellUser(context.Background(), "vera", kind, data); !errors.Is(err, chat.ErrParameter) {
			t.Errorf("%q of %T: %v", kind, data, err)
		}
	}
}

func words(s string) []byte {
	return []byte(`[{"MsgType":"TIMTextElem","MsgContent":{"Text":"` + s + `"}}]`)
}

func testRenameOverNodes(t *testing.T, tw *town) {
	a, b, c := tw.three(chat.Config{OneRoom: chat.OneRoomNever}, "r")
	tw.enter(a, "r", user("vera", "Web"))
	tw.enter(c, "r", user("vera", "iOS"))
	otto := tw.enter(b, "r", user("otto", "Web"))
	b.Renamed("vera", "Queen", "")
	tw.await("otto told", func() bool {
		_, events := otto.got()
		return slices.Contains(events, `member {"user":"vera","nick":"Queen","avatar":""}`)
	})
	for _, n := range []*node{a, b, c} {
		tw.await("the list of "+n.name, func() bool {
			page, _, err := n.Members(context.Background(), "r", chat.Identity{User: chat.Administrator, Admin: true}, "", 0)
			if err != nil {
				t.Fatal(err)
			}
			return len(page) == 2 && slices.ContainsFunc(page, func(m chat.Member) bool { return m.User == "vera" && m.Nick == "Queen" })
		})
	}
}

func testSilenceOverNodes(t *testing.T, tw *town) {
	a, b, _ := tw.three(chat.Config{}, "r")
	vera := tw.enter(a, "r", user("vera", "Web"))
	minute, none := time.Minute, time.Duration(0)
	boss := chat.Identity{User: chat.Administrator, Admin: true}
	if _, err := b.SetSilence(context.Background(), boss, "vera", chat.SilencePatch{Groups: &minute, Letters: &minute}); err != nil {
		t.Fatal(err)
	}
	tw.await("vera silenced", func() bool { return !a.Silence("vera").Groups.IsZero() })
	if _, err := a.Send(context.Background(), chat.Message{Group: "r", Body: words("hi")}, user("vera", "Web")); !errors.Is(err, chat.ErrMuted) {
		t.Errorf("she spoke: %v", err)
	}
	tw.await("vera told", func() bool { _, events := vera.got(); return slices.ContainsFunc(events, isMute) })
	if _, err := b.SetSilence(context.Background(), boss, "vera", chat.SilencePatch{Groups: &none, Letters: &none}); err != nil {
		t.Fatal(err)
	}
	tw.await("vera free", func() bool { return a.Silence("vera").Groups.IsZero() && a.Silence("vera").Letters.IsZero() })

	tw.v.Away(true)
	if _, err := b.SetSilence(context.Background(), boss, "vera", chat.SilencePatch{Letters: &minute}); err != nil {
		t.Fatal(err)
	}
	tw.v.Away(false)
	tw.await("vera silenced again", func() bool { return !a.Silence("vera").Letters.IsZero() })
}

func isMute(event string) bool { return len(event) > 5 && event[:5] == "mute " }

func testBroadcastOverNodes(t *testing.T, tw *town) {
	a, b, c := tw.three(chat.Config{}, "r", "s", "t")
	tw.enter(a, "r", user("vera", "Web"))
	tw.enter(b, "s", user("otto", "Web"))
	tw.awaitCount("r", people(1), c)
	tw.awaitCount("s", people(1), c)
	if _, err := c.Broadcast(context.Background(), chat.Message{Body: words("to all")}, chat.Identity{User: chat.Administrator, Admin: true}); err != nil {
		t.Fatal(err)
	}
	for _, group := range []string{"r", "s"} {
		tw.await("the message in "+group, func() bool {
			log, _, err := tw.store.Log(context.Background(), group, 0, 10)
			return err == nil && len(log) == 1
		})
	}
	if log, _, err := tw.store.Log(context.Background(), "t", 0, 10); err != nil || len(log) != 0 {
		t.Errorf("where nobody is: %v %v", log, err)
	}
}

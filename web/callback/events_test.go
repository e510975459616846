package callback

import (
	"errors"
	"strings"
	"testing"

	"liveroom/web/callback/delivery"
)

// TestEventsAreTold: each to who wants it, those of a room in one queue, under an id that no other room's event has.
func TestEventsAreTold(t *testing.T) {
	queue := &kept{unsettled: delivery.ErrUnsettled}
	e := NewEvents(registryOf(
		t, Endpoint{ID: "all", URL: "http://x/", Format: FormatEvents},
		Endpoint{ID: "gifts", URL: "http://x/", Format: FormatEvents, Events: []string{GiftSettled}},
		Endpoint{ID: "status", URL: "http://x/", Format: FormatStatus}, Endpoint{ID: "im", URL: "http://x/", Format: FormatIM},
	), queue)
	e.GiftSettled("demo:1", "c:alice:o1", map[string]any{"id": "o1"})
	e.LevelChanged(LevelChange{User: "alice", Level: 2, From: 1, Version: 7})
	e.SessionSummary("demo", "01JD", map[string]any{"room": "demo"})
	e.DrawEnded("demo", "d1", map[string]any{"id": "d1"})
	e.FollowChanged(FollowChange{User: "alice", Follows: "anna", Following: true, Followers: 1})
	e.GiftSettled("demo", "b:2", func() {}) // can't be encoded
	var got []string
	for _, x := range queue.events {
		if x.Class != delivery.People || x.At.IsZero() || !strings.HasPrefix(string(x.Body), `{"event":"`+x.Command+`","at":"`) {
			t.Errorf("%+v: %s", x, x.Body)
		}
		_, what, _ := strings.Cut(string(x.Body), `Z",`)
		got = append(got, x.Endpoint+" "+x.Room+" "+x.ID+" "+what)
	}
	want := []string{
		`all demo:1 gift.settled:demo%3A1:c:alice:o1 "order":{"id":"o1"}}`, `gifts demo:1 gift.settled:demo%3A1:c:alice:o1 "order":{"id":"o1"}}`,
		`all ` + queueOf("alice") + ` level.changed:` + queueOf("alice") + `:alice:7 "change":{"user":"alice","level":2,"from":1,"badge":"","score":0,"version":7}}`,
		`all demo session.summary:demo:01JD "summary":{"room":"demo"}}`, `all demo draw.ended:demo:d1 "draw":{"id":"d1"}}`,
		`all ` + queueOf("anna") + `  "change":{"user":"alice","follows":"anna","following":true,"followers":1}}`,
		`all demo gift.settled:demo:b:2 "order":null}`, `gifts demo gift.settled:demo:b:2 "order":null}`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("told\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if err := e.Settle(t.Context()); !errors.Is(err, delivery.ErrUnsettled) {
		t.Error(err)
	}
	nobody := NewEvents(registryOf(t), queue)
	change := LevelChange{User: "alice"}
	if n := testing.AllocsPerRun(100, func() { nobody.GiftSettled("demo", "b:2", nil) }); n != 0 {
		t.Errorf("%v allocations where nobody wants it", n)
	}
	if nobody.LevelChanged(change); len(queue.events) != len(want) {
		t.Error("nobody wanted it, and it was told")
	}
}

// TestDroppedEvents: what the queue dropped is told in the words of our own format; ids that people made part of fit a header.
func TestDroppedEvents(t *testing.T) {
	b := newBackend(t, says(204, ""))
	s := NewSender(testApp, registryOf(t), client(t))
	loss := []byte(`{"room":"demo","class":"people","count":120,"since":"2026-09-21T14:13:20Z","until":"2026-09-21T14:14:20Z"}`)
	r := s.sendTo(t.Context(), Endpoint{URL: b.URL, Format: FormatEvents, Key: "event_key_0007"}, delivery.Event{ID: "gift.settled:demo:c:ålice:o\n1", Command: delivery.Dropped, Body: loss})
	got := b.last(t)
	signedWell(t, "event_key_0007", got)
	if want := `{"event":"dropped",` + string(loss[1:]); r.Outcome != delivery.Delivered || got.body != want {
		t.Errorf("%+v, %s", r, got.body)
	}
	if id := got.header.Get("Liveroom-Event-Id"); id != "gift.settled%3Ademo%3Ac%3A%C3%A5lice%3Ao%0A1" {
		t.Error(id)
	}
}

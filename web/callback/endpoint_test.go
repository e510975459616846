package callback_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"liveroom/web/callback"
	"liveroom/web/callback/callbacktest"
	"liveroom/web/callback/delivery"
)

func TestEndpointMemory(t *testing.T) {
	callbacktest.Endpoints(t, func(*testing.T) callback.EndpointStore { return callback.NewEndpointMemory() })
}

const (
	joins = callback.AfterNewMemberJoin
	exits = callback.AfterMemberExit
)

func registry(t *testing.T, store callback.EndpointStore, fixed ...callback.Endpoint) *callback.Registry {
	t.Helper()
	r, err := callback.NewRegistry(t.Context(), store, fixed...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// wants are the ids of the endpoints that want an event.
func wants(r *callback.Registry, command string) string {
	var ids []string
	for _, e := range r.Wants(command) {
		ids = append(ids, e.ID)
	}
	return strings.Join(ids, " ")
}

// TestChangesAreInForceAtOnce: who wants what follows each change, and so do those who watch; a restart changes nothing.
func TestChangesAreInForceAtOnce(t *testing.T) {
	store := callback.NewEndpointMemory()
	fixed := callback.Endpoint{URL: "https://x/im", Format: callback.FormatIM, Events: []string{joins}}
	r := registry(t, store, fixed)
	var seen []int
	r.Watch(func(all []callback.Endpoint) { seen = append(seen, len(all)) })
	ctx := t.Context()
	made, err := r.Create(ctx, callback.Endpoint{ID: "mine", URL: "https://x/", Format: callback.FormatIM, Enabled: true})
	if err != nil || made.OnFailure != callback.FailOpen || made.Retry != callback.RetryStored || made.CreatedAt.IsZero() {
		t.Fatalf("%+v, %v", made, err)
	}
	if j, e, s := wants(r, joins), wants(r, exits), wants(r, callback.LiveStatus); j != "settings-im mine" || e != "mine" || s != "" || r.Wants(callback.LiveStatus) != nil {
		t.Errorf("Join: %q, Exit: %q, status: %q", j, e, s)
	}
	change := func(f func(*callback.Endpoint)) {
		t.Helper()
		if _, err := r.Change(ctx, "mine", func(e *callback.Endpoint) error { f(e); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	change(func(e *callback.Endpoint) { e.Events = []string{exits} })
	if j, e := wants(r, joins), wants(r, exits); j != "settings-im" || e != "mine" {
		t.Errorf("Join: %q, Exit: %q", j, e)
	}
	if again := registry(t, store, fixed); wants(again, exits) != "mine" || wants(again, joins) != "settings-im" {
		t.Error("another registry over the same store knows other endpoints")
	}
	change(func(e *callback.Endpoint) { e.Enabled = false })
	if e := wants(r, exits); e != "" {
		t.Errorf("Exit: %q", e)
	}
	if err := r.Delete(ctx, "mine"); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(seen, []int{1, 2, 2, 2, 1}) {
		t.Errorf("watchers saw %v endpoints", seen)
	}
}

func TestRefusedEndpoints(t *testing.T) {
	r := registry(t, callback.NewEndpointMemory(), callback.Endpoint{URL: "https://x/im", Format: callback.FormatIM})
	good := func() callback.Endpoint {
		return callback.Endpoint{ID: "mine", URL: "https://x/", Format: callback.FormatIM}
	}
	for _, c := range []struct {
		field  string
		change func(*callback.Endpoint)
	}{
		{"id", func(e *callback.Endpoint) { e.ID = "Mine" }},
		{"id", func(e *callback.Endpoint) { e.ID = "settings-mine" }},
		{"url", func(e *callback.Endpoint) { e.URL = "" }},
		{"url", func(e *callback.Endpoint) { e.URL = "ftp://x/" }},
		{"url", func(e *callback.Endpoint) { e.URL = "https:///path" }},
		{"url", func(e *callback.Endpoint) { e.URL = "https://user:secret@x/" }},
		{"url", func(e *callback.Endpoint) { e.URL = "https://x/#a" }},
		{"url", func(e *callback.Endpoint) { e.URL = "https://x/a b" }},
		{"url", func(e *callback.Endpoint) { e.URL = "https://x/\r\nHost: y" }},
		{"url", func(e *callback.Endpoint) { e.URL = "https://x/" + strings.Repeat("a", 1024) }},
		{"format", func(e *callback.Endpoint) { e.Format = "xml" }},
		{"events", func(e *callback.Endpoint) { e.Events = []string{joins, callback.StreamStart} }},
		{"events", func(e *callback.Endpoint) { e.Events = slices.Repeat([]string{joins}, 65) }},
		{"key", func(e *callback.Endpoint) { e.Key = strings.Repeat("k", 129) }},
		{"key", func(e *callback.Endpoint) { e.Key = "k k" }},
		{"onFailure", func(e *callback.Endpoint) { e.OnFailure = "ask" }},
		{"retry", func(e *callback.Endpoint) { e.Retry = "never" }},
	} {
		e := good()
		c.change(&e)
		_, err := r.Create(t.Context(), e)
		var refused *callback.EndpointError
		if !errors.As(err, &refused) || refused.Code != "invalid" || refused.Field != c.field || strings.Contains(err.Error(), "secret") {
			t.Errorf("%+v: %v, want one about %s", e, err, c.field)
		}
	}
	if len(r.All()) != 1 {
		t.Errorf("%+v", r.All())
	}
	if _, err := callback.NewRegistry(t.Context(), callback.NewEndpointMemory(), callback.Endpoint{URL: "x", Format: callback.FormatIM}); err == nil {
		t.Error("a bad one in the settings was taken")
	}
}

// TestEndpointsThatStay: those of the settings can't be changed, none can be made twice, and there is a last one.
func TestEndpointsThatStay(t *testing.T) {
	r := registry(t, callback.NewEndpointMemory(), callback.Endpoint{URL: "https://x/im", Format: callback.FormatIM})
	ctx := t.Context()
	nothing := func(*callback.Endpoint) error { return nil }
	code := func(err error) string {
		var refused *callback.EndpointError
		if errors.As(err, &refused) {
			return refused.Code
		}
		return ""
	}
	_, err := r.Change(ctx, "settings-im", nothing)
	if deleted := r.Delete(ctx, "settings-im"); code(err) != "fixed" || code(deleted) != "fixed" {
		t.Errorf("changed: %v; deleted: %v", err, deleted)
	}
	_, err = r.Change(ctx, "none", nothing)
	if deleted := r.Delete(ctx, "none"); !errors.Is(err, callback.ErrNoEndpoint) || !errors.Is(deleted, callback.ErrNoEndpoint) {
		t.Errorf("changed: %v; deleted: %v", err, deleted)
	}
	for range callback.MaxEndpoints {
		if e, err := r.Create(ctx, callback.Endpoint{URL: "https://x/", Format: callback.FormatCSS}); err != nil || e.ID == "" {
			t.Fatalf("%+v, %v", e, err)
		}
	}
	_, err = r.Create(ctx, callback.Endpoint{URL: "https://x/", Format: callback.FormatCSS})
	if _, twice := r.Create(ctx, callback.Endpoint{ID: r.All()[1].ID, URL: "https://x/", Format: callback.FormatCSS}); code(err) != "too_many" || code(twice) != "exists" {
		t.Errorf("too many: %v; twice: %v", err, twice)
	}
}

// failing is a store that does not keep anything.
type failing struct{ callback.EndpointStore }

func (failing) PutEndpoint(context.Context, callback.Endpoint, time.Time) error {
	return errors.New("disk full")
}

func TestWhatIsNotStoredIsNotInForce(t *testing.T) {
	r := registry(t, failing{callback.NewEndpointMemory()})
	if _, err := r.Create(t.Context(), callback.Endpoint{URL: "https://x/", Format: callback.FormatIM, Enabled: true}); err == nil || wants(r, joins) != "" {
		t.Errorf("%v, wanted by %q", err, wants(r, joins))
	}
}

func TestHabits(t *testing.T) {
	for _, c := range []struct {
		format callback.Format
		retry  callback.Retry
		want   delivery.Habit
	}{
		{callback.FormatIM, callback.RetryStored, delivery.Habit{}},
		{callback.FormatIM, callback.RetryTencent, delivery.Habit{Tries: 1}},
		{callback.FormatIM, callback.RetryTimeouts, delivery.Habit{Tries: 3, Pause: 1e9, OnlyTimeout: true}},
		{callback.FormatCSS, callback.RetryTencent, delivery.Habit{Tries: 13, Pause: 60e9}},
		{callback.FormatCSS, callback.RetryTimeouts, delivery.Habit{Tries: 13, Pause: 60e9}},
	} {
		if got := (callback.Endpoint{Format: c.format, Retry: c.retry, Enabled: true}).Habit(); got != c.want {
			t.Errorf("%s, %s: %+v, want %+v", c.format, c.retry, got, c.want)
		}
	}
	if !(callback.Endpoint{Retry: callback.RetryStored}).Habit().Paused {
		t.Error("one that is off is not paused")
	}
}

func TestEndpointIsLoggedWithoutSecrets(t *testing.T) {
	var said bytes.Buffer
	slog.New(slog.NewTextHandler(&said, nil)).Info("x", "endpoint", callback.Endpoint{ID: "mine", URL: "https://backend/?token=secret", Key: "secret"})
	if text := said.String(); strings.Contains(text, "secret") || !strings.Contains(text, "backend") {
		t.Error(text)
	}
}

// TestTwoNodesChangeEndpoints: a change is made of what another node has stored, also before that is in force here.
func TestTwoNodesChangeEndpoints(t *testing.T) {
	store := callback.NewEndpointMemory()
	here, there := registry(t, store), registry(t, store)
	told := 0
	there.Watch(func([]callback.Endpoint) { told++ })
	ctx := t.Context()
	e := callback.Endpoint{ID: "e", URL: "https://x/", Format: callback.FormatIM, Enabled: true}
	if _, err := here.Create(ctx, e); err != nil {
		t.Fatal(err)
	}
	var refusal *callback.EndpointError
	if _, err := there.Create(ctx, e); !errors.As(err, &refusal) || refusal.Code != "exists" {
		t.Errorf("created twice: %v", err)
	}
	if _, err := here.Change(ctx, "e", func(e *callback.Endpoint) error { e.Events = []string{exits}; return nil }); err != nil {
		t.Fatal(err)
	}
	changed, err := there.Change(ctx, "e", func(e *callback.Endpoint) error { e.URL = "https://y/"; return nil })
	if err != nil || changed.URL != "https://y/" || !slices.Equal(changed.Events, []string{exits}) {
		t.Errorf("%+v, %v", changed, err)
	}
	for range 2 {
		if err := here.Reload(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if e, ok := here.Endpoint("e"); !ok || e.URL != "https://y/" || told != 4 {
		t.Errorf("%+v; the other node was told %d times", e, told)
	}
	if err := here.Delete(ctx, "e"); err != nil {
		t.Fatal(err)
	}
	if err := there.Delete(ctx, "e"); !errors.Is(err, callback.ErrNoEndpoint) {
		t.Errorf("deleted twice: %v", err)
	}
}

// busy is a store in which another node is faster each time but the last.
type busy struct {
	callback.EndpointStore
	other *callback.Registry
	times int
}

func (b *busy) PutEndpoint(ctx context.Context, e callback.Endpoint, was time.Time) error {
	if b.times--; b.times >= 0 {
		if _, err := b.other.Change(ctx, "e", func(e *callback.Endpoint) error { e.URL += "x"; return nil }); err != nil {
			return err
		}
	}
	return b.EndpointStore.PutEndpoint(ctx, e, was)
}

// TestAnotherNodeIsFaster: of two changes at the same time neither undoes the other.
func TestAnotherNodeIsFaster(t *testing.T) {
	store := callback.NewEndpointMemory()
	other := registry(t, store)
	ctx := t.Context()
	if _, err := other.Create(ctx, callback.Endpoint{ID: "e", URL: "https://x/", Format: callback.FormatIM, Enabled: true}); err != nil {
		t.Fatal(err)
	}
	here := registry(t, &busy{store, other, 3})
	changed, err := here.Change(ctx, "e", func(e *callback.Endpoint) error { e.Events = []string{exits}; return nil })
	if err != nil || changed.URL != "https://x/xxx" || !slices.Equal(changed.Events, []string{exits}) {
		t.Errorf("%+v, %v", changed, err)
	}
}

// TestFail: what becomes of what the receiver of the settings does not decide is changed, and what others do stays.
func TestFail(t *testing.T) {
	r := registry(t, callback.NewEndpointMemory(), callback.Endpoint{URL: "https://x/im", Format: callback.FormatIM}, callback.Endpoint{URL: "https://x/css", Format: callback.FormatCSS})
	if _, err := r.Create(t.Context(), callback.Endpoint{ID: "mine", URL: "https://x/", Format: callback.FormatIM, Enabled: true}); err != nil {
		t.Fatal(err)
	}
	watched := 0
	r.Watch(func([]callback.Endpoint) { watched++ })
	before := r.All()
	for _, how := range []callback.OnFailure{callback.FailClosed, callback.FailClosed, callback.FailOpen, callback.FailClosed} {
		r.Fail(callback.FormatIM, how)
		for _, e := range r.Wants(joins) {
			want := callback.FailOpen
			if e.ID == "settings-im" {
				want = how
			}
			if e.OnFailure != want {
				t.Errorf("%s: %s, want %s", e.ID, e.OnFailure, want)
			}
		}
	}
	if before[0].OnFailure != callback.FailOpen || watched != 4 {
		t.Errorf("a list that was handed out has changed, or %d were told", watched)
	}
	r.Fail(callback.FormatStatus, callback.FailClosed)
	if _, err := r.Change(t.Context(), "mine", func(e *callback.Endpoint) error { e.URL = "https://y/"; return nil }); err != nil {
		t.Fatal(err)
	}
	if e, _ := r.Endpoint("settings-im"); e.OnFailure != callback.FailClosed {
		t.Error("another change undid it")
	}
}

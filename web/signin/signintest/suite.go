// Package signintest is what every signin.Store must do.
package signintest

import (
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"liveroom/web/signin"
)

// Store runs the suite over empty stores.
func Store(t *testing.T, open func(t *testing.T) signin.Store) {
	for _, c := range []struct {
		name string
		run  func(*testing.T, signin.Store)
	}{
		{"sessions", sessions},
		{"sessions end later, never earlier", extends},
		{"all sessions end", removesAll},
		{"of too many sessions the first to end go", bounded},
		{"links are used once", links},
		{"one of many wins a link", races},
		{"links are void", void},
		{"used links are bounded", manyLinks},
		{"sweep", sweeps},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
	}
}

// noon is a time that suits all stores: they keep milliseconds.
var noon = time.Date(2035, 1, 1, 12, 0, 0, 0, time.UTC)

// Sample is a session.
func Sample(id string, until time.Time) signin.Session {
	return signin.Session{ID: id, Name: "Ming 小明", MadeAt: noon, Until: until}
}

func link(id string, purpose signin.Purpose) signin.Link {
	return signin.Link{ID: id, For: purpose, MadeAt: noon, ExpiresAt: noon.Add(time.Hour)}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func is(t *testing.T, s signin.Store, id string, want signin.Session) {
	t.Helper()
	got, err := s.Session(t.Context(), id)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("%s: %+v, %v; want %+v", id, got, err, want)
	}
}

func gone(t *testing.T, s signin.Store, id string) {
	t.Helper()
	if got, err := s.Session(t.Context(), id); !errors.Is(err, signin.ErrNoSession) || got != (signin.Session{}) {
		t.Fatalf("%s: %+v, %v; want none", id, got, err)
	}
}

func sessions(t *testing.T, s signin.Store) {
	gone(t, s, "a")
	if err := s.RemoveSession(t.Context(), "a"); !errors.Is(err, signin.ErrNoSession) {
		t.Errorf("removed what was not there: %v", err)
	}
	a, b := Sample("a", noon.Add(time.Hour)), Sample("b", noon.Add(2*time.Hour))
	must(t, s.AddSession(t.Context(), a))
	must(t, s.AddSession(t.Context(), b))
	is(t, s, "a", a)
	is(t, s, "b", b)
	must(t, s.RemoveSession(t.Context(), "a"))
	gone(t, s, "a")
	is(t, s, "b", b)
	if err := s.RemoveSession(t.Context(), "a"); !errors.Is(err, signin.ErrNoSession) {
		t.Errorf("removed twice: %v", err)
	}
}

func extends(t *testing.T, s signin.Store) {
	if err := s.ExtendSession(t.Context(), "a", noon.Add(time.Hour)); !errors.Is(err, signin.ErrNoSession) {
		t.Errorf("a session that is not there: %v", err)
	}
	gone(t, s, "a")
	a := Sample("a", noon.Add(time.Hour))
	must(t, s.AddSession(t.Context(), a))
	must(t, s.ExtendSession(t.Context(), "a", noon.Add(time.Minute)))
	is(t, s, "a", a)
	a.Until = noon.Add(3 * time.Hour)
	must(t, s.ExtendSession(t.Context(), "a", a.Until))
	is(t, s, "a", a)
	must(t, s.RemoveSession(t.Context(), "a"))
	if err := s.ExtendSession(t.Context(), "a", noon.Add(9*time.Hour)); !errors.Is(err, signin.ErrNoSession) {
		t.Errorf("one that was ended: %v", err)
	}
	gone(t, s, "a")
}

func removesAll(t *testing.T, s signin.Store) {
	for i := range 5 {
		must(t, s.AddSession(t.Context(), Sample(fmt.Sprint("s", i), noon.Add(time.Hour))))
	}
	for _, want := range []int{5, 0} {
		if n, err := s.RemoveSessions(t.Context(), noon); n != want || err != nil {
			t.Errorf("removed %d, %v; want %d", n, err, want)
		}
	}
	gone(t, s, "s3")
	next := Sample("s3", noon.Add(time.Hour))
	must(t, s.AddSession(t.Context(), next))
	is(t, s, "s3", next)
}

func bounded(t *testing.T, s signin.Store) {
	early := Sample("early", noon.Add(time.Minute))
	must(t, s.AddSession(t.Context(), Sample("late", noon.Add(9*time.Hour))))
	must(t, s.AddSession(t.Context(), early))
	for i := range signin.MaxSessions - 2 {
		must(t, s.AddSession(t.Context(), Sample(fmt.Sprint("s", i), noon.Add(time.Hour))))
	}
	is(t, s, "early", early)
	one := Sample("one", noon.Add(time.Second)) // it ends first, and is the one that stays
	must(t, s.AddSession(t.Context(), one))
	is(t, s, "one", one)
	gone(t, s, "early")
	must(t, s.AddSession(t.Context(), Sample("another", noon.Add(time.Hour))))
	gone(t, s, "one")
	is(t, s, "late", Sample("late", noon.Add(9*time.Hour)))
	if n, err := s.RemoveSessions(t.Context(), noon); n != signin.MaxSessions || err != nil {
		t.Errorf("there were %d, %v", n, err)
	}
}

func links(t *testing.T, s signin.Store) {
	for _, l := range []signin.Link{link("a", signin.ForAdmin), link("b", signin.ForAnchor)} {
		must(t, s.UseLink(t.Context(), l))
		for range 2 {
			if err := s.UseLink(t.Context(), l); !errors.Is(err, signin.ErrUsed) {
				t.Errorf("%s again: %v", l.ID, err)
			}
		}
	}
}

func races(t *testing.T, s signin.Store) {
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		won  int
		errs []error
	)
	for range 10 {
		wg.Go(func() {
			err := s.UseLink(t.Context(), link("a", signin.ForAdmin))
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				won++
			case !errors.Is(err, signin.ErrUsed):
				errs = append(errs, err)
			}
		})
	}
	wg.Wait()
	if won != 1 || errs != nil {
		t.Errorf("%d won; %v", won, errs)
	}
}

func void(t *testing.T, s signin.Store) {
	_, err := s.RemoveSessions(t.Context(), noon.Add(time.Microsecond))
	must(t, err)
	if err := s.UseLink(t.Context(), link("a", signin.ForAdmin)); !errors.Is(err, signin.ErrVoid) {
		t.Errorf("made before: %v", err)
	}
	must(t, s.UseLink(t.Context(), link("b", signin.ForAnchor)))
	after := link("c", signin.ForAdmin)
	after.MadeAt = noon.Add(time.Microsecond)
	must(t, s.UseLink(t.Context(), after))
}

func manyLinks(t *testing.T, s signin.Store) {
	var wg sync.WaitGroup
	for from := range 100 {
		wg.Go(func() {
			for i := from; i < signin.MaxUsed; i += 100 {
				if err := s.UseLink(t.Context(), link(fmt.Sprint("l", i), signin.ForAnchor)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if err := s.UseLink(t.Context(), link("more", signin.ForAnchor)); !errors.Is(err, signin.ErrTooManyLinks) {
		t.Errorf("one more: %v", err)
	}
	if err := s.UseLink(t.Context(), link("l7", signin.ForAnchor)); !errors.Is(err, signin.ErrUsed) {
		t.Errorf("a used one: %v", err)
	}
	for removed := 0; removed < signin.MaxUsed; {
		n, err := s.Sweep(t.Context(), noon.Add(time.Hour))
		if err != nil || n == 0 || n > signin.MaxSwept {
			t.Fatalf("swept %d after %d: %v", n, removed, err)
		}
		removed += n
	}
	must(t, s.UseLink(t.Context(), link("more", signin.ForAnchor)))
}

func sweeps(t *testing.T, s signin.Store) {
	if n, err := s.Sweep(t.Context(), noon); n != 0 || err != nil {
		t.Errorf("an empty store: %d, %v", n, err)
	}
	must(t, s.AddSession(t.Context(), Sample("over", noon.Add(time.Minute))))
	runs := Sample("runs", noon.Add(2*time.Minute))
	must(t, s.AddSession(t.Context(), runs))
	short := link("short", signin.ForAdmin)
	short.ExpiresAt = noon.Add(time.Minute)
	must(t, s.UseLink(t.Context(), short))
	must(t, s.UseLink(t.Context(), link("long", signin.ForAdmin)))
	for _, want := range []int{2, 0} {
		if n, err := s.Sweep(t.Context(), noon.Add(time.Minute)); n != want || err != nil {
			t.Errorf("%d, %v; want %d", n, err, want)
		}
	}
	gone(t, s, "over")
	is(t, s, "runs", runs)
	if err := s.UseLink(t.Context(), link("long", signin.ForAdmin)); !errors.Is(err, signin.ErrUsed) {
		t.Errorf("a link that may still be shown: %v", err)
	}
}

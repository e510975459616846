package snapshot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/live/blob"
)

// keepAt puts a picture into the store as another node would.
func (s *studio) keepAt(room string, at time.Time, widths ...int) {
	s.t.Helper()
	for _, w := range widths {
		shot := Shot{At: at, Width: w, Height: w / 2}
		if err := s.store.Put(s.t.Context(), of(room)+shot.File(), fmt.Appendf(nil, "%d wide", w)); err != nil {
			s.t.Fatal(err)
		}
	}
}

func TestFileNames(t *testing.T) {
	t.Parallel()
	shot := Shot{At: time.UnixMilli(1764511200123).UTC(), Width: 1920, Height: 1080}
	if got := shot.File(); got != "01764511200123-1920x1080.jpg" {
		t.Errorf("%s", got)
	}
	if got, ok := ParseFile(shot.File()); !ok || got != shot {
		t.Errorf("%+v", got)
	}
	for _, bad := range []string{
		"", "01764511200123-1920x1080.png", "1764511200123-1920x1080.jpg", "01764511200123-0x1080.jpg", "01764511200123-1920x999999.jpg",
		"01764511200123-1920x1080.jpg/..", "../01764511200123-1920x1080.jpg", "0176451120012a-1920x1080.jpg",
	} {
		if got, ok := ParseFile(bad); ok {
			t.Errorf("%q is %+v", bad, got)
		}
	}
	if _, _, ok := parseName("rec/a/01764511200123-1920x1080.jpg"); ok {
		t.Error("another's object")
	}
}

func TestCoverIsTheNewestInTheSizeAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStudio(t, Config{})
		if _, err := s.Cover(t.Context(), "a", time.Time{}, 0); !errors.Is(err, ErrNone) {
			t.Errorf("none: %v", err)
		}
		at := time.Now()
		s.keepAt("a", at, 5000)
		s.keepAt("a", at.Add(time.Second), 1920, 320, 640)
		s.keepAt("ab", at.Add(time.Hour), 7)
		time.Sleep(listFresh)
		for width, want := range map[int]int{0: 1920, 1: 320, 320: 320, 321: 640, 640: 640, 1000: 1920, 9999: 1920} {
			if p, err := s.Cover(t.Context(), "a", time.Time{}, width); err != nil || p.Width != want || string(p.JPEG) != fmt.Sprintf("%d wide", want) || p.Bytes != int64(len(p.JPEG)) {
				t.Errorf("%d wide: %+v, %v", width, p, err)
			}
		}
		if _, err := s.Cover(t.Context(), "a", at.Add(time.Hour), 0); !errors.Is(err, ErrNone) {
			t.Errorf("of a room made later: %v", err)
		}
		if _, err := s.Open(t.Context(), "a", Shot{At: at, Width: 3, Height: 3}); !errors.Is(err, ErrNone) {
			t.Errorf("a size that is not there: %v", err)
		}
		if _, err := s.Open(t.Context(), "../a", Shot{At: at, Width: 3, Height: 3}); !errors.Is(err, ErrNone) {
			t.Errorf("a room that is none: %v", err)
		}
	})
}

// Another node takes a picture and removes the one before, which this one has listed: the cover is the new one, not none.
func TestCoverThatWasReplacedOnAnotherNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStudio(t, Config{Keep: 1})
		at := time.Now()
		s.keepAt("a", at, 640)
		if _, err := s.Shots(t.Context(), "a", at); err != nil {
			t.Fatal(err)
		}
		s.keepAt("a", at.Add(time.Second), 320)
		if err := s.store.Remove(t.Context(), of("a")+Shot{At: at, Width: 640, Height: 320}.File()); err != nil {
			t.Fatal(err)
		}
		if p, err := s.Cover(t.Context(), "a", at, 0); err != nil || p.Width != 320 {
			t.Errorf("%+v, %v", p.Shot, err)
		}
		if err := s.store.Remove(t.Context(), s.names()...); err != nil {
			t.Fatal(err)
		}
		time.Sleep(listFresh)
		if _, err := s.Cover(t.Context(), "a", at, 0); !errors.Is(err, ErrNone) {
			t.Errorf("when all are gone: %v", err)
		}
	})
}

// A hundred who look at a lobby cost the store what one does.
func TestLookingCostsTheStoreLittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStudio(t, Config{})
		counting := &countingStore{Store: s.store}
		s.Service.store = counting
		s.keepAt("a", time.Now(), 640)
		look := func() {
			t.Helper()
			for range 100 {
				go func() {
					if _, err := s.Cover(t.Context(), "a", time.Time{}, 0); err != nil {
						t.Errorf("%v", err)
					}
				}()
			}
			synctest.Wait()
		}
		look()
		if lists, opens := counting.lists.Load(), counting.opens.Load(); lists != 1 || opens != 1 {
			t.Errorf("%d listings and %d pictures read", lists, opens)
		}
		time.Sleep(listFresh)
		look()
		if lists, opens := counting.lists.Load(), counting.opens.Load(); lists != 2 || opens != 1 {
			t.Errorf("later: %d listings and %d pictures read", lists, opens)
		}
		s.store.Break(blob.ErrUnavailable)
		if _, err := s.Cover(t.Context(), "b", time.Time{}, 0); !errors.Is(err, blob.ErrUnavailable) {
			t.Errorf("away, and nobody looked before: %v", err)
		}
		time.Sleep(listFresh)
		look()
		look()
		if lists, opens := counting.lists.Load(), counting.opens.Load(); lists != 4 || opens != 1 {
			t.Errorf("away: %d listings and %d pictures read", lists, opens)
		}
	})
}

type countingStore struct {
	blob.Store
	lists, opens atomic.Int64
}

func (s *countingStore) List(ctx context.Context, prefix, after string, see func(blob.Held) error) error {
	s.lists.Add(1)
	return s.Store.List(ctx, prefix, after, see)
}

func (s *countingStore) Open(ctx context.Context, name string) (blob.Object, error) {
	s.opens.Add(1)
	return s.Store.Open(ctx, name)
}

func TestWhatIsRememberedIsBounded(t *testing.T) {
	t.Parallel()
	c := newCache()
	for i := range maxLists + 5 {
		c.put(fmt.Sprint(i), nil)
	}
	for i := range 100 {
		c.keepImage(fmt.Sprint(i), make([]byte, 1<<20))
	}
	if len(c.lists) != maxLists || c.bytes != maxImageBytes || len(c.images) != 64 || len(c.order) != 64 {
		t.Errorf("%d lists, %d bytes of %d pictures", len(c.lists), c.bytes, len(c.images))
	}
	if _, ok := c.image("99"); !ok {
		t.Error("the newest is not among them")
	}
	c.drop([]string{"99", "0"})
	if c.bytes != maxImageBytes-1<<20 {
		t.Errorf("%d bytes", c.bytes)
	}
	began := time.Now()
	c.put("a", []Shot{{Width: 1}})
	c.offer("a", nil, began.Add(-time.Second))
	if shots, _ := c.get("a"); len(shots) != 1 {
		t.Error("an older listing replaced a newer one")
	}
}

func TestForgetRemovesARoomsPicturesAndNoOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStudio(t, Config{})
		for _, room := range []string{"a", "a-", "ab", "b"} {
			s.keepAt(room, time.Now(), 640, 320)
		}
		if shots, err := s.Shots(t.Context(), "a", time.Time{}); err != nil || len(shots) != 2 {
			t.Fatalf("%v, %v", shots, err)
		}
		s.Gone("a")
		time.Sleep(off)
		s.keepAt("a", time.Now(), 160) // of the room that was made anew at once
		end := s.begin()
		synctest.Wait()
		if shots, err := s.Shots(t.Context(), "a", time.Time{}); err != nil || len(shots) != 1 || shots[0].Width != 160 {
			t.Errorf("%v, %v", shots, err)
		}
		end()
		if err := s.store.Remove(t.Context(), of("a")+Shot{At: time.Now(), Width: 160, Height: 80}.File()); err != nil {
			t.Fatal(err)
		}
		if names := s.names(); len(names) != 6 || slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, "shot/a/") }) {
			t.Errorf("kept %v", names)
		}
	})
}

func TestSweepRemovesWhatBelongsToNoRoomOrIsTooMuch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStudio(t, Config{Keep: 2})
		at := time.Now()
		for i := range 4 {
			s.keepAt("gone", at.Add(time.Duration(i)*time.Second), 640)
			s.keepAt("anew", at.Add(time.Duration(i)*time.Second), 640)
			s.keepAt("many", at.Add(time.Duration(i)*time.Second), 640, 320)
		}
		_ = s.store.Put(t.Context(), "rec/x/y", []byte("another's"))
		_ = s.store.Put(t.Context(), "shot/z", []byte("nobody's"))
		made := map[string]time.Time{"anew": at.Add(3 * time.Second), "many": at}
		away := errors.New("away")
		if err := s.Sweep(t.Context(), func(context.Context, string) (time.Time, error) { return time.Time{}, away }); !errors.Is(err, away) || len(s.names()) != 18 {
			t.Errorf("%v, %v", err, s.names())
		}
		for range 2 {
			if err := s.Sweep(t.Context(), func(_ context.Context, room string) (time.Time, error) { return made[room], nil }); err != nil {
				t.Fatal(err)
			}
			file := func(second, w int) string {
				return Shot{At: at.Add(time.Duration(second) * time.Second), Width: w, Height: w / 2}.File()
			}
			want := []string{
				"rec/x/y", "shot/anew/" + file(3, 640), "shot/many/" + file(2, 320), "shot/many/" + file(2, 640),
				"shot/many/" + file(3, 320), "shot/many/" + file(3, 640), "shot/z",
			}
			if got := s.names(); !slices.Equal(got, want) {
				t.Errorf("kept %v, want %v", got, want)
			}
		}
	})
}

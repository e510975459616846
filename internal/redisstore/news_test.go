package redisstore

import (
	"context"
	"errors"
	"testing"
	"time"

	"liveroom/chat/words"
	"liveroom/internal/redistest"
	"liveroom/web/callback"
)

// followNews runs News that watches both kinds, and returns what it is told; it can't reload as often as fail says.
func followNews(t *testing.T, s *Store, every time.Duration, fail int) (is func(kinds ...string)) {
	news := s.News()
	news.every = every
	told := make(chan string, 100)
	for _, kind := range []string{NewsWords, NewsEndpoints} {
		news.Watch(kind, func(context.Context) error {
			told <- kind
			if fail--; fail >= 0 {
				return errors.New("not now")
			}
			return nil
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- news.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	return func(kinds ...string) {
		t.Helper()
		for _, want := range kinds {
			select {
			case kind := <-told:
				if kind != want {
					t.Errorf("told of %s, want %s", kind, want)
				}
			case <-time.After(time.Minute):
				t.Fatalf("not told of %s", want)
			}
		}
	}
}

func putWord(t *testing.T, s *Store, text string) {
	t.Helper()
	if _, err := s.Words().ChangeWords(t.Context(), words.Change{Put: []words.Word{{Text: text}}}); err != nil {
		t.Fatal(err)
	}
}

// TestNewsComeByMessage: what one node changes the other is told without looking.
func TestNewsComeByMessage(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *Store) {
		here, there := open(t), open(t)
		there.cfg.Prefix = here.cfg.Prefix
		is := followNews(t, here, time.Hour, 0)
		is(NewsWords, NewsEndpoints) // at the begin
		putWord(t, there, "a")
		is(NewsWords)
		if err := there.Endpoints().PutEndpoint(t.Context(), callback.Endpoint{ID: "e"}, time.Time{}); err != nil {
			t.Fatal(err)
		}
		is(NewsEndpoints)
	})
}

// TestNewsAfterACut: what was changed while the node was cut off it is told when it is back.
func TestNewsAfterACut(t *testing.T) {
	proxy := redistest.Through(t, redistest.Shared(t).Addr)
	here, there := open(t, proxy.URL()), open(t, redistest.Shared(t).URL())
	there.cfg.Prefix = here.cfg.Prefix
	is := followNews(t, here, time.Hour, 0)
	is(NewsWords, NewsEndpoints)
	putWord(t, there, "a")
	is(NewsWords)
	proxy.Cut()
	putWord(t, there, "b")
	proxy.Heal()
	is(NewsWords)
}

// TestNewsUntilTheyAreInForce: who could not reload is told again.
func TestNewsUntilTheyAreInForce(t *testing.T) {
	is := followNews(t, open(t, redistest.Shared(t).URL()), 20*time.Millisecond, 3)
	is(NewsWords, NewsEndpoints, NewsWords, NewsEndpoints, NewsWords)
}

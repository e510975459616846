// Package callbacktest holds what every callback.EndpointStore and callback.PushStore must do. Memory,
// bbolt and Redis pass the same suites.
package callbacktest

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"liveroom/web/callback"
)

// Endpoints runs the suite; open returns an empty store each time it is called.
func Endpoints(t *testing.T, open func(t *testing.T) callback.EndpointStore) {
	s := open(t)
	ctx := t.Context()
	is := func(want ...callback.Endpoint) {
		t.Helper()
		got, err := s.Endpoints(ctx)
		if err != nil || len(got) != len(want) || len(want) > 0 && !reflect.DeepEqual(got, want) {
			t.Errorf("%+v, %v; want %+v", got, err, want)
		}
	}
	put := func(e callback.Endpoint, was time.Time) {
		t.Helper()
		if err := s.PutEndpoint(ctx, e, was); err != nil {
			t.Fatal(err)
		}
	}
	refused := func(e callback.Endpoint, was time.Time) {
		t.Helper()
		if err := s.PutEndpoint(ctx, e, was); !errors.Is(err, callback.ErrChanged) {
			t.Errorf("put %s as if it was of %v: %v", e.ID, was, err)
		}
	}
	is()
	at := time.Date(2026, 11, 21, 6, 0, 0, 0, time.UTC)
	b := callback.Endpoint{
		ID: "b", URL: "https://b.example.com/?<&>", Format: callback.FormatIM, Events: []string{"x", "y"}, Key: "k",
		OnFailure: callback.FailClosed, Retry: callback.RetryTencent, Enabled: true, CreatedAt: at, ChangedAt: at.Add(time.Second),
	}
	a := callback.Endpoint{ID: "a", URL: "http://a", Format: callback.FormatCSS, Events: []string{"*"}, CreatedAt: at, ChangedAt: at}
	none := time.Time{}
	put(b, none)
	put(a, none)
	refused(a, none)
	refused(callback.Endpoint{ID: "c", CreatedAt: at, ChangedAt: at}, at)
	is(a, b)
	was := b.ChangedAt
	b.Key, b.Enabled, b.Events, b.ChangedAt = "", false, []string{"z"}, was.Add(1)
	put(b, was)
	refused(b, was)
	is(a, b)
	for range 2 { // the second time there is nothing to delete
		if err := s.DeleteEndpoint(ctx, "a"); err != nil {
			t.Fatal(err)
		}
		is(b)
	}
}

// Package settingtest holds what every setting.Store must do. Memory, bbolt and Redis pass the same suite.
package settingtest

import (
	"encoding/json"
	"errors"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"liveroom/chat/setting"
)

var at = time.Date(2026, 11, 21, 6, 0, 0, int(7*time.Millisecond), time.UTC)

// Record is one of a version, with values of all forms.
func Record(version uint64, history string) setting.Record {
	return setting.Record{Version: version, ChangedAt: at, ChangedBy: "administrator", Values: map[string]json.RawMessage{
		"history": json.RawMessage(history), "guestLogin": json.RawMessage("true"), "userRate": json.RawMessage("0.25"), "historyAge": json.RawMessage(`"90s"`),
		"embedOrigins": json.RawMessage(`["https://a.example","https://b.example"]`), "of another version": json.RawMessage(`{"a":1}`),
	}}
}

// Store runs the suite; open returns an empty Store each time it is called.
func Store(t *testing.T, open func(t *testing.T) setting.Store) {
	for _, tc := range []struct {
		name string
		run  func(t *testing.T, s setting.Store)
	}{
		{"one comes after the other", inOrder},
		{"of many at a time one is put", atATime},
	} {
		t.Run(tc.name, func(t *testing.T) { tc.run(t, open(t)) })
	}
}

func inOrder(t *testing.T, s setting.Store) {
	is(t, s, setting.Record{})
	for _, version := range []uint64{0, 2, 3} {
		if err := s.PutSettings(t.Context(), Record(version, "1")); !errors.Is(err, setting.ErrChanged) {
			t.Errorf("version %d after none: %v", version, err)
		}
	}
	is(t, s, setting.Record{})
	for version := uint64(1); version <= 3; version++ {
		if err := s.PutSettings(t.Context(), Record(version, "50")); err != nil {
			t.Fatal(err)
		}
		is(t, s, Record(version, "50"))
	}
	for _, version := range []uint64{0, 1, 3, 5} {
		if err := s.PutSettings(t.Context(), Record(version, "60")); !errors.Is(err, setting.ErrChanged) {
			t.Errorf("version %d after 3: %v", version, err)
		}
	}
	is(t, s, Record(3, "50"))
	empty := setting.Record{Version: 4, ChangedAt: at, ChangedBy: "anna"}
	if err := s.PutSettings(t.Context(), empty); err != nil {
		t.Fatal(err)
	}
	is(t, s, empty)
}

func atATime(t *testing.T, s setting.Store) {
	var put atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			switch err := s.PutSettings(t.Context(), Record(1, "7")); {
			case err == nil:
				put.Add(1)
			case !errors.Is(err, setting.ErrChanged):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if put.Load() != 1 {
		t.Errorf("%d were put", put.Load())
	}
	is(t, s, Record(1, "7"))
}

func is(t *testing.T, s setting.Store, want setting.Record) {
	t.Helper()
	got, err := s.Settings(t.Context())
	if len(got.Values) == 0 {
		got.Values = nil
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("%+v, %v, want %+v", got, err, want)
	}
}

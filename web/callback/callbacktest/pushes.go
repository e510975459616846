package callbacktest

import (
	"reflect"
	"testing"
	"time"

	"liveroom/web/callback"
)

// Pushes is what every callback.PushStore must do; open returns an empty store.
func Pushes(t *testing.T, open func(t *testing.T) callback.PushStore) {
	s := open(t)
	ctx := t.Context()
	is := func(want ...callback.Push) {
		t.Helper()
		got, err := s.Pushes(ctx)
		if err != nil || len(got) != len(want) || len(want) > 0 && !reflect.DeepEqual(got, want) {
			t.Errorf("%+v, %v; want %+v", got, err, want)
		}
	}
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	is()
	at := time.Date(2026, 11, 21, 6, 0, 0, 7e6, time.UTC)
	a := callback.Push{
		Sequence: "1001", Room: "r1", Stream: "r1.s", App: "live", Domain: "push.example.com", Param: "a=<&>", UserIP: "192.0.2.1",
		Node: "192.0.2.2", StartedAt: at,
	}
	b := callback.Push{Sequence: "1002", Room: "r2", Stream: "r2", App: "live", StartedAt: at}
	c := callback.Push{Sequence: "1003", Room: "r1", Stream: "r1.s", App: "live", StartedAt: at}
	do(s.PutPushes(ctx, c, a))
	do(s.PutPushes(ctx, b))
	do(s.PutPushes(ctx))
	is(a, b, c)
	b.Param = "again"
	do(s.PutPushes(ctx, b))
	is(a, b, c)
	do(s.DeletePushes(ctx, a.Sequence, "9999", c.Sequence))
	do(s.DeletePushes(ctx))
	is(b)
}

package record_test

import (
	"context"
	"log/slog"
	"os"
	"testing"
	"time"

	"liveroom/internal/redistest"
	"liveroom/internal/s3test"
	"liveroom/live/blob"
	"liveroom/live/record"
	"liveroom/live/record/recordtest"
	"liveroom/status"
)

func TestMain(m *testing.M) {
	s3test.Serve()
	os.Exit(m.Run())
}

// TestS3IsAwayInTheMiddle of a recording: one node records over its spool, another sweeps. While S3 is away from the first the
// recording goes on and is not finished; later it is, with all that was pushed.
func TestS3IsAwayInTheMiddle(t *testing.T) {
	t.Parallel()
	server := s3test.Start(t)
	proxy := redistest.Through(t, server)
	bucket := func(addr string) *blob.S3 {
		s, err := blob.NewS3(blob.S3Config{Endpoint: "http://" + addr, Region: "us-east-1", Bucket: s3test.Bucket, AccessKey: "key", SecretKey: "secret"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
	log := slog.New(slog.DiscardHandler)
	spool, err := blob.OpenSpool(blob.SpoolConfig{Path: t.TempDir(), First: 10 * time.Millisecond, Most: 50 * time.Millisecond}, bucket(proxy.Addr), log)
	if err != nil {
		t.Fatal(err)
	}
	room, store, there := &recordtest.Room{}, record.NewMemory(), bucket(server)
	node := func(blobs blob.Store) *record.Service {
		s, err := record.New(record.Config{
			Settle: time.Millisecond, Rule: room.Rule, RoomRule: room.Rule, Session: room.Session, NewID: status.NewULID,
			Spooled: func(_ context.Context, id string) (bool, error) { return spool.Waiting(record.Prefix(id)) > 0, nil },
		}, store, blobs, log)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	recorder, sweeper := node(spool), node(there)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{}, 2)
	go func() { _ = recorder.Run(ctx); done <- struct{}{} }()
	go func() { _ = spool.Run(ctx); done <- struct{}{} }()
	defer func() { cancel(); <-done; <-done; _ = spool.Close() }()
	until := func(what string, so func() bool) {
		t.Helper()
		for end := time.Now().Add(time.Minute); !so(); <-time.After(5 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("not so after a minute: %s", what)
			}
		}
	}
	push := func(from, to int64) {
		for n := from; n < to; n++ {
			recorder.Take(record.Piece{
				Stream: "r", Session: "S", Zero: time.Now(), Generation: 1, Start: n * 6000, Duration: 6000, Init: []byte("init"), Parts: [][]byte{make([]byte, 1000)},
			})
		}
	}
	room.Set(record.Rule{Mode: record.Always}, "S")
	until("it records", func() bool { push(0, 3); return recorder.Stats().Segments >= 3 })
	until("S3 has all so far", func() bool { return spool.Waiting("") == 0 })
	proxy.Cut()
	push(3, 6)
	room.Set(record.Rule{Mode: record.Always}, "")
	recorder.Over("S")
	until("the rest waits", func() bool { return spool.Waiting("") >= 3 })
	state := func() record.Recording {
		if err := sweeper.Sweep(t.Context()); err != nil {
			t.Error(err)
		}
		page, _, err := store.List(t.Context(), record.Query{})
		if err != nil || len(page) != 1 {
			t.Fatalf("%+v, %v", page, err)
		}
		return page[0]
	}
	for range 3 {
		if r := state(); r.State != record.Finishing {
			t.Errorf("it is %s while some of it waits", r.State)
		}
	}
	proxy.Heal()
	var r record.Recording
	until("it is done", func() bool { r = state(); return r.State == record.Done })
	if x, err := sweeper.Index(t.Context(), r.ID); err != nil || len(x.Segments) != 6 || r.Duration != 36_000 || r.Gaps != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

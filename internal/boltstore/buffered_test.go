package boltstore

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	bolt "go.etcd.io/bbolt"
)

func TestLaterReplacesWhatStillWaits(t *testing.T) {
	s := openTest(t)
	b := inTest(t, s)
	runs := 0
	counted := func(value string) func(*bolt.Tx) error {
		return func(tx *bolt.Tx) error {
			runs++
			return put(b, "k", value)(tx)
		}
	}
	for i := range 5 {
		s.later("k", counted(fmt.Sprint(i)))
	}
	s.later("", put(b, "a", "1"))
	s.later("", put(b, "a", "2")) // no key: both are written, in order
	if n := s.BufferStats().Waiting; n != 3 {
		t.Errorf("%d writes wait, want 3", n)
	}
	if got := read(t, s, b, "k", "a"); !slices.Equal(got, []string{"-", "-"}) {
		t.Errorf("stored before the flush: %v", got)
	}
	if err := s.flush(); err != nil {
		t.Fatal(err)
	}
	if got := read(t, s, b, "k", "a"); !slices.Equal(got, []string{"4", "2"}) || runs != 1 {
		t.Errorf("stored %v with %d runs", got, runs)
	}
	s.later("k", counted("again"))
	if err := s.flush(); err != nil {
		t.Fatal(err)
	}
	if got := read(t, s, b, "k"); got[0] != "again" {
		t.Errorf("stored %v", got)
	}
}

func TestCloseWritesWhatWaits(t *testing.T) {
	path := filepath.Join(t.TempDir(), "liveroom.db")
	s, err := Open(path, discard())
	if err != nil {
		t.Fatal(err)
	}
	b := inTest(t, s)
	s.later("k", put(b, "k", "v"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, err = Open(path, discard())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got := read(t, s, b, "k"); got[0] != "v" {
		t.Errorf("stored %v", got)
	}
}

func TestWriteThatFailsByItselfHoldsUpNoOther(t *testing.T) {
	s := openTest(t)
	b := inTest(t, s)
	s.later("a", put(b, "a", "1"))
	s.later("bad", func(*bolt.Tx) error { return errors.New("never") })
	s.later("c", put(b, "c", "3"))
	if err := s.flush(); err != nil {
		t.Fatal(err)
	}
	if got := read(t, s, b, "a", "c"); !slices.Equal(got, []string{"1", "3"}) {
		t.Errorf("stored %v", got)
	}
	if st := s.BufferStats(); st != (BufferStats{Dropped: 1}) {
		t.Errorf("stats %+v", st)
	}
}

func TestDiskThatRefusesLosesNothing(t *testing.T) {
	s, err := Open(filepath.Join(t.TempDir(), "liveroom.db"), discard())
	if err != nil {
		t.Fatal(err)
	}
	b := inTest(t, s)
	path := s.db.Path()
	if err := s.db.Close(); err != nil { // from now on every commit fails
		t.Fatal(err)
	}
	s.later("a", put(b, "a", "1"))
	s.later("", put(b, "b", "1"))
	if err := s.flush(); err == nil {
		t.Fatal("flush of a closed file succeeded")
	}
	s.later("a", put(b, "a", "2")) // newer than the one put back
	s.later("c", put(b, "c", "3"))
	if err := s.flush(); err == nil {
		t.Fatal("flush of a closed file succeeded")
	}
	if st := s.BufferStats(); st != (BufferStats{Waiting: 3}) {
		t.Errorf("stats %+v", st)
	}
	if s.db, err = bolt.Open(path, 0o600, nil); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.flush(); err != nil {
		t.Fatal(err)
	}
	if got := read(t, s, b, "a", "b", "c"); !slices.Equal(got, []string{"2", "1", "3"}) {
		t.Errorf("stored %v", got)
	}
}

func TestPutBackKeepsTheNewer(t *testing.T) {
	s := openTest(t)
	says := func(what string) func(*bolt.Tx) error {
		return func(*bolt.Tx) error { return errors.New(what) }
	}
	s.later("x", says("new x"))
	s.later("y", says("new y"))
	s.buf.putBack([]op{{"y", says("old y")}, {"", says("old")}, {"z", says("old z")}})
	var order []string
	for _, o := range s.buf.ops {
		order = append(order, o.fn(nil).Error())
	}
	if want := []string{"new y", "old", "old z", "new x"}; !slices.Equal(order, want) {
		t.Errorf("queued %v, want %v", order, want)
	}
	for k, i := range s.buf.index {
		if s.buf.ops[i].key != k {
			t.Errorf("index of %s is %d", k, i)
		}
	}
	s.buf.ops, s.buf.index = nil, nil // they would fail
}

func TestBufferIsBounded(t *testing.T) {
	s := openTest(t)
	b := inTest(t, s)
	nothing := func(*bolt.Tx) error { return nil }
	s.later("first", put(b, "first", "1"))
	for range maxBuffered + 9 {
		s.later("", nothing)
	}
	s.later("first", put(b, "first", "2")) // replacing needs no room
	if st := s.BufferStats(); st != (BufferStats{Waiting: maxBuffered, Dropped: 10}) {
		t.Errorf("stats %+v", st)
	}
	if err := s.flush(); err != nil {
		t.Fatal(err)
	}
	if got := read(t, s, b, "first"); got[0] != "2" {
		t.Errorf("stored %v", got)
	}
}

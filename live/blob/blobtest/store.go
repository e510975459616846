// Package blobtest is the suite that every blob.Store passes.
package blobtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"liveroom/live/blob"
)

// Store runs the suite on stores that open makes empty.
func Store(t *testing.T, open func(t *testing.T) blob.Store) {
	for name, test := range map[string]func(*testing.T, blob.Store){
		"what was put is there": put, "one that was there is replaced": replace, "what was never there": never,
		"begun, committed, discarded": create, "read from anywhere": anywhere, "removed": remove, "replaced while it is read": meanwhile, "listed in order": list,
		"a listing ends where it is told to": stop, "names are checked": names, "a context bounds the call": bounds,
		"never half of one": whole, "many at once": many,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// Put stores an object, or fails the test.
func Put(t *testing.T, s blob.Store, name string, data ...[]byte) {
	t.Helper()
	if err := s.Put(t.Context(), name, data...); err != nil {
		t.Fatalf("put %s: %v", name, err)
	}
}

// Get reads an object whole, or fails the test.
func Get(t *testing.T, s blob.Store, name string) []byte {
	t.Helper()
	o, err := s.Open(t.Context(), name)
	if err != nil {
		t.Fatalf("open %s: %v", name, err)
	}
	got, err := io.ReadAll(o)
	if err = errors.Join(err, o.Close()); err != nil {
		t.Fatalf("read %s: %v", name, err)
	}
	if h := o.Held(); h.Name != name || h.Size != int64(len(got)) || time.Since(h.Modified).Abs() > time.Hour {
		t.Errorf("%s has %d bytes, but holds %+v", name, len(got), h)
	}
	return got
}

// Names lists the names that begin with prefix and come after one.
func Names(t *testing.T, s blob.Store, prefix, after string) (all []string) {
	t.Helper()
	err := s.List(t.Context(), prefix, after, func(h blob.Held) error {
		all = append(all, h.Name)
		return nil
	})
	if err != nil {
		t.Fatalf("list %q after %q: %v", prefix, after, err)
	}
	return all
}

// Gone fails the test unless there is no such object.
func Gone(t *testing.T, s blob.Store, name string) {
	t.Helper()
	if o, err := s.Open(t.Context(), name); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("open %s: %v, %v", name, o, err)
	}
}

func put(t *testing.T, s blob.Store) {
	large := bytes.Repeat([]byte("0123456789abcdef"), 100_000)
	for name, parts := range map[string][][]byte{
		"one": {[]byte("x")}, "rec/01/parts.m4s": {[]byte("a"), nil, []byte("bc"), {}}, "rec/01/none": nil, "rec/01/empty": {{}},
		"large": {large, large[:7]}, strings.Repeat("n", blob.MaxName): {[]byte("longest")}, "a/b/c/d/e/f/g/h": {[]byte("deep")},
	} {
		Put(t, s, name, parts...)
		if got, want := Get(t, s, name), slices.Concat(parts...); !bytes.Equal(got, want) {
			t.Errorf("%s has %d bytes, want %d", name, len(got), len(want))
		}
	}
}

func replace(t *testing.T, s blob.Store) {
	Put(t, s, "rec/index.json", []byte("the first, and longer"))
	Put(t, s, "rec/index.json", []byte("the second"))
	if got := Get(t, s, "rec/index.json"); string(got) != "the second" {
		t.Errorf("%q", got)
	}
	w, err := s.Create(t.Context(), "rec/index.json")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, "the third"); err != nil {
		t.Fatal(err)
	}
	if got := Get(t, s, "rec/index.json"); string(got) != "the second" {
		t.Errorf("%q before the commit", got)
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	if got := Get(t, s, "rec/index.json"); string(got) != "the third" {
		t.Errorf("%q after the commit", got)
	}
	if got := Names(t, s, "", ""); !slices.Equal(got, []string{"rec/index.json"}) {
		t.Errorf("%v", got)
	}
}

// meanwhile: who reads what is replaced or removed gets what he opened, or an error.
func meanwhile(t *testing.T, s blob.Store) {
	old, fresh := bytes.Repeat([]byte("o"), 50_000), bytes.Repeat([]byte("f"), 50_000)
	Put(t, s, "x", old)
	var open []blob.Object
	for range 2 {
		o, err := s.Open(t.Context(), "x")
		if err != nil {
			t.Fatal(err)
		}
		defer o.Close()
		open = append(open, o)
	}
	check := func(o blob.Object, when string) {
		part := make([]byte, 1000)
		if n, err := o.ReadAt(part, 30_000); err == nil && !bytes.Equal(part[:n], old[:n]) {
			t.Errorf("%s: read other bytes", when)
		}
		_, err := o.Seek(10_000, io.SeekStart)
		rest, failed := io.ReadAll(o)
		if err != nil || failed == nil && !bytes.Equal(rest, old[10_000:]) {
			t.Errorf("%s: read %d other bytes: %v", when, len(rest), err)
		}
	}
	Put(t, s, "x", fresh)
	check(open[0], "replaced")
	if err := s.Remove(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	check(open[1], "removed")
	Gone(t, s, "x")
}

func never(t *testing.T, s blob.Store) {
	Put(t, s, "rec/01/a", []byte("x"))
	for _, name := range []string{"none", "rec/01/b", "rec/01", "rec", "rec/01/a/b"} {
		Gone(t, s, name)
		if err := s.Remove(t.Context(), name); err != nil {
			t.Errorf("remove %s: %v", name, err)
		}
	}
	if got := Names(t, s, "other/", ""); got != nil {
		t.Errorf("%v", got)
	}
	if got := Names(t, s, "", ""); !slices.Equal(got, []string{"rec/01/a"}) {
		t.Errorf("removing others left %v", got)
	}
}

func create(t *testing.T, s blob.Store) {
	begin := func(name string) blob.Writer {
		w, err := s.Create(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(w.Discard)
		return w
	}
	write := func(w blob.Writer, text string) {
		if n, err := io.WriteString(w, text); err != nil || n != len(text) {
			t.Fatalf("wrote %d, %v", n, err)
		}
	}
	a, b := begin("x/a"), begin("x/a")
	write(a, "from ")
	write(b, "to be forgotten")
	write(a, "a")
	b.Discard()
	Gone(t, s, "x/a")
	if err := a.Commit(); err != nil {
		t.Fatal(err)
	}
	a.Discard() // does nothing
	if got := Get(t, s, "x/a"); string(got) != "from a" {
		t.Errorf("%q", got)
	}
	if err := begin("x/empty").Commit(); err != nil {
		t.Fatal(err)
	}
	if got := Get(t, s, "x/empty"); len(got) != 0 {
		t.Errorf("%q", got)
	}
	if err := b.Commit(); err == nil {
		t.Error("committed what was discarded")
	}
	if got := Names(t, s, "", ""); !slices.Equal(got, []string{"x/a", "x/empty"}) {
		t.Errorf("%v", got)
	}
}

func anywhere(t *testing.T, s blob.Store) {
	data := make([]byte, 300_000)
	for i := range data {
		data[i] = byte(i >> 3)
	}
	Put(t, s, "x", data)
	o, err := s.Open(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	for _, at := range []int64{0, 1, 250_000, 17, 299_999} {
		part := make([]byte, 1000)
		n, err := o.ReadAt(part, at)
		want := data[at:min(at+1000, int64(len(data)))]
		if !bytes.Equal(part[:n], want) || (n < len(part)) != errors.Is(err, io.EOF) {
			t.Errorf("at %d: %d bytes, %v", at, n, err)
		}
	}
	for _, at := range []int64{100_000, 5, 299_990} {
		if got, err := o.Seek(at, io.SeekStart); got != at || err != nil {
			t.Fatal(got, err)
		}
		part, err := io.ReadAll(io.LimitReader(o, 100))
		if want := data[at:min(at+100, int64(len(data)))]; err != nil || !bytes.Equal(part, want) {
			t.Errorf("from %d: %d bytes, %v", at, len(part), err)
		}
	}
	if end, err := o.Seek(-10, io.SeekEnd); end != 299_990 || err != nil {
		t.Error(end, err)
	}
	if rest, err := io.ReadAll(o); err != nil || !bytes.Equal(rest, data[299_990:]) {
		t.Error(len(rest), err)
	}
	if _, err := o.Seek(-1, io.SeekStart); err == nil {
		t.Error("went before the beginning")
	}
}

func remove(t *testing.T, s blob.Store) {
	for _, name := range []string{"rec/1/a", "rec/1/b", "rec/2/a", "rec/2/b/c"} {
		Put(t, s, name, []byte(name))
	}
	if err := s.Remove(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Remove(t.Context(), "rec/1/a", "rec/2/b/c", "rec/3/none", "rec/1/b"); err != nil {
		t.Fatal(err)
	}
	if got := Names(t, s, "", ""); !slices.Equal(got, []string{"rec/2/a"}) {
		t.Errorf("left: %v", got)
	}
	Gone(t, s, "rec/1/a")
	Put(t, s, "rec/1/a", []byte("again"))
	if got := Get(t, s, "rec/1/a"); string(got) != "again" {
		t.Errorf("%q", got)
	}
}

// list: names are compared whole, so that a-b and a.b come before a/b.
func list(t *testing.T, s blob.Store) {
	all := []string{"B", "a-b", "a.b", "a/b", "a/b-c", "a/c/d", "a0", "a_b", "b/x/1", "b/x/2", "b/y", "ba"}
	for _, i := range []int{7, 3, 0, 11, 5, 1, 9, 2, 10, 4, 8, 6} {
		Put(t, s, all[i], []byte(all[i]))
	}
	afters := append([]string{"", "a/", "a", "a/b-", "zz", "A", "b/x", "b/x/", "b/x/10"}, all...)
	for _, prefix := range []string{"", "a", "a/", "a/b", "a/c/", "a/c/d", "b/x/", "b", "b/", "c", "../", "/", "a//", ".", "a/b/"} {
		for _, after := range afters {
			var want []string
			for _, name := range all {
				if strings.HasPrefix(name, prefix) && name > after {
					want = append(want, name)
				}
			}
			if got := Names(t, s, prefix, after); !slices.Equal(got, want) {
				t.Errorf("%q after %q: %v, want %v", prefix, after, got, want)
			}
		}
	}
	err := s.List(t.Context(), "", "", func(h blob.Held) error {
		if h.Size != int64(len(h.Name)) || time.Since(h.Modified).Abs() > time.Hour {
			t.Errorf("%+v", h)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func stop(t *testing.T, s blob.Store) {
	for i := range 20 {
		Put(t, s, fmt.Sprintf("x/%02d", i), nil)
	}
	enough, seen := errors.New("enough"), 0
	err := s.List(t.Context(), "x/", "", func(blob.Held) error {
		if seen++; seen == 7 {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) || seen != 7 {
		t.Errorf("%d seen, %v", seen, err)
	}
}

// Bad are names that no object can have.
var Bad = []string{
	"", "/", "/a", "a/", "a//b", ".", "..", "a/..", "../a", "a/../b", "./a", ".a", "a/.b", "a b", "a\\b", "ä", "a\x00", "a\n", "a:b", "a+b", "a%2fb", "a?b",
	strings.Repeat("n", blob.MaxName+1),
}

func names(t *testing.T, s blob.Store) {
	for _, name := range Bad {
		if err := s.Put(t.Context(), name, []byte("x")); !errors.Is(err, blob.ErrName) {
			t.Errorf("put %q: %v", name, err)
		}
		if w, err := s.Create(t.Context(), name); !errors.Is(err, blob.ErrName) {
			t.Errorf("create %q: %v, %v", name, w, err)
		}
		if o, err := s.Open(t.Context(), name); !errors.Is(err, blob.ErrName) {
			t.Errorf("open %q: %v, %v", name, o, err)
		}
		if err := s.Remove(t.Context(), "good", name); !errors.Is(err, blob.ErrName) {
			t.Errorf("remove %q: %v", name, err)
		}
	}
	if got := Names(t, s, "", ""); got != nil {
		t.Errorf("%v", got)
	}
}

func bounds(t *testing.T, s blob.Store) {
	Put(t, s, "a", bytes.Repeat([]byte("x"), 100_000))
	over, cancel := context.WithCancel(t.Context())
	o, err := s.Open(over, "a")
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	w, err := s.Create(over, "b")
	if err != nil {
		t.Fatal(err)
	}
	defer w.Discard()
	cancel()
	if got, err := io.ReadAll(o); err != nil || len(got) != 100_000 {
		t.Errorf("reading on: %d bytes, %v", len(got), err)
	}
	if _, err := io.WriteString(w, "y"); err != nil {
		t.Errorf("writing on: %v", err)
	}
	if err := w.Commit(); err != nil {
		t.Errorf("commit: %v", err)
	}
	if err := s.Put(over, "c", []byte("x")); !errors.Is(err, context.Canceled) {
		t.Errorf("put: %v", err)
	}
	if _, err := s.Open(over, "a"); !errors.Is(err, context.Canceled) {
		t.Errorf("open: %v", err)
	}
	if _, err := s.Create(over, "d"); !errors.Is(err, context.Canceled) {
		t.Errorf("create: %v", err)
	}
	if err := s.Remove(over, "a"); !errors.Is(err, context.Canceled) {
		t.Errorf("remove: %v", err)
	}
	if err := s.List(over, "", "", func(blob.Held) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("list: %v", err)
	}
	if got := Names(t, s, "", ""); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("%v", got)
	}
}

// whole: who reads while others replace and remove gets one of the objects, never a mixture.
func whole(t *testing.T, s blob.Store) {
	const rounds, size = 30, 40_000
	var wg sync.WaitGroup
	for writer := range 2 {
		wg.Go(func() {
			for i := range rounds {
				fill := byte('a' + (i+writer*13)%26)
				if err := s.Put(t.Context(), "x/y", bytes.Repeat([]byte{fill}, size+int(fill)*100)); err != nil {
					t.Error(err)
				}
				if i%5 == 0 {
					if err := s.Remove(t.Context(), "x/y"); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	for range 2 {
		wg.Go(func() {
			for range rounds {
				wholeOne(t, s)
			}
		})
	}
	wg.Wait()
}

func wholeOne(t *testing.T, s blob.Store) {
	o, err := s.Open(t.Context(), "x/y")
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		t.Error(err)
		return
	}
	defer o.Close()
	got, err := io.ReadAll(o)
	if err != nil {
		t.Error(err)
		return
	}
	if len(got) == 0 || int64(len(got)) != o.Held().Size || len(got) != 40_000+int(got[0])*100 ||
		!bytes.Equal(got, bytes.Repeat(got[:1], len(got))) {
		t.Errorf("%d bytes that are not one object", len(got))
	}
}

// many: objects come and go in the same folders.
func many(t *testing.T, s blob.Store) {
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 15 {
				name, other := fmt.Sprintf("rec/%d/%d", i%3, g), fmt.Sprintf("rec/%d/%d", (i+1)%3, g)
				if err := s.Put(t.Context(), name, []byte(name)); err != nil {
					t.Error(err)
				}
				if err := s.Remove(t.Context(), name, other); err != nil {
					t.Error(err)
				}
			}
			if err := s.Put(t.Context(), fmt.Sprintf("rec/9/%d", g), nil); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := Names(t, s, "", ""); len(got) != 8 {
		t.Errorf("%v", got)
	}
}

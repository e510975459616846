package chattest

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"liveroom/chat"
)

// attributes writes and returns what is stored then.
func attributes(t *testing.T, s chat.Store, group string, c chat.AttributeChange) (chat.Values, error) {
	t.Helper()
	c.Writes = 1000
	answer, err := s.PutAttributes(t.Context(), group, c)
	stored := Load(t, s, group).Attributes
	if err == nil && (stored.Version != answer.Version || !maps.Equal(stored.All, answer.All)) {
		t.Errorf("answered %+v, stored %+v", answer, stored)
	}
	return stored, err
}

func testAttributes(t *testing.T, s chat.Store) {
	Create(t, s, "g")
	for i, tc := range []struct {
		name   string
		change chat.AttributeChange
		want   map[string]string
	}{
		{"set", chat.AttributeChange{Op: chat.SetAttribute, Set: map[string]string{"a": "1", "b": "2"}}, map[string]string{"a": "1", "b": "2"}},
		{"upsert", chat.AttributeChange{Op: chat.SetAttribute, Set: map[string]string{"b": "", "c": "3"}}, map[string]string{"a": "1", "b": "", "c": "3"}},
		{"delete", chat.AttributeChange{Op: chat.DeleteAttribute, Keys: []string{"a", "b"}}, map[string]string{"c": "3"}},
		{"replace", chat.AttributeChange{Op: chat.ReplaceAttribute, Set: map[string]string{"d": "4"}}, map[string]string{"d": "4"}},
		{"clear", chat.AttributeChange{Op: chat.ClearAttribute}, map[string]string{}},
	} {
		got, err := attributes(t, s, "g", tc.change)
		if err != nil || got.Version != uint64(i+1) || !maps.Equal(got.All, tc.want) {
			t.Errorf("%s: %+v, %v; want %v", tc.name, got, err, tc.want)
		}
	}
	before := Load(t, s, "g").Attributes.All
	if _, err := attributes(t, s, "g", chat.AttributeChange{Op: chat.SetAttribute, Set: map[string]string{"x": "y"}}); err != nil {
		t.Fatal(err)
	}
	if len(before) != 0 {
		t.Errorf("a map already given out changed to %v", before)
	}
}

func testAttributeLimits(t *testing.T, s chat.Store) {
	many := func(n, bytes int) map[string]string {
		m := make(map[string]string, n)
		for i := range n {
			m[fmt.Sprint("key", i)] = strings.Repeat("x", bytes)
		}
		return m
	}
	for i, tc := range []struct {
		name string
		set  map[string]string
		want *chat.Error
	}{
		{"key of 32 bytes", map[string]string{strings.Repeat("k", 32): ""}, nil},
		{"key of 33 bytes", map[string]string{strings.Repeat("k", 33): ""}, chat.ErrAttributeKey},
		{"key of 11 characters, 33 bytes", map[string]string{strings.Repeat("直", 11): ""}, chat.ErrAttributeKey},
		{"no key", map[string]string{"": "x"}, chat.ErrAttributeKey},
		{"value of 4000 bytes", many(1, 4000), nil},
		{"value of 4001 bytes", many(1, 4001), chat.ErrAttributeValue},
		{"16 keys", many(16, 1), nil},
		{"17 keys", many(17, 1), chat.ErrAttributeCount},
		{"16000 bytes", many(16, 1000), nil},
		{"16016 bytes", many(16, 1001), chat.ErrAttributeTotal},
		{"key is no text", map[string]string{"\xff": "x"}, chat.ErrParameter},
		{"value is no text", map[string]string{"x": "\xff"}, chat.ErrParameter},
	} {
		t.Run(tc.name, func(t *testing.T) {
			id := fmt.Sprint("g", i)
			Create(t, s, id)
			got, err := attributes(t, s, id, chat.AttributeChange{Op: chat.SetAttribute, Set: tc.set})
			if tc.want != nil {
				wantErr(t, tc.name, err, tc.want)
				if got.Version != 0 || len(got.All) != 0 {
					t.Errorf("refused, yet stored %d attributes", len(got.All))
				}
			} else if err != nil || !maps.Equal(got.All, tc.set) {
				t.Errorf("stored %d, %v", len(got.All), err)
			}
		})
	}
	t.Run("all or nothing", func(t *testing.T) {
		Create(t, s, "all")
		if _, err := attributes(t, s, "all", chat.AttributeChange{Op: chat.SetAttribute, Set: many(15, 1)}); err != nil {
			t.Fatal(err)
		}
		got, err := attributes(t, s, "all", chat.AttributeChange{Op: chat.SetAttribute, Set: map[string]string{"key0": "new", "y": "", "z": ""}})
		wantErr(t, "two too many", err, chat.ErrAttributeCount)
		if len(got.All) != 15 || got.All["key0"] != "x" {
			t.Errorf("part of a refused write was stored: %v", got.All)
		}
		got, err = attributes(t, s, "all", chat.AttributeChange{Op: chat.DeleteAttribute, Keys: []string{"key1", "nope"}})
		wantErr(t, "delete what is not there", err, chat.ErrNoAttribute)
		if len(got.All) != 15 {
			t.Errorf("part of a refused delete was done: %v", got.All)
		}
	})
}

// testAttributeRate: five pass in a second, the sixth does not, and later one does again.
func testAttributeRate(t *testing.T, s chat.Store) {
	Create(t, s, "g")
	Create(t, s, "other")
	write := func(group string) error {
		_, err := s.PutAttributes(t.Context(), group, chat.AttributeChange{Op: chat.SetAttribute, Set: map[string]string{"a": "1"}, Writes: 5})
		return err
	}
	begin := time.Now()
	for i := range 5 {
		if err := write("g"); err != nil {
			t.Fatalf("write %d: %v", i, err)
		}
	}
	err := write("g")
	if time.Since(begin) < time.Second {
		wantErr(t, "the sixth", err, chat.ErrAttributeRate)
	}
	if err := write("other"); err != nil {
		t.Errorf("another group pays: %v", err)
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range tick.C {
		if err = write("g"); err == nil || time.Since(begin) > 5*time.Second {
			break
		}
	}
	if took := time.Since(begin); err != nil || took < time.Second {
		t.Errorf("the next write passed after %v: %v", took, err)
	}
}

// testAttributesChanged: a change is refused whose maker did not know the newest version but for the status, or one that
// never was; and nothing of it is done.
func testAttributesChanged(t *testing.T, s chat.Store) {
	Create(t, s, "g")
	write := func(known uint64, value string) (chat.Values, error) {
		return attributes(t, s, "g", chat.AttributeChange{Op: chat.SetAttribute, Set: map[string]string{"a": value}, Known: known})
	}
	status := func(version uint64) {
		change, m := Status("g", "e", version)
		if _, err := s.ApplyStatus(t.Context(), change, m, Keep); err != nil {
			t.Fatal(err)
		}
	}
	for i, tc := range []struct {
		known   uint64
		ok      bool
		version uint64 // then
	}{
		{0, true, 1}, {1, true, 2}, {1, false, 2}, {3, false, 2}, {2, true, 3}, {0, true, 4},
	} {
		now, err := write(tc.known, fmt.Sprint(i))
		if now.Version != tc.version || tc.ok != (now.All["a"] == fmt.Sprint(i)) || tc.ok != (err == nil) {
			t.Errorf("write %d knowing %d: %+v, %v", i, tc.known, now, err)
		}
		if !tc.ok {
			wantErr(t, "stale", err, chat.ErrAttributesChanged)
		}
	}
	status(1)
	status(2)
	if now, err := write(4, "before the status"); err != nil || now.Version != 7 {
		t.Errorf("who has not heard of the status: %+v, %v", now, err)
	}
	status(3)
	if now, err := write(8, "after it"); err != nil || now.Version != 9 {
		t.Errorf("who has: %+v, %v", now, err)
	}
	for _, c := range []chat.AttributeChange{
		{Op: chat.ReplaceAttribute, Known: 8}, {Op: chat.DeleteAttribute, Keys: []string{"a"}, Known: 8}, {Op: chat.ClearAttribute, Known: 8},
	} {
		now, err := attributes(t, s, "g", c)
		wantErr(t, fmt.Sprint("stale operation ", c.Op), err, chat.ErrAttributesChanged)
		if now.All["a"] != "after it" {
			t.Errorf("operation %d was refused and done", c.Op)
		}
	}
}

func testServerAttribute(t *testing.T, s chat.Store) {
	Create(t, s, "g")
	change, m := Status("g", "e", 1)
	if _, err := s.ApplyStatus(t.Context(), change, m, Keep); err != nil {
		t.Fatal(err)
	}
	sixteen := make(map[string]string)
	for i := range 16 {
		sixteen[fmt.Sprint(i)] = strings.Repeat("x", 1000)
	}
	for _, tc := range []struct {
		name   string
		change chat.AttributeChange
		want   int
	}{
		{"does not count", chat.AttributeChange{Op: chat.SetAttribute, Set: sixteen}, 17},
		{"survives replace", chat.AttributeChange{Op: chat.ReplaceAttribute, Set: map[string]string{"a": "1"}}, 2},
		{"survives clear", chat.AttributeChange{Op: chat.ClearAttribute}, 1},
	} {
		got, err := attributes(t, s, "g", tc.change)
		if err != nil || len(got.All) != tc.want || got.All["live_status"] != string(change.Record) {
			t.Errorf("%s: %d attributes, %v", tc.name, len(got.All), err)
		}
	}
	got, err := attributes(t, s, "g", chat.AttributeChange{Op: chat.DeleteAttribute, Keys: []string{"live_status"}})
	wantErr(t, "delete it", err, chat.ErrNoAttribute)
	if got.All["live_status"] != string(change.Record) {
		t.Error("it was deleted")
	}
}

func testFields(t *testing.T, s chat.Store) {
	Create(t, s, "g")
	change, m := Status("g", "e", 1)
	if _, err := s.ApplyStatus(t.Context(), change, m, Keep); err != nil {
		t.Fatal(err)
	}
	ten := make(map[string]string)
	for i := range 10 {
		ten[fmt.Sprint("f", i)] = strings.Repeat("x", 512)
	}
	for _, tc := range []struct {
		name string
		set  map[string]string
		want int // fields afterwards, the server's own included; 0: refused
	}{
		{"ten of 512 bytes", ten, 11},
		{"an eleventh", map[string]string{"more": "x"}, 0},
		{"one goes, one comes", map[string]string{"f0": "", "more": "x"}, 11},
		{"delete what is not there", map[string]string{"nothing": ""}, 11},
		{"value of 513 bytes", map[string]string{"f1": strings.Repeat("x", 513)}, 0},
		{"key of 17 bytes", map[string]string{strings.Repeat("k", 17): "x"}, 0},
		{"key with a dash", map[string]string{"a-b": "x"}, 0},
		{"value is no text", map[string]string{"f1": "\xff"}, 0},
	} {
		before := Load(t, s, "g")
		v, err := s.PutFields(t.Context(), "g", tc.set)
		after := Load(t, s, "g")
		if tc.want == 0 {
			wantErr(t, tc.name, err, chat.ErrParameter)
			if after.FieldsVersion != before.FieldsVersion || !maps.Equal(after.Group.Fields, before.Group.Fields) {
				t.Errorf("%s: refused, yet stored", tc.name)
			}
			continue
		}
		if err != nil || v.Version != before.FieldsVersion+1 || len(v.All) != tc.want || !maps.Equal(v.All, after.Group.Fields) {
			t.Errorf("%s: %d fields, version %d, %v", tc.name, len(v.All), v.Version, err)
		}
	}
}

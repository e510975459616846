package main

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestSettingsThatNodesShouldHaveInCommon: each but those that are a node's own, and what they are can't be read.
func TestSettingsThatNodesShouldHaveInCommon(t *testing.T) {
	var known []string
	for _, f := range reflect.VisibleFields(reflect.TypeFor[Settings]()) {
		known = append(known, f.Tag.Get("yaml"))
	}
	for _, name := range ownSettings {
		if !slices.Contains(known, name) {
			t.Errorf("there is no setting %s", name)
		}
	}
	a := Settings{Grace: time.Minute, StatusURL: "http://backend/?token=hidden", Admins: []string{"x"}, Node: "a"}
	b := a
	b.Node = "b"
	sums := a.sums("key")
	if got := differing(sums, b.sums("key")); len(got) != 0 {
		t.Errorf("differ in %v", got)
	}
	b.Grace, b.Admins = 2*time.Minute, []string{"x", "y"}
	if got := differing(sums, b.sums("key")+" new=1"); !slices.Equal(got, []string{"grace", "admins"}) {
		t.Errorf("differ in %v", got)
	}
	if strings.Contains(sums, "hidden") || sums == a.sums("other key") {
		t.Errorf("fingerprints %s", sums)
	}
}

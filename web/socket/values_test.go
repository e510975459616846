package socket_test

import (
	"testing"

	"liveroom/chat"
	"liveroom/web/socket"
)

// TestCounterOps: what the SDK sends and reads (web/sdk/src/values.ts).
func TestCounterOps(t *testing.T) {
	d := openChat(t, socket.Config{}, chat.Config{MembersWrite: true}, nil)
	alice := d.member("alice")
	for _, tc := range []struct {
		name string
		op   object
		want string
	}{
		{"none", object{"op": "getCounters"}, `{}`},
		{"set", object{"op": "setCounters", "counters": object{"a": 1, "b": "-9223372036854775808"}}, `{"a":1,"b":"-9223372036854775808"}`},
		{"increase", object{"op": "addCounter", "key": "a", "value": 4}, `{"a":5}`},
		{"decrease by digits", object{"op": "addCounter", "key": "a", "value": "-7"}, `{"a":-2}`},
		{"from nothing", object{"op": "addCounter", "key": "c", "value": 9007199254740991}, `{"c":9007199254740991}`},
		{"beyond 2^53", object{"op": "addCounter", "key": "c", "value": 1}, `{"c":"9007199254740992"}`},
		{"some", object{"op": "getCounters", "keys": []string{"a", "x"}}, `{"a":-2}`},
		{"delete", object{"op": "deleteCounters", "keys": []string{"b"}}, ``},
		{"all", object{"op": "getCounters"}, `{"a":-2,"c":"9007199254740992"}`},
	} {
		tc.op["group"] = "demo"
		if got := alice.ok(tc.op); string(got.Counters) != tc.want || tc.want != "" && got.Version == 0 != (tc.name == "none") {
			t.Errorf("%s: %s, version %d, want %s", tc.name, got.Counters, got.Version, tc.want)
		}
	}
	for _, tc := range []struct {
		name  string
		op    object
		code  int
		field string
	}{
		{"fraction", object{"op": "addCounter", "key": "a", "value": 1.5}, 10004, "value"},
		{"word", object{"op": "setCounters", "counters": object{"a": "many"}}, 10004, "counters"},
		{"list", object{"op": "setCounters", "counters": []int{1}}, 10004, "counters"},
		{"nothing", object{"op": "setCounters"}, 10004, "counters"},
		{"no key", object{"op": "addCounter", "value": 1}, 10004, "counters"},
		{"overflow", object{"op": "addCounter", "key": "c", "value": "9223372036854775807"}, 10004, "counters"},
	} {
		tc.op["group"] = "demo"
		if a := alice.ask(tc.op); a.Code != tc.code || a.Field != tc.field {
			t.Errorf("%s: %+v", tc.name, a)
		}
	}
	bob := d.dial()
	bob.ok(object{"op": "auth", "userId": "bob", "userSig": d.sig("bob")})
	if a := bob.ask(object{"op": "addCounter", "group": "demo", "key": "a", "value": 1}); a.Error != "not_joined" {
		t.Errorf("outside: %+v", a)
	}
	if j := bob.ok(object{"op": "join", "group": "demo"}); string(j.Counters) != `{"a":-2,"c":"9007199254740992"}` || j.Versions["counters"] == 0 {
		t.Errorf("who joins gets %s, versions %v", j.Counters, j.Versions)
	}
}

// TestAttributeVersions: what the SDK sends and reads; who writes over others is refused, the status disturbs nobody.
func TestAttributeVersions(t *testing.T) {
	d := openChat(t, socket.Config{}, chat.Config{MembersWrite: true}, nil)
	alice, bob := d.member("alice"), d.member("bob")
	write := func(c *client, op object) answer {
		op["group"] = "demo"
		return c.ask(op)
	}
	if a := write(alice, object{"op": "setAttributes", "attributes": object{"a": "1"}, "version": 0}); a.Code != 0 || a.Version != 1 {
		t.Fatalf("%+v", a)
	}
	if a := write(bob, object{"op": "getAttributes"}); a.Version != 1 || a.Attributes["a"] != "1" {
		t.Fatalf("%+v", a)
	}
	if err := d.chat.ApplyStatus(t.Context(), chat.StatusChange{Group: "demo", Epoch: "e", Version: 1, Record: []byte(`{}`), Field: []byte(`{}`)}); err != nil {
		t.Fatal(err)
	}
	if a := write(bob, object{"op": "replaceAttributes", "attributes": object{"a": "2"}, "version": 1}); a.Code != 0 || a.Version != 3 {
		t.Fatalf("a status came between: %+v", a)
	}
	for _, op := range []object{
		{"op": "setAttributes", "attributes": object{"a": "3"}}, {"op": "replaceAttributes", "attributes": object{}}, {"op": "deleteAttributes", "keys": []string{"a"}},
	} {
		op["version"] = 2
		if a := write(alice, op); a.Code != 10056 || a.Error != "attributes_changed" || a.Field != "version" {
			t.Errorf("%v: %+v", op, a)
		}
	}
	if a := write(alice, object{"op": "deleteAttributes", "keys": []string{"a"}, "version": 3}); a.Code != 0 || a.Version != 4 {
		t.Errorf("%+v", a)
	}
	if a := write(alice, object{"op": "setAttributes", "attributes": object{"a": "3"}, "version": -1}); a.Code != 10004 || a.Field != "version" {
		t.Errorf("%+v", a)
	}
}

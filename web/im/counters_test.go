package im_test

import (
	"strconv"
	"strings"
	"testing"
)

// TestCounters: they are numbers of 64 bits on the wire, whatever their size (spec im-rest §3.18, §8.2 point 5).
func TestCounters(t *testing.T) {
	d := newDoor(t, nil)
	d.group("live_1")
	update := func(mode, counters string) string {
		t.Helper()
		d.do("update_group_counter", `{"GroupId":"live_1","Mode":"`+mode+`","GroupCounter":`+counters+`}`)
		return d.raw("group_open_http_svc/update_group_counter", `{"GroupId":"live_1","Mode":"Increase","GroupCounter":[{"Key":"big","Value":0}]}`)
	}
	if raw := update("Set", `[{"Key":"big","Value":9223372036854775807}]`); !strings.Contains(raw, `"Value":9223372036854775807}`) {
		t.Error(raw)
	}
	if raw := update("Decrease", `[{"Key":"big","Value":1}]`); !strings.Contains(raw, `"Value":9223372036854775806}`) {
		t.Error(raw)
	}
	d.do("update_group_counter", `{"GroupId":"live_1","GroupCounter":[{"Key":"likes","Value":5}]}`).want(t, `{"GroupCounter":[{"Key":"likes","Value":5}]}`)
	d.do("update_group_counter", `{"GroupId":"live_1","Mode":"Increase","GroupCounter":[{"Key":"likes","Value":2},{"Key":"fresh","Value":3}]}`).
		want(t, `{"GroupCounter":[{"Key":"fresh","Value":3},{"Key":"likes","Value":7}]}`)
	d.do("update_group_counter", `{"GroupId":"live_1","Mode":"Decrease","GroupCounter":[{"Key":"likes","Value":10}]}`).
		want(t, `{"GroupCounter":[{"Key":"likes","Value":-3}]}`)
	d.do("get_group_counter", `{"GroupId":"live_1","GroupCounterKeys":["likes","nope"]}`).want(t, `{"GroupCounter":[{"Key":"likes","Value":-3}]}`)
	d.do("delete_group_counter", `{"GroupId":"live_1","GroupCounterKeys":["big"]}`).want(t, `{}`)
	d.do("get_group_counter", `{"GroupId":"live_1"}`).want(t, `{"GroupCounter":[{"Key":"fresh","Value":3},{"Key":"likes","Value":-3}]}`)
	d.do("delete_group_counter", `{"GroupId":"live_1"}`)
	d.do("get_group_counter", `{"GroupId":"live_1"}`).want(t, `{"GroupCounter":[]}`)
}

func TestCountersAreRefused(t *testing.T) {
	d := newDoor(t, nil)
	d.group("live_1")
	var many []string
	for i := range 21 {
		many = append(many, `{"Key":"k`+strconv.Itoa(i)+`","Value":1}`)
	}
	counters := func(list string) string { return `{"GroupId":"live_1","GroupCounter":[` + list + `]}` }
	d.do("update_group_counter", counters(`{"Key":"a","Value":-2}`))
	d.refuses([]refusal{
		{"21 keys", "update_group_counter", counters(strings.Join(many, ",")), 10063, "20"},
		{"a group that is not there", "update_group_counter", `{"GroupId":"nope","GroupCounter":[{"Key":"a","Value":1}]}`, 10010, ""},
		{"no group", "update_group_counter", `{"GroupCounter":[{"Key":"a","Value":1}]}`, 10004, "GroupId"},
		{"no counters", "update_group_counter", `{"GroupId":"live_1"}`, 10004, "GroupCounter"},
		{"no value", "update_group_counter", counters(`{"Key":"a"}`), 10004, "Value"},
		{"text", "update_group_counter", counters(`{"Key":"a","Value":"1"}`), 10004, "Value"},
		{"a fraction", "update_group_counter", counters(`{"Key":"a","Value":1.5}`), 10004, "Value"},
		{"beyond 64 bits", "update_group_counter", counters(`{"Key":"a","Value":9223372036854775808}`), 10004, "Value"},
		{"a long key", "update_group_counter", counters(`{"Key":"` + strings.Repeat("k", 129) + `","Value":1}`), 10004, "GroupCounter"},
		{"a key twice", "update_group_counter", counters(`{"Key":"a","Value":1},{"Key":"a","Value":1}`), 10004, "GroupCounter"},
		{"another mode", "update_group_counter", `{"GroupId":"live_1","Mode":"set","GroupCounter":[{"Key":"a","Value":1}]}`, 10004, "Mode"},
		{"a sum beyond 64 bits", "update_group_counter", `{"GroupId":"live_1","Mode":"Decrease","GroupCounter":[{"Key":"a","Value":9223372036854775807}]}`, 10004, "GroupCounter"},
		{"what has no opposite", "update_group_counter", `{"GroupId":"live_1","Mode":"Decrease","GroupCounter":[{"Key":"a","Value":-9223372036854775808}]}`, 10004, "GroupCounter"},
		{"get of a group that is not there", "get_group_counter", `{"GroupId":"nope"}`, 10010, ""},
		{"delete of a group that is not there", "delete_group_counter", `{"GroupId":"nope"}`, 10010, ""},
	})
	d.do("get_group_counter", `{"GroupId":"live_1"}`).want(t, `{"GroupCounter":[{"Key":"a","Value":-2}]}`)
}

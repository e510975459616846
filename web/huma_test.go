package web_test

import "testing"

// TestValuesOfTheWrongTypeNameTheirField, in words of JSON and not of Go.
func TestValuesOfTheWrongTypeNameTheirField(t *testing.T) {
	b := newBench(t, nil)
	b.createRoom("demo")
	for _, tt := range []struct{ method, path, body, field, detail string }{
		{"PATCH", "counters", `{"counters":{"c":9223372036854775808}}`, "counters", "counters: a JSON value that is no whole number of 64 bits does not fit here"},
		{"PATCH", "counters", `{"counters":{"c":"9223372036854775808"}}`, "counters", "counters: a JSON value that is no whole number of 64 bits does not fit here"},
		{"POST", "messages", `{"text":"x","random":4294967296}`, "random", "random: a JSON number does not fit here"},
	} {
		a := b.do(422, tt.method, "/api/v1/rooms/demo/"+tt.path, apiToken, tt.body)
		if a.code() != "invalid" || a.field() != tt.field || a.json["detail"] != tt.detail {
			t.Errorf("%s: %s", tt.body, a.raw)
		}
	}
}

package web_test

import (
	"encoding/json"
	"testing"
)

func TestRoomsHaveRulesForRecordings(t *testing.T) {
	b := newBench(t, nil)
	rule := func(of answer) string {
		raw, err := json.Marshal(of.json["recording"])
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	if got := b.createRoom("demo"); rule(got) != "null" {
		t.Errorf("without: %s", got.raw)
	}
	for _, step := range []struct{ patch, want string }{
		{
			`{"recording":{"mode":"always","formats":["hls","mp4"],"fileMax":"30m","keep":"0s","timeShift":"90s"}}`,
			`{"fileMax":"1800s","formats":["hls","mp4"],"keep":"0s","mode":"always","timeShift":"90s"}`,
		},
		{`{"title":"x"}`, `{"fileMax":"1800s","formats":["hls","mp4"],"keep":"0s","mode":"always","timeShift":"90s"}`},
		{`{"recording":{"mode":"demand"}}`, `{"mode":"demand"}`},
		{`{"recording":null}`, `null`},
	} {
		if got := b.do(200, "PATCH", "/api/v1/rooms/demo", apiToken, step.patch); rule(got) != step.want {
			t.Errorf("%s: %s", step.patch, rule(got))
		}
	}
	for range 2 {
		if got := b.do(201, "POST", "/api/v1/rooms", apiToken, `{"recording":{"timeShift":"60s"}}`, "Idempotency-Key", "k"); rule(got) != `{"timeShift":"60s"}` {
			t.Errorf("with a key: %s", got.raw)
		}
	}
	for _, bad := range []string{`{"recording":{"mode":"never"}}`, `{"recording":{"formats":["avi"]}}`, `{"recording":{"timeShift":"25h"}}`, `{"recording":{"length":"1h"}}`} {
		b.do(422, "PATCH", "/api/v1/rooms/demo", apiToken, bad)
	}
}

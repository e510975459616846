package web_test

import "testing"

func TestRoomsHaveRulesForScreenshots(t *testing.T) {
	b := newBench(t, nil)
	rule := func(of answer) any {
		s, ok := of.json["screenshots"].(map[string]any)
		if !ok {
			return nil
		}
		return s["every"]
	}
	if got := b.do(201, "POST", "/api/v1/rooms", apiToken, `{"id":"own","screenshots":{"every":"10s"}}`); rule(got) != "10s" {
		t.Errorf("made with one: %s", got.raw)
	}
	if got := b.createRoom("demo"); rule(got) != nil {
		t.Errorf("without: %s", got.raw)
	}
	for _, step := range []struct {
		patch string
		want  any
	}{
		{`{"screenshots":{"every":"600s"}}`, "600s"},
		{`{"title":"x"}`, "600s"},
		{`{"screenshots":{"every":"0s"}}`, "0s"},
		{`{"screenshots":null}`, nil},
	} {
		if got := b.do(200, "PATCH", "/api/v1/rooms/demo", apiToken, step.patch); rule(got) != step.want {
			t.Errorf("%s: %s", step.patch, got.raw)
		}
	}
	again := `{"screenshots":{"every":"2s"}}`
	for range 2 {
		if got := b.do(201, "POST", "/api/v1/rooms", apiToken, again, "Idempotency-Key", "k"); rule(got) != "2s" {
			t.Errorf("with a key: %s", got.raw)
		}
	}
}

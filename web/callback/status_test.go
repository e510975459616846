package callback

import (
	"encoding/json"
	"errors"
	"testing"

	"liveroom/status"
	"liveroom/web/callback/delivery"
)

// TestStatusesAreTold: to receivers of our own format, under an id that a repeat has again, and kept when it is acknowledged.
func TestStatusesAreTold(t *testing.T) {
	queue := &kept{}
	s := NewStatuses(registryOf(t, Endpoint{ID: "own", URL: "http://x/", Format: FormatStatus}, Endpoint{ID: "im", URL: "http://x/", Format: FormatIM}), queue)
	r := sampleRecord(at)
	for range 2 {
		if err := s.ApplyStatus(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	if len(queue.events) != 2 || queue.settled != 2 {
		t.Fatalf("%d events, settled %d times", len(queue.events), queue.settled)
	}
	e := queue.events[0]
	if e.Endpoint != "own" || e.Room != sampleRoom || e.Class != delivery.State || e.ID != "sample:01JD0000000000000000000000:7" || e.ID != queue.events[1].ID {
		t.Errorf("%+v", e)
	}
	var record map[string]any
	var plain map[string]any
	raw, err := json.Marshal(r)
	if err != nil || json.Unmarshal(e.Body, &record) != nil || json.Unmarshal(raw, &plain) != nil {
		t.Fatal(err)
	}
	if record["type"] != "live_status" || record["id"] != e.ID || len(record) != len(plain)+2 {
		t.Errorf("%s", e.Body)
	}
	for name, want := range plain {
		if record[name] != want {
			t.Errorf("%s is %v, want %v", name, record[name], want)
		}
	}
}

func TestStatusIsNotAcknowledgedUnkept(t *testing.T) {
	queue := &kept{unsettled: delivery.ErrUnsettled}
	s := NewStatuses(registryOf(t, Endpoint{ID: "own", URL: "http://x/", Format: FormatStatus}), queue)
	if err := s.ApplyStatus(t.Context(), sampleRecord(at)); !errors.Is(err, delivery.ErrUnsettled) {
		t.Errorf("acknowledged although it is not stored: %v", err)
	}
	if err := NewStatuses(registryOf(t), queue).ApplyStatus(t.Context(), status.Record{}); err != nil {
		t.Errorf("nobody wants it: %v", err)
	}
}

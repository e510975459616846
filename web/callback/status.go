package callback

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"liveroom/status"
	"liveroom/web/callback/delivery"
)

// LiveStatus is the event of our own format: a room has another status.
const LiveStatus = "live_status"

// Statuses tells receivers of our own format each change of a room's status. It is a step of the synchroniser: what it has
// acknowledged is kept for the receivers, and a repeat is told under the same id.
type Statuses struct {
	receivers *Registry
	queue     Queue
}

var _ status.Announcer = (*Statuses)(nil)

// NewStatuses returns the step.
func NewStatuses(receivers *Registry, queue Queue) *Statuses {
	return &Statuses{receivers: receivers, queue: queue}
}

// ApplyStatus implements status.Announcer.
func (s *Statuses) ApplyStatus(ctx context.Context, r status.Record) error {
	to := s.receivers.Wants(LiveStatus)
	if to == nil {
		return nil
	}
	body, err := statusBody(r)
	if err != nil {
		return err
	}
	tell(s.queue, to, delivery.Event{Room: r.Room, Class: delivery.State, ID: statusID(r), Command: LiveStatus, Body: body})
	return s.queue.Settle(ctx)
}

// statusID is the same at each repeat. The epoch belongs to it: a room that is made anew after its tombstone was forgotten
// counts its versions from 1 again.
func statusID(r status.Record) string {
	return r.Room + ":" + r.Epoch + ":" + strconv.FormatUint(r.Version, 10)
}

// statusBody is the record as everywhere else, with type and id before it.
func statusBody(r status.Record) ([]byte, error) {
	record, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encode status of room %s: %w", r.Room, err)
	}
	head := newObject(64+len(record)).text("type", LiveStatus).text("id", statusID(r))
	return append(append(head, ','), record[1:]...), nil
}

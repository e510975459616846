package chattest

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"liveroom/chat"
)

// device is one on which somebody is there.
type device struct {
	id string

	mu      sync.Mutex
	closed  []chat.Closing
	left    []chat.Departure
	letters []string
	events  []string
}

func (d *device) ID() string { return d.id }
func (d *device) Deliver(b *chat.Batch) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, item := range b.Items {
		if item.Event != nil {
			d.events = append(d.events, item.Event.Kind+" "+string(item.Event.Data))
		} else {
			d.events = append(d.events, "message "+string(item.Message.Body))
		}
	}
}

func (d *device) Direct(to string, m *chat.Message) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.letters = append(d.letters, m.From+" to "+to)
}

// Hear implements chat.Addressee.
func (d *device) Hear(kind string, data json.RawMessage) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.letters = append(d.letters, kind+" "+string(data))
}

func (d *device) Left(_ string, why chat.Departure) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.left = append(d.left, why)
}

func (d *device) Close(why chat.Closing) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = append(d.closed, why)
}

func (d *device) closedFor() (reasons []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range d.closed {
		reasons = append(reasons, c.Reason)
	}
	return reasons
}

func (d *device) leftFor() (reasons []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range d.left {
		reasons = append(reasons, c.Reason)
	}
	return reasons
}

func (d *device) got() (letters, events []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.letters), slices.Clone(d.events)
}

var devices struct {
	sync.Mutex
	n int
}

func newDevice() *device {
	devices.Lock()
	defer devices.Unlock()
	devices.n++
	return &device{id: fmt.Sprint("session", devices.n)}
}

// tipped is how many tips a device had with some text.
func (d *device) tipped(text string) (n int) {
	_, events := d.got()
	for _, e := range events {
		if len(e) > 5 && e[:5] == "tips " && contains(e, text) {
			n++
		}
	}
	return n
}

func contains(s, text string) bool {
	for i := range s {
		if len(s)-i >= len(text) && s[i:i+len(text)] == text {
			return true
		}
	}
	return false
}

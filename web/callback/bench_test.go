package callback

import (
	"context"
	"testing"

	"liveroom/chat"
	"liveroom/web/callback/delivery"
)

// nowhere is a Queue that keeps nothing.
type nowhere struct{}

func (nowhere) Append(...delivery.Event)     {}
func (nowhere) Settle(context.Context) error { return nil }

// BenchmarkObserveSent is what telling of one message costs its room.
func BenchmarkObserveSent(b *testing.B) {
	r, err := NewRegistry(b.Context(), NewEndpointMemory(), Endpoint{URL: "http://x/", Format: FormatIM})
	if err != nil {
		b.Fatal(err)
	}
	o := NewObserver(testApp, r, nowhere{})
	f := chat.Sent{Occasion: on(alice), Epoch: "01E", M: text("hi")}
	b.ReportAllocs()
	for b.Loop() {
		o.Observe(f)
	}
}

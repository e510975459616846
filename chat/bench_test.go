package chat_test

import (
	"fmt"
	"strings"
	"testing"

	"liveroom/chat"
)

// sink is a session that only counts.
type sink struct {
	id string
	n  int
}

func (s *sink) ID() string                   { return s.id }
func (s *sink) Direct(string, *chat.Message) {}
func (s *sink) Deliver(b *chat.Batch)        { s.n += len(b.Items) }
func (s *sink) Left(string, chat.Departure)  {}
func (s *sink) Close(chat.Closing)           {}

// BenchmarkFanOut is one message through store, limiter and hand-over to every session.
func BenchmarkFanOut(b *testing.B) {
	for _, n := range []int{1000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := start(b, unlimited(), chat.NewMemory())
			create(b, s, "demo")
			for i := range n {
				id := fmt.Sprint("user", i)
				if _, err := s.Join(b.Context(), "demo", named(id), &sink{id: id}, nil); err != nil {
					b.Fatal(err)
				}
			}
			m := chat.Message{Group: "demo", Body: text("hello"), Server: true}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.SendServer(b.Context(), m); err != nil { // closes its batch: no tick in the figure
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/delivery")
		})
	}
}

// BenchmarkJoin is a join and a leave in a room with many members and a full history.
func BenchmarkJoin(b *testing.B) {
	s := start(b, unlimited(), chat.NewMemory())
	create(b, s, "demo")
	for i := range 10_000 {
		id := fmt.Sprint("user", i)
		if _, err := s.Join(b.Context(), "demo", named(id), &sink{id: id}, nil); err != nil {
			b.Fatal(err)
		}
	}
	for range 100 {
		if _, err := s.SendServer(b.Context(), chat.Message{Group: "demo", Body: text("hello")}); err != nil {
			b.Fatal(err)
		}
	}
	one := &sink{id: "one"}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Join(b.Context(), "demo", named("one"), one, nil); err != nil {
			b.Fatal(err)
		}
		s.Leave("demo", one)
	}
}

// BenchmarkInspect is the check of a body.
func BenchmarkInspect(b *testing.B) {
	for name, body := range map[string][]byte{"text": text("hello, world"), "custom": custom(`{"type":"gift","id":7,"count":3}`), "large": custom(`{"a":"` + strings.Repeat("0123456789", 1100) + `"}`), "names": custom("{" + strings.Repeat(`"ab":1,`, 1000) + `"c":1}`)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := chat.CheckBody(body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkSend is one message of a member through checks, store and loop.
func BenchmarkSend(b *testing.B) {
	s := start(b, unlimited(), chat.NewMemory())
	create(b, s, "demo")
	who := named("owner")
	if _, err := s.Join(b.Context(), "demo", who, &sink{id: "one"}, nil); err != nil {
		b.Fatal(err)
	}
	m := chat.Message{Group: "demo", Body: text("hello")}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Send(b.Context(), m, who); err != nil {
			b.Fatal(err)
		}
	}
}

package rtmp

import (
	"bufio"
	"bytes"
	"io"
	"sync"
	"testing"

	"github.com/yutopp/go-rtmp/message"

	"liveroom/live/stream"
)

// BenchmarkRead is the cost of a 20 KB frame by the publisher's chunk size.
func BenchmarkRead(b *testing.B) {
	for name, size := range map[string]int{"128": 128, "4096": 4096, "65536": 65536} {
		b.Run(name, func(b *testing.B) {
			wire := appendMessage(nil, size, 6, 1, 40, 9, frame(true, 20_000))
			source := bytes.NewReader(wire)
			buf := bufio.NewReaderSize(source, pushReadBytes)
			r := newChunkReader(buf, wide, func() error { return nil })
			if err := r.setSize(uint32(size)); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(20_000)
			b.ReportAllocs()
			for b.Loop() {
				source.Reset(wire)
				if _, err := r.next(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkPlay is the cost of one 20 KB frame for a hundred players over loopback, their reading included.
func BenchmarkPlay(b *testing.B) {
	const players, size = 100, 20_000
	r := newRoom()
	d := open(b, Config{}, r)
	pub, err := r.hub.Publish("room", stream.PublishOptions{Generation: 1})
	if err != nil {
		b.Fatal(err)
	}
	var frames sync.WaitGroup
	for range players {
		c := dial(b, d.addr).play("room")
		c.until("|RtmpSampleAccess", func(p packet) bool { return p.kind == message.TypeIDDataMessageAMF0 })
		go func() {
			for {
				if _, err := io.CopyN(io.Discard, c.in.r, 12+size); err != nil {
					return
				}
				frames.Done()
			}
		}()
	}
	key := frame(true, size)
	time := uint32(0)
	b.SetBytes(players * size)
	b.ReportAllocs()
	for b.Loop() {
		buf := stream.NewBuffer(size)
		copy(buf[stream.HeaderBytes:], key)
		frames.Add(players)
		if err := pub.Write(stream.Video, time, buf); err != nil {
			b.Fatal(err)
		}
		frames.Wait()
		time += 40
	}
}

package rtmp

import (
	"bytes"
	"context"
	"io"
	"net"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/yutopp/go-rtmp/message"

	"liveroom/live/stream"
)

// playing is what a server says up to where a play has begun.
func playing() []byte {
	b := append([]byte{shakeVersion}, make([]byte, 2*shakeBytes)...)
	for _, body := range [][]byte{
		encodeAMF("_result", 1, nil, statusInfo(levelStatus, "NetConnection.Connect.Success", "")),
		encodeAMF("_result", 2, nil, 1),
		encodeAMF("onStatus", 0, nil, statusInfo(levelStatus, "NetStream.Play.Start", "")),
	} {
		b = appendMessage(b, defaultChunkSize, chunkCommand, 0, 0, message.TypeIDCommandMessageAMF0, body)
	}
	return b
}

// TestMediaThatAreNone: a server that sends messages without anything in them is silent, and costs neither stack nor patience.
func TestMediaThatAreNone(t *testing.T) {
	u := urlOf(t, "a.example", "/live/key")
	empty := appendMessage(nil, defaultChunkSize, chunkVideo, 1, 0, message.TypeIDAggregateMessage, nil)
	t.Run("many", func(t *testing.T) {
		says := append(playing(), bytes.Repeat(empty, 300_000)...)
		says = appendMessage(says, defaultChunkSize, chunkVideo, 1, 0, message.TypeIDVideoMessage, frame(true, 1000))
		in, err := Play(t.Context(), ClientConfig{Dial: func(context.Context, string, string) (net.Conn, error) { return newMemConn(says), nil }}, u)
		if err != nil {
			t.Fatal(err)
		}
		defer in.Close()
		if kind, _, _, err := in.Next(); err != nil || kind != stream.Video {
			t.Errorf("%v, %v", kind, err)
		}
		var mem runtime.MemStats
		if runtime.ReadMemStats(&mem); mem.StackInuse > 32<<20 {
			t.Errorf("%d MiB of stack", mem.StackInuse>>20)
		}
	})
	for name, says := range map[string][]byte{
		"aggregates": empty,
		"pictures":   appendMessage(nil, defaultChunkSize, chunkVideo, 1, 0, message.TypeIDVideoMessage, nil),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near, far := net.Pipe()
				var server sync.WaitGroup
				defer server.Wait()
				server.Go(func() { _, _ = io.Copy(io.Discard, far) })
				server.Go(func() {
					defer far.Close()
					_, err := far.Write(playing())
					for n := 0; n < 1000 && err == nil; n++ {
						_, err = far.Write(says)
						time.Sleep(100 * time.Millisecond)
					}
				})
				in, err := Play(t.Context(), ClientConfig{Dial: func(context.Context, string, string) (net.Conn, error) { return near, nil }}, u)
				if err != nil {
					t.Fatal(err)
				}
				defer in.Close()
				_, _, _, err = in.Next()
				if code, words := codeOf(t, err); code != FailSilent {
					t.Errorf("%s: %s", code, words)
				}
			})
		})
	}
}

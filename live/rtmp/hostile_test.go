package rtmp

import (
	"context"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/yutopp/go-rtmp/message"
)

// rests are how long the server waits for those of hostile that do nothing wrong but rest; with the others it has no patience.
var rests = map[string]time.Duration{
	"nothing at all": strangerTime, "half a handshake": strangerTime, "handshake and rest": 2 * strangerTime, "connect and rest": 2 * strangerTime,
}

const strangerTime = 2 * time.Second

// hostile is what strangers do, each after the handshake unless it says otherwise. All must be closed by the server.
func hostile() map[string]func(c *client) {
	random := func(c *client) {
		c.deaf()
		rng := rand.New(rand.NewPCG(3, 4))
		b := make([]byte, 20_000)
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		b[0] = 3
		c.raw(b...)
	}
	attacks := map[string]func(c *client){
		"HTTP instead of a handshake": func(c *client) { c.raw([]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n")...) },
		"TLS instead of a handshake":  func(c *client) { c.raw(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3) },
		"old version":                 func(c *client) { c.raw(2) },
		"random bytes":                random,
		"random bytes after the handshake": func(c *client) {
			random(c.shake())
		},
		"half a handshake":   func(c *client) { c.raw(append([]byte{3}, make([]byte, 700)...)...) },
		"nothing at all":     func(*client) {},
		"handshake and rest": func(c *client) { c.shake() },
		"connect and rest":   func(c *client) { c.connect("live", "") },
		"command before connect": func(c *client) {
			c.shake().call("publish", nil, "room", "live")
		},
		"connect twice":            func(c *client) { c.connect("live", "").call("connect", amfProps{}) },
		"connect without object":   func(c *client) { c.shake().call("connect", "live") },
		"connect without anything": func(c *client) { c.shake().call("connect") },
		"publish without name":     func(c *client) { c.connect("live", "").call("publish", nil) },
		"publish a number":         func(c *client) { c.connect("live", "").call("publish", nil, 7, "live") },
		"play without name":        func(c *client) { c.connect("live", "").call("play") },
		"a command that is a number": func(c *client) {
			c.shake().say(message.TypeIDCommandMessageAMF0, 0, encodeAMF(1, 2))
		},
		"a command without transaction": func(c *client) {
			c.shake().say(message.TypeIDCommandMessageAMF0, 0, encodeAMF("connect"))
		},
		"a transaction that is text": func(c *client) {
			c.shake().say(message.TypeIDCommandMessageAMF0, 0, encodeAMF("connect", "1"))
		},
		"chunk size 0":  func(c *client) { c.shake().number(message.TypeIDSetChunkSize, 0) },
		"chunk size -1": func(c *client) { c.shake().number(message.TypeIDSetChunkSize, 1<<32-1) },
		"short control": func(c *client) { c.shake().say(message.TypeIDSetChunkSize, 0, []byte{1}) },
		"giant chunk and message": func(c *client) {
			c.shake().number(message.TypeIDSetChunkSize, 1<<31-1)
			c.raw(header(0, 3, 0, 1<<24-1, 20)...)
			c.raw(make([]byte, 1<<20)...)
		},
		"media of 16 MB before publish": func(c *client) { c.shake().raw(header(0, 6, 0, 1<<24-1, 9)...) },
		"unfinished messages": func(c *client) {
			c.shake()
			for id := range uint32(30) {
				c.raw(join(header(0, 3+id, 0, commandBytes, 20), make([]byte, 128))...)
			}
		},
		"many chunk streams": func(c *client) {
			c.shake()
			for id := range uint32(100) {
				c.raw(join(header(0, 3+id, 0, 1, 3), []byte{0})...)
			}
		},
		"many streams": func(c *client) {
			c.connect("live", "").deaf()
			for range 2 * maxStreams {
				c.raw(appendMessage(nil, 128, 3, 0, 0, 20, encodeAMF("createStream", 1, nil))...)
			}
		},
		"many commands": func(c *client) {
			c.connect("live", "").deaf()
			for range 2 * maxCommands {
				c.raw(appendMessage(nil, 128, 3, 0, 0, 20, encodeAMF("_checkbw", 1, nil))...)
			}
		},
		"aggregate that lies": func(c *client) {
			c.publish("room").raw(appendMessage(nil, 128, 6, 1, 0, 22, []byte{9, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 1})...)
		},
		"a publisher's message above the limit": func(c *client) { c.publish("room").raw(header(0, 6, 0, 1<<24-1, 9)...) },
		"a publisher's unfinished messages": func(c *client) {
			c.publish("room")
			c.say(message.TypeIDVideoMessage, 0, frame(true, 1<<20)) // makes its claims believed
			for id := range uint32(20) {
				c.raw(join(header(0, 20+id, 0, 1<<20, 9), make([]byte, 128))...)
			}
		},
	}
	for name, body := range amfBombs() {
		attacks["AMF: "+name] = func(c *client) {
			c.shake().raw(appendMessage(nil, 128, 3, 0, 0, 20, append(encodeAMF("connect", 1), body...))...)
		}
		attacks["AMF3 command: "+name] = func(c *client) {
			c.connect("live", "").raw(appendMessage(nil, 128, 3, 0, 0, 17, append([]byte{0}, append(encodeAMF("x", 1), body...)...))...)
		}
	}
	return attacks
}

func TestHostilePeers(t *testing.T) {
	var seen Stats
	for name, attack := range hostile() {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ln := newPipes(t)
				d := openOn(t, Config{Handshake: strangerTime, MaxMessageBytes: 2 << 20, Silent: 5 * time.Second}, newRoom(), ln)
				c := speak(t, ln.dial())
				c.careless = true
				began := time.Now()
				attack(c)
				_, _ = io.Copy(io.Discard, c.nc)
				if took := time.Since(began); took != rests[name] {
					t.Errorf("closed after %v, want %v", took, rests[name])
				}
				synctest.Wait()
				st := d.Stats()
				if st.Connections != 0 || st.Panics != 0 {
					t.Errorf("stats %+v", st)
				}
				seen.ProtocolErrors += st.ProtocolErrors
				seen.HandshakeFailures += st.HandshakeFailures
				seen.Timeouts += st.Timeouts
			})
		})
	}
	if seen.ProtocolErrors == 0 || seen.HandshakeFailures == 0 || seen.Timeouts == 0 {
		t.Errorf("stats %+v", seen)
	}
}

// One byte at a time must not stretch the deadline, which is for the whole handshake.
func TestSlowLoris(t *testing.T) {
	const limit = 500 * time.Millisecond
	for _, tt := range []struct {
		name  string
		begin func(*client)
		after time.Duration
	}{
		{"in the handshake", func(c *client) { c.raw(3) }, limit},
		{"in the first command", func(c *client) { c.shake().raw(header(0, 3, 0, 10000, 20)...) }, 2 * limit},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ln := newPipes(t)
				openOn(t, Config{Handshake: limit}, newRoom(), ln)
				began := time.Now()
				c := speak(t, ln.dial())
				tt.begin(c)
				ended := make(chan struct{})
				var wg sync.WaitGroup
				defer wg.Wait()
				wg.Go(func() {
					tick := time.NewTicker(20 * time.Millisecond)
					defer tick.Stop()
					for {
						select {
						case <-tick.C:
							c.raw(0)
						case <-ended:
							return
						}
					}
				})
				_, _ = io.Copy(io.Discard, c.nc)
				close(ended)
				if took := time.Since(began); took != tt.after {
					t.Errorf("closed after %v, want %v", took, tt.after)
				}
			})
		})
	}
}

// What strangers left behind must be nothing: goroutines and memory go back to where they were.
func TestHostilePeersLeaveNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ln := newPipes(t)
		d := openOn(t, Config{MaxPerAddr: -1}, newRoom(), ln)
		round := func() {
			var wg sync.WaitGroup
			for range 20 {
				for _, attack := range []func(*client){
					hostile()["unfinished messages"], hostile()["AMF: deep arrays"], hostile()["half a handshake"],
					hostile()["giant chunk and message"], hostile()["random bytes"],
				} {
					wg.Go(func() {
						c := speak(t, ln.dial())
						c.careless = true
						attack(c)
						_, _ = io.Copy(io.Discard, c.nc)
						_ = c.nc.Close()
					})
				}
			}
			wg.Wait()
			synctest.Wait()
			if n := d.Stats().Connections; n != 0 {
				t.Fatalf("%d connections are left", n)
			}
		}
		measure := func() (goroutines int, heap uint64) {
			runtime.GC()
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			return runtime.NumGoroutine(), m.HeapAlloc
		}
		round()
		goroutines, heap := measure()
		for range 3 {
			round()
		}
		after, grown := measure()
		if after > goroutines {
			t.Errorf("%d goroutines, before there were %d", after, goroutines)
		}
		if grown > heap+4<<20 {
			t.Errorf("heap grew from %d to %d bytes", heap, grown)
		}
	})
}

// FuzzSession lets arbitrary bytes follow a handshake, with publishing and playing allowed.
func FuzzSession(f *testing.F) {
	connect := appendMessage(nil, 128, 3, 0, 0, 20, encodeAMF("connect", 1, amfProps{{"app", "live"}}))
	publish := join(connect, appendMessage(nil, 128, 3, 0, 0, 20, encodeAMF("publish", 2, nil, "room", "live")))
	f.Add(connect)
	f.Add(join(publish, appendMessage(nil, 128, 6, 1, 0, 9, avcHeader), appendMessage(nil, 128, 6, 1, 40, 9, frame(true, 300)),
		appendMessage(nil, 128, 5, 1, 0, 18, encodeAMF("@setDataFrame", "onMetaData", amfMap{{"a", 1}})),
		appendMessage(nil, 128, 3, 0, 0, 20, encodeAMF("deleteStream", 3, nil, 1))))
	f.Add(join(connect, appendMessage(nil, 128, 3, 0, 0, 20, encodeAMF("play", 2, nil, "room")),
		appendMessage(nil, 128, 3, 0, 0, 20, encodeAMF("pause", 3, nil, true))))
	f.Add(join(publish, appendMessage(nil, 128, 6, 1, 0, 22, []byte{9, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 12})))
	f.Add(join(connect, []byte{2, 0, 0, 0, 0, 0, 4, 2, 0, 0, 0, 0, 0, 0, 0, 3}))
	f.Add(join(publish, appendMessage(nil, 128, 6, 1, 0, 9, []byte("\x96\x11avc1\x00\x00\x00\x01x"))))
	f.Add(join(publish, appendMessage(nil, 128, 3, 0, 0, 20, encodeAMF("closeStream", 3, nil)), publish[len(connect):]))
	for _, peer := range []string{"push-ffmpeg", "play-ffmpeg", "play-librtmp", "play-rtmp2src"} {
		said, err := os.ReadFile(filepath.Join("testdata", "peers", peer))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(said[1+2*shakeBytes:])
	}
	f.Fuzz(func(t *testing.T, wire []byte) {
		r := newRoom()
		s, err := New(Config{RefusalDelay: time.Nanosecond}, r, nil)
		if err != nil {
			t.Fatal(err)
		}
		ours := newMemConn(join([]byte{3}, make([]byte, 2*1536), wire))
		if !s.quota.enter(ours.RemoteAddr()) {
			t.Fatal("no room for the only connection")
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		s.handle(ctx, ours)
		if ctx.Err() != nil {
			t.Fatal("the session did not end with its input")
		}
		if st := s.Stats(); st.Panics != 0 || st.Connections != 0 || st.Pushes != 0 || st.Plays != 0 {
			t.Fatalf("stats %+v", st)
		}
		if n := len(s.quota.addrs); n != 0 {
			t.Fatalf("%d addresses are left", n)
		}
		// Whatever was answered must be sound.
		out := newChunkReader(bufferOf(ours.written()[min(len(ours.written()), 1+2*1536):]), limits{1 << 24, 1 << 24, 1 << 26}, func() error { return nil })
		for {
			p, err := out.next()
			if err != nil {
				return
			}
			if p.kind == message.TypeIDSetChunkSize {
				if err := out.setSize(uint32(p.body[0])<<24 | uint24(p.body[1:])); err != nil {
					t.Fatal(err)
				}
			}
			if p.kind == message.TypeIDCommandMessageAMF0 {
				if _, err := decodeAMF(p.body); err != nil {
					t.Fatalf("an answer is wrong: %v", err)
				}
			}
		}
	})
}

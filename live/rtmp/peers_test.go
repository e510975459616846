package rtmp

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/yutopp/go-rtmp/message"

	"liveroom/live/stream"
)

// What real programs said, from the first byte of the handshake to the end: testdata/peers holds the client's half of
// connections to this server. GStreamer has two of its own: rtmp2sink and rtmp2src, and rtmpsink over librtmp.
func TestWhatRealPeersSay(t *testing.T) {
	push := []string{"connect", "releaseStream", "FCPublish", "createStream", "publish", "FCUnpublish", "deleteStream"}
	for _, tt := range []struct {
		file     string
		signed   bool // its handshake has a digest
		commands []string
		stop     stream.StopReason
	}{
		{"push-ffmpeg", true, push, stream.StopClosed},
		{"push-rtmp2sink", false, push, stream.StopClosed},
		{"push-librtmp", false, push, stream.StopClosed},
		{"play-ffmpeg", true, []string{"connect", "createStream", "getStreamLength", "play"}, ""},
		{"play-librtmp", false, []string{"connect", "createStream", "FCSubscribe", "play", "deleteStream"}, ""},
		{"play-rtmp2src", false, []string{"connect", "createStream", "play"}, ""},
	} {
		t.Run(tt.file, func(t *testing.T) {
			t.Parallel()
			said, err := os.ReadFile(filepath.Join("testdata", "peers", tt.file))
			if err != nil {
				t.Fatal(err)
			}
			if got := findDigest(said[1:1+shakeBytes]) >= 0; got != tt.signed {
				t.Errorf("its handshake is signed: %v, want %v", got, tt.signed)
			}
			if got := commandsIn(t, said); !slices.Equal(got, tt.commands) {
				t.Errorf("it said %v", got)
			}
			var req stream.Request
			push := newTags()
			push.got = make(chan tagIn, 1000)
			r := newRoom()
			s, err := New(Config{}, doorman{
				publish: func(_ context.Context, q stream.Request) (Push, error) {
					req = q
					return push, nil
				},
				play: func(ctx context.Context, q stream.Request) (*stream.Subscriber, error) {
					req = q
					return r.Play(ctx, q)
				},
			}, nil)
			if err != nil {
				t.Fatal(err)
			}
			ours := newMemConn(said)
			if !s.quota.enter(ours.RemoteAddr()) {
				t.Fatal("no room for the only connection")
			}
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			s.handle(ctx, ours)
			want, name := "room", "play"
			if tt.stop != "" {
				want, name = "other", "push"
			}
			if req.App != "live" || req.Name != want || !slices.Equal(req.Query, []string{"sig=x"}) || req.Host != "127.0.0.1" {
				t.Errorf("%s asked for %+v", name, req)
			}
			if st := s.Stats(); st.ProtocolErrors+st.Panics+st.HandshakeFailures+st.DroppedScripts != 0 {
				t.Errorf("faults were counted: %+v", st)
			}
			if tt.stop == "" {
				return
			}
			if push.stopped != tt.stop {
				t.Errorf("the push stopped %q, want %q", push.stopped, tt.stop)
			}
			kinds := map[stream.Kind]int{}
			for tag := range push.got {
				kinds[tag.kind]++
			}
			if kinds[stream.Script] == 0 || kinds[stream.Video] < 10 || kinds[stream.Audio] < 10 {
				t.Errorf("tags %v", kinds)
			}
		})
	}
}

// commandsIn lists the commands of a client, in order.
func commandsIn(t *testing.T, said []byte) (names []string) {
	t.Helper()
	in := newChunkReader(bufferOf(said[1+2*shakeBytes:]), wide, func() error { return nil })
	for {
		p, err := in.next()
		if err != nil {
			return names
		}
		switch p.kind {
		case message.TypeIDSetChunkSize:
			if err := in.setSize(uint32(p.body[0])<<24 | uint24(p.body[1:])); err != nil {
				t.Fatal(err)
			}
		case message.TypeIDCommandMessageAMF0:
			call, err := parseCall(p.body)
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, call.name)
		}
	}
}

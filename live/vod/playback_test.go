package vod

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/live/record"
	"liveroom/live/vod/vodtest"
)

// TestRoomPlaysItsProgramme: two recordings, one with a gap, from where it begins, to the end.
func TestRoomPlaysItsProgramme(t *testing.T) {
	w := newWorld(t)
	w.recording(recA, "demo", 2)
	w.lib.Append(recA, 30_000, 4500, []byte("after the gap"))
	w.recording(recB, "demo", 1)
	w.content.Recordings, w.content.StartAt = []string{recA, recB}, 7500*time.Millisecond

	rec := w.get(root)
	if body := rec.Body.String(); rec.Code != http.StatusOK || !strings.Contains(body, `CODECS="avc1.42c00c,mp4a.40.2",RESOLUTION=160x120`) || !strings.Contains(body, "BANDWIDTH=") {
		t.Fatalf("%d %s", rec.Code, body)
	}
	media := w.media(root)
	body := w.body(media)
	var got []string
	for line := range strings.Lines(body) {
		line = strings.TrimSpace(line)
		for _, cut := range []string{"?", "\"", "PROGRAM-DATE-TIME:"} {
			if !strings.HasPrefix(line, "#EXT-X-MAP") || cut != "\"" {
				line, _, _ = strings.Cut(line, cut)
			}
		}
		if i := strings.LastIndex(line, "/"); i >= 0 {
			line = line[i+1:]
		}
		got = append(got, line)
	}
	want := strings.Fields(`#EXTM3U #EXT-X-VERSION:7 #EXT-X-TARGETDURATION:6 #EXT-X-MEDIA-SEQUENCE:0 #EXT-X-PLAYLIST-TYPE:VOD #EXT-X-INDEPENDENT-SEGMENTS
		#EXT-X-START:TIME-OFFSET=7.500,PRECISE=YES
		` + vodtest.Init + ` #EXT-X- #EXTINF:6.000, 000001-000000000000-6000-00000000000000aa.m4s #EXT-X- #EXTINF:6.000, 000001-000000006000-6000-00000000000000aa.m4s
		#EXT-X-DISCONTINUITY #EXT-X- #EXTINF:4.500, 000001-000000042000-4500-00000000000000aa-b.m4s
		#EXT-X-DISCONTINUITY ` + vodtest.Init + ` #EXT-X- #EXTINF:6.000, 000001-000000000000-6000-00000000000000aa.m4s #EXT-X-ENDLIST`)
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s\n\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if date := w.zero.Add(42 * time.Second).UTC().Format(dateLayout); !strings.Contains(body, "PROGRAM-DATE-TIME:"+date) {
		t.Errorf("the segment after the gap is not dated %s:\n%s", date, body)
	}
	for _, file := range w.files(media) {
		rec := w.get(file)
		if rec.Code != http.StatusOK || rec.Body.Len() == 0 || rec.Header().Get("Cache-Control") != fileCaching {
			t.Errorf("%s: %d %v", file, rec.Code, rec.Header())
		}
		part := w.get(file, "Range", "bytes=1-2")
		if part.Code != http.StatusPartialContent || part.Body.String() != rec.Body.String()[1:3] {
			t.Errorf("%s: a range is answered with %d %q", file, part.Code, part.Body)
		}
		if again := w.get(file, "If-None-Match", rec.Header().Get("ETag")); again.Code != http.StatusNotModified {
			t.Errorf("%s: %d for who has it", file, again.Code)
		}
	}
	if w.body(media) != body {
		t.Error("it changes")
	}
	if rec := w.get(media, "Accept-Encoding", "gzip"); rec.Header().Get("Content-Encoding") != "" {
		t.Error("a short playlist is compressed")
	}
	w.lib.Remove(recB)
	if body := w.body(w.media("/vip/demo.m3u8?txSecret=good")); strings.Contains(body, recB) && !strings.Contains(body, recA) {
		t.Error("what is left of a programme is not played") // what is kept of its playlist may name more
	}
}

// TestLongPlaylistsAreCompressed where the player can take it, and carry each session's own query.
func TestLongPlaylistsAreCompressed(t *testing.T) {
	w := newWorld(t)
	w.recording(recA, "demo", 1000)
	media := w.media(root + "&vid=me%26you")
	plain := w.body(media)
	zipped := w.get(media, "Accept-Encoding", "br, gzip;q=0.5")
	if zipped.Header().Get("Content-Encoding") != "gzip" || zipped.Body.Len() > len(plain)/5 {
		t.Errorf("%d bytes of %d, %v", zipped.Body.Len(), len(plain), zipped.Header())
	}
	if n := strings.Count(plain, "&vid=me%26you\n"); n != 1000 || strings.Contains(plain, mark) {
		t.Errorf("%d segments say whose they are", n)
	}
	if refused := w.get(media, "Accept-Encoding", "gzip;q=0"); refused.Header().Get("Content-Encoding") != "" {
		t.Error("compressed for who refuses it")
	}
}

// TestNothingToPlay: rooms that play back nothing, programmes and recordings that are gone or empty.
func TestNothingToPlay(t *testing.T) {
	w := newWorld(t)
	w.refused(root, 404, "not_found", "") // the recording is gone
	w.recording(recA, "demo", 0)
	w.refused(root, 404, "not_found", "")
	w.shows = ""
	w.refused(root, 404, "not_found", "")
	w.shows = "other"
	w.refused(root, 404, "not_found", "")
	w.refused("/live/nobody.m3u8?txSecret=good", 404, "unknown_room", "")
	w.holds(0)
	if rec := w.do(http.MethodPost, root); rec.Code != http.StatusMethodNotAllowed || rec.Header().Get("Allow") == "" {
		t.Errorf("POST: %d", rec.Code)
	}
	if rec := w.do(http.MethodOptions, root); rec.Code != http.StatusNoContent {
		t.Errorf("OPTIONS: %d", rec.Code)
	}
}

// TestViewersAreCounted: while they play, and while they pause for a moment; who comes back after long gets a place again, if there
// is one.
func TestViewersAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.recording(recA, "demo", 10)
		w.places = 2
		for range 3 {
			if rec := w.do(http.MethodHead, root); rec.Code != http.StatusOK || rec.Body.Len() > 0 {
				t.Fatalf("HEAD: %d", rec.Code)
			}
		}
		w.holds(0)
		one, two := w.media(root+"&vid=one"), w.media(root)
		w.holds(2)
		w.refused(root, 503, "room_full", "")
		files := w.files(one)
		w.body(two)
		if linked := w.s.Linked("demo"); w.s.Viewers("demo") != 2 || len(linked) != 1 || linked[0] != "one" {
			t.Errorf("%d viewers, %q", w.s.Viewers("demo"), linked)
		}
		sweep := func(d time.Duration) {
			time.Sleep(d)
			w.s.sessions.Sweep(time.Now())
		}
		for _, file := range files { // one plays, two has paused
			w.body(file)
			sweep(30 * time.Second)
		}
		if w.holds(1); w.s.Viewers("demo") != 1 {
			t.Errorf("%d viewers", w.s.Viewers("demo"))
		}
		sweep(2 * time.Minute)
		w.holds(0)
		w.body(files[2]) // goes on after a pause
		w.holds(1)
		w.places = 1
		w.refused(two, 503, "room_full", "")
		w.places = 2
		w.body(two)
		w.holds(2)
		if linked := w.s.Linked("demo"); len(linked) != 1 || linked[0] != "one" {
			t.Errorf("whose session it is is forgotten: %q", linked)
		}
		again := w.media(root + "&vid=one") // begins anew: its old place is given back
		w.holds(2)
		w.body(again)
		if n := w.s.Revoke("demo", "one"); n != 1 {
			t.Errorf("%d sessions were ended", n)
		}
		w.refused(again, 403, "forbidden", "")
		w.holds(1)
		if st := w.s.Stats(); st.Viewers != 1 || st.Sessions != 3 || st.Refused == 0 || st.Files == 0 {
			t.Errorf("%+v", st)
		}
		sweep(13 * time.Hour)
		w.holds(0)
		w.refused(two, 403, "expired", "")
		w.refused(files[0], 403, "expired", "")
	})
}

// TestRunCountsOut: Run counts out who has left, and ends.
func TestRunCountsOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.recording(recA, "demo", 1)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- w.s.Run(ctx) }()
		w.body(w.media(root))
		w.holds(1)
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		w.holds(0)
		stop()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("it ended with %v", err)
		}
	})
}

// TestChatBesideARecording: of the recordings that are played, in their order.
func TestChatBesideARecording(t *testing.T) {
	w := newWorld(t)
	w.recording(recA, "demo", 1)
	w.recording(recB, "demo", 1)
	w.content.Recordings = []string{recB, recA}
	media := w.media(root)
	lib := &readOnce{Library: w.s.deps.Library}
	w.s.deps.Library = lib
	if got := w.body(strings.Replace(media, "index.m3u8", "chat", 1) + "?from=0&to=1000"); got != "chat" || lib.read {
		t.Errorf("%q; what the chat reads itself was read before it was asked: %t", got, lib.read)
	}
	if len(w.chats) != 1 || strings.Join(w.chats[0], " ") != recB+" "+recA {
		t.Errorf("%q", w.chats)
	}
	w.refused(strings.Replace(strings.Replace(media, "index.m3u8", "chat", 1), ".p", ".r", 1), 403, "bad_signature", "")
	w.shifting(record.Full, 20)
	shift := w.media(root + "&txTimeshift=on&tsDelay=60")
	w.refused(strings.Replace(shift, "index.m3u8", "chat", 1), 404, "not_found", "")
}

// readOnce notes that an index was read.
type readOnce struct {
	record.Library
	read bool
}

func (l *readOnce) Index(ctx context.Context, id string) (record.Index, error) {
	l.read = true
	return l.Library.Index(ctx, id)
}

// TestSignedRecordings: whatever the room shows, until they expire.
func TestSignedRecordings(t *testing.T) {
	w := newWorld(t)
	w.recording(recA, "demo", 2)
	w.shows = ""
	a, err := w.s.Sign(t.Context(), recA, time.Now().Add(time.Hour))
	if err != nil || len(a.Downloads) != 3 {
		t.Fatalf("%+v %v", a, err)
	}
	local := func(s string) string { return strings.TrimPrefix(s, "http://example.com") }
	media := w.media(local(a.HLS))
	for _, file := range w.files(media) {
		w.body(file)
	}
	rec := w.get(local(a.Downloads[0]), "Range", "bytes=2-4")
	if rec.Code != http.StatusPartialContent || rec.Body.String() != "234" || rec.Header().Get("Content-Type") != "video/mp4" {
		t.Errorf("%d %q %v", rec.Code, rec.Body, rec.Header())
	}
	if got := rec.Header().Get("Content-Disposition"); got != `attachment; filename*=utf-8''A%20show_%20_%E5%A4%9C__.._x.mp4` {
		t.Errorf("%s", got)
	}
	w.refused(local(a.Downloads[1]), 404, "not_found", "")
	w.refused(strings.Replace(local(a.Downloads[0]), ".mp4", "-2.mp4", 1), 403, "bad_signature", "")
	w.refused(strings.Replace(local(a.HLS), ".m3u8", "-2.m3u8", 1), 403, "bad_signature", "")
	w.refused(strings.Replace(local(a.HLS), recA, recB, 1), 403, "bad_signature", "")
	w.refused(strings.Replace(local(a.HLS), "/demo/", "/other/", 1), 403, "bad_signature", "")
	w.refused(strings.Replace(local(a.HLS), ".m3u8", "/index.json", 1), 404, "not_found", "")
	old, _ := w.s.Sign(t.Context(), recA, time.Now())
	w.refused(local(old.HLS), 403, "expired", "")
	w.refused(local(old.Downloads[0]), 403, "expired", "")
	if _, err := w.s.Sign(t.Context(), recC, time.Now()); err == nil {
		t.Error("what is not there is signed")
	}
	if got := disposition("\x00 ..", "x.flv"); got != "attachment; filename=_.flv" && got != `attachment; filename="_.flv"` {
		t.Errorf("%s", got)
	}
}

func BenchmarkMediaPlaylist(b *testing.B) {
	w := newWorld(b)
	w.recording(recA, "demo", 1200) // two hours
	media := w.media(root)
	b.Run("kept", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if w.get(media).Body.Len() < 100_000 {
				b.Fatal("short")
			}
		}
	})
	b.Run("rendered", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			l, err := w.s.list(b.Context(), "demo", what{kind: aRecording, id: recA}, time.Now())
			if err != nil || len(w.s.media(l, "demo", term{until: time.Now()})) < 100_000 {
				b.Fatal("short")
			}
		}
	})
}

// BenchmarkSegment is what a segment costs without the network, its copy included.
func BenchmarkSegment(b *testing.B) {
	w := newWorld(b)
	w.recording(recA, "demo", 0)
	w.lib.Append(recA, 0, 6000, make([]byte, 1_500_000)) // 2 Mbit/s
	files := w.files(w.media(root))
	b.ReportAllocs()
	b.SetBytes(1_500_000)
	for b.Loop() {
		out := &sink{h: http.Header{}}
		w.s.ServeHTTP(out, httptest.NewRequest(http.MethodGet, files[1], nil))
		if out.n != 1_500_000 {
			b.Fatal(out.n)
		}
	}
}

// sink counts what is written.
type sink struct {
	h http.Header
	n int
}

func (s *sink) Header() http.Header         { return s.h }
func (s *sink) WriteHeader(int)             {}
func (s *sink) Write(p []byte) (int, error) { s.n += len(p); return len(p), nil }

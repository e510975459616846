package blob_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"liveroom/internal/redistest"
	"liveroom/internal/s3test"
	"liveroom/live/blob"
	"liveroom/live/blob/blobtest"
)

func TestS3(t *testing.T) {
	t.Parallel()
	addr := s3test.Start(t)
	prefixes := 0
	blobtest.Store(t, func(t *testing.T) blob.Store {
		prefixes++
		return openS3(t, addr, "under/"+strings.Repeat("x", prefixes), 0)
	})
}

// TestLargeObjectsGoInParts, and one that is discarded leaves nothing.
func TestLargeObjectsGoInParts(t *testing.T) {
	t.Parallel()
	s := openS3(t, s3test.Start(t), "", 0)
	data := make([]byte, 17<<20)
	_, _ = rand.Read(data)
	w, err := s.Create(t.Context(), "rec/export.mp4")
	if err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(w, struct{ io.Reader }{bytes.NewReader(data)}); n != int64(len(data)) || err != nil {
		t.Fatal(n, err)
	}
	blobtest.Gone(t, s, "rec/export.mp4")
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	if got := blobtest.Get(t, s, "rec/export.mp4"); !bytes.Equal(got, data) {
		t.Errorf("%d other bytes", len(got))
	}
	if w, err = s.Create(t.Context(), "rec/other.mp4"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	w.Discard()
	if _, err := w.Write(data[:1]); err == nil {
		t.Error("written after its end")
	}
	blobtest.Gone(t, s, "rec/other.mp4")
}

// TestAnS3ThatIsAway: no server, a bucket that is not there, one that is cut off in the middle, or takes nothing any more. Each is
// noticed, and said to be away; an object is there whole or not.
func TestAnS3ThatIsAway(t *testing.T) {
	t.Parallel()
	addr := s3test.Start(t)
	proxy := redistest.Through(t, addr)
	s, hasty := openS3(t, proxy.Addr, "", 5*time.Second), openS3(t, proxy.Addr, "", 100*time.Millisecond)
	large := bytes.Repeat([]byte("x"), 8<<20)
	blobtest.Put(t, s, "there", large)
	away := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, blob.ErrUnavailable) {
			t.Errorf("%s: %v", what, err)
		}
	}
	all := func(what string, s *blob.S3) {
		t.Helper()
		away(what+": put", s.Put(t.Context(), "new", large))
		_, err := s.Open(t.Context(), "there")
		away(what+": open", err)
		away(what+": remove one", s.Remove(t.Context(), "there"))
		away(what+": remove several", s.Remove(t.Context(), "there", "other"))
		away(what+": list", s.List(t.Context(), "", "", func(blob.Held) error { return nil }))
	}
	proxy.Cut()
	all("cut", s)
	proxy.Heal()
	proxy.Stall()
	all("stalled", hasty)
	proxy.Heal()
	if got := blobtest.Names(t, s, "", ""); len(got) != 1 {
		t.Errorf("there is %v", got)
	}

	o, err := s.Open(t.Context(), "there")
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	if _, err := io.ReadFull(o, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	proxy.Stall()
	_, err = io.Copy(io.Discard, o)
	away("reading what stalls", err)
	proxy.Heal()
	if n, err := io.Copy(io.Discard, o); err != nil || n == 0 {
		t.Errorf("reading on later: %d, %v", n, err) // from where it stood
	}
	proxy.CutAfter(3 << 20)
	away("put, cut in the middle", s.Put(t.Context(), "new", large))
	proxy.Heal()
	blobtest.Gone(t, s, "new")

	other, err := blob.NewS3(blob.S3Config{Endpoint: "http://" + addr, Region: "us-east-1", Bucket: "none", AccessKey: "key", SecretKey: "opensesame"})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	err = other.Put(t.Context(), "a", large[:10])
	away("no such bucket", err)
	if !strings.Contains(err.Error(), "NoSuchBucket") || strings.Contains(err.Error(), "opensesame") {
		t.Error(err)
	}
	_, err = other.Open(t.Context(), "a")
	away("no such bucket: open", err)
}

func TestS3Settings(t *testing.T) {
	good := blob.S3Config{Endpoint: "https://s3.example.com:9000", Bucket: "my-bucket.1", Prefix: "live/eu"}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for says, change := range map[string]func(*blob.S3Config){
		"endpoint":  func(c *blob.S3Config) { c.Endpoint = "s3.example.com" },
		"endpoint ": func(c *blob.S3Config) { c.Endpoint = "https://key:secret@s3.example.com" },
		" endpoint": func(c *blob.S3Config) { c.Endpoint = "https://s3.example.com/bucket" },
		"bucket":    func(c *blob.S3Config) { c.Bucket = "My_Bucket" },
		"prefix":    func(c *blob.S3Config) { c.Prefix = "../other" },
	} {
		c := good
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), strings.TrimSpace(says)) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", says, err)
		}
	}
}

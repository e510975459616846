package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alecthomas/kong"

	"liveroom/internal/redistest"
	"liveroom/internal/s3test"
	"liveroom/live/blob"
	"liveroom/live/blob/blobtest"
	"liveroom/web"
	"liveroom/web/peer"
)

// TestTheTokenOfAFolder: nodes that come at once find the same, and none lies about afterwards.
func TestTheTokenOfAFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var tokens sync.Map
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			token, err := folderToken(dir)
			if err != nil || len(token) < 20 {
				t.Errorf("%q, %v", token, err)
			}
			tokens.Store(token, true)
		})
	}
	wg.Wait()
	found := 0
	tokens.Range(func(any, any) bool { found++; return true })
	files, err := os.ReadDir(dir)
	if found != 1 || len(files) != 1 || err != nil {
		t.Errorf("%d tokens, %v, %v", found, files, err)
	}
	d, err := blob.OpenFolder(blob.FolderConfig{Path: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if names := blobtest.Names(t, d, "", ""); names != nil {
		t.Errorf("it is an object: %v", names)
	}
	if err := os.WriteFile(filepath.Join(dir, tokenFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if token, err := folderToken(dir); err == nil {
		t.Errorf("%q of an empty file", token)
	}
}

// TestNodesShareAFolder: a node that finds another folder than the others does not start, and says what to do; without a folder
// that is shared it serves, and records nothing.
func TestNodesShareAFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	shared := filepath.Join(dir, "shared")
	c := prepareCluster(t, 0, nil)
	for _, flags := range [][]string{
		{"--record-store", shared, "--record-shared=on"},
		{"--record-store", shared, "--record-shared=on"},
		{"--record-store", filepath.Join(dir, "not mounted"), "--record-shared=on"},
		{},
	} {
		c.add(flags...)
	}
	first, second, wrong, without := c.nodes[0], c.nodes[1], c.nodes[2], c.nodes[3]
	first.start()
	second.start()
	wrong.launch()
	wrong.ended()
	for _, says := range []string{"not mounted is not the folder that the other nodes share", "lr:{lr}:recordings"} {
		if !strings.Contains(wrong.log.String(), says) {
			t.Errorf("it does not say %q:\n%s", says, wrong.log)
		}
	}
	if !strings.Contains(first.metrics(), "liveroom_record_store_full 0") {
		t.Error("a node with a folder has no metrics of it")
	}
	without.start()
	if strings.Contains(without.metrics(), "liveroom_record_store") {
		t.Error("a node without a store has metrics of it")
	}
}

// keeping is a program of which only that is joined that keeps recordings.
func keeping(t *testing.T, set Settings, keys Secrets) (*program, error) {
	t.Helper()
	if err := set.Validate(); err != nil {
		t.Fatal(err)
	}
	p := &program{set: set, log: slog.New(slog.DiscardHandler)}
	t.Cleanup(func() { _ = p.closeBlobs() })
	return p, p.joinBlobs(keys)
}

// defaults are the settings of a server of which nothing was set but where its data is.
func defaults(t *testing.T) Settings {
	t.Helper()
	var c cli
	parser, err := kong.New(&c)
	if err == nil {
		_, err = parser.Parse([]string{"config", "--data", t.TempDir()})
	}
	if err != nil {
		t.Fatal(err)
	}
	return c.Settings
}

// sample finds a metric among samples.
func sample(t *testing.T, samples []web.Sample, name string) float64 {
	t.Helper()
	for _, s := range samples {
		if s.Name == name {
			return s.Value
		}
	}
	t.Fatalf("no %s", name)
	return 0
}

// TestRecordingsGoToS3 under the prefix, and wait in the data folder while it is away, which health and metrics say.
func TestRecordingsGoToS3(t *testing.T) {
	t.Parallel()
	addr := s3test.Start(t)
	proxy := redistest.Through(t, addr)
	set := defaults(t)
	set.RecordStore, set.S3Endpoint = "s3://"+s3test.Bucket+"/live/eu", "http://"+proxy.Addr
	if _, err := keeping(t, set, Secrets{S3AccessKey: "key"}); err == nil || !strings.Contains(err.Error(), envS3SecretKey) {
		t.Errorf("without a key: %v", err)
	}
	p, err := keeping(t, set, Secrets{S3AccessKey: "key", S3SecretKey: "opensesame"})
	if err != nil {
		t.Fatal(err)
	}
	proxy.Cut()
	blobtest.Put(t, p.blobs, "rec/1/a", []byte("x"))
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	for _, a := range p.blobActors() {
		wg.Go(func() { _ = a.run(ctx) })
	}
	eventually(t, "it is noticed", func() bool { return sample(t, p.blobMetrics(), "record_store_away") == 1 })
	if n := sample(t, p.blobMetrics(), "record_store_waiting"); n != 1 {
		t.Errorf("%v wait", n)
	}
	if err := p.blobCheck().Probe(ctx); err != nil {
		t.Errorf("degraded at once: %v", err)
	}
	files, err := filepath.Glob(filepath.Join(set.Data, "spool", "*rec+1+a"))
	if len(files) != 1 {
		t.Errorf("it does not wait in the data folder: %v, %v", files, err)
	}
	proxy.Heal()
	eventually(t, "it is sent", func() bool { return sample(t, p.blobMetrics(), "record_store_sent_total") == 1 })
	s3, err := blob.NewS3(blob.S3Config{Endpoint: "http://" + addr, Region: "us-east-1", Bucket: s3test.Bucket, AccessKey: "key", SecretKey: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	defer s3.Close()
	if got := blobtest.Names(t, s3, "", ""); len(got) != 1 || got[0] != "live/eu/rec/1/a" {
		t.Errorf("%v", got)
	}
}

// TestHealthSaysWhyNothingIsKept: once somebody needed room, or S3 has been away for half a minute, and not before.
func TestHealthSaysWhyNothingIsKept(t *testing.T) {
	t.Parallel()
	set := defaults(t)
	set.RecordSpare = 1 << 50
	p, err := keeping(t, set, Secrets{})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.blobCheck().Probe(t.Context()); err != nil {
		t.Errorf("nobody wants to record: %v", err)
	}
	if err := p.blobs.Put(t.Context(), "rec/1/a", []byte("x")); !errors.Is(err, blob.ErrFull) {
		t.Fatal(err)
	}
	if err := p.blobCheck().Probe(t.Context()); err == nil || !strings.Contains(err.Error(), "--record-spare") {
		t.Errorf("on a full disk: %v", err)
	}
	if n := sample(t, p.blobMetrics(), "record_store_full"); n != 1 {
		t.Errorf("record_store_full is %v", n)
	}
}

// TestClustersGoOnWithoutS3Keys: what nodes of an earlier version agreed on says nothing of keys that they don't know.
func TestClustersGoOnWithoutS3Keys(t *testing.T) {
	t.Parallel()
	keys := newSecrets()
	if _, compared := keys.sums()[envS3SecretKey]; compared {
		t.Error("a key that is not set is compared")
	}
	keys.S3SecretKey = "opensesame"
	if _, compared := keys.sums()[envS3SecretKey]; !compared {
		t.Error("a key that is set is not compared")
	}
}

// TestADiskThatHangsHoldsUpNobody: who asks for health gets what was known last, in time, however many ask; and news when it answers.
func TestADiskThatHangsHoldsUpNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var l look[int]
		if n, ok := l.ask(t.Context(), func() int { return 1 }); n != 1 || !ok {
			t.Error(n, ok)
		}
		hangs, asked := make(chan struct{}), 0
		for range 5 {
			began := time.Now()
			n, ok := l.ask(t.Context(), func() int { asked++; <-hangs; return 2 })
			if n != 1 || ok || time.Since(began) != lookFor {
				t.Errorf("%d, %v after %s", n, ok, time.Since(began))
			}
		}
		close(hangs)
		synctest.Wait()
		if n, ok := l.ask(t.Context(), func() int { return 3 }); n != 3 || !ok || asked != 1 {
			t.Errorf("%d, %v, asked %d times", n, ok, asked)
		}
	})
}

// TestANodeSaysWhatItHasYetToSend of one recording, and nothing of what is none.
func TestANodeSaysWhatItHasYetToSend(t *testing.T) {
	t.Parallel()
	set := defaults(t)
	set.RecordStore = "s3://recordings"
	p, err := keeping(t, set, Secrets{S3AccessKey: "key", S3SecretKey: "opensesame"})
	if err != nil {
		t.Fatal(err)
	}
	if p.spooledAnywhere() != nil {
		t.Error("a node that is alone asks others")
	}
	blobtest.Put(t, p.blobs, "rec/01A/a", []byte("x"))
	p.cluster = &cluster{peers: peer.NewServer("here", []byte("key"), p.log)}
	if waits, err := p.spooledAnywhere()(t.Context(), "01A"); !waits || err != nil {
		t.Errorf("what waits here, unseen by others: %v, %v", waits, err)
	}
	p.cluster = nil
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+spoolPath+"{recording}", p.serveSpooled)
	for path, want := range map[string]struct{ waits, failed bool }{
		spoolPath + "01A": {waits: true}, spoolPath + "01": {}, spoolPath + "..%2f01A": {failed: true}, "/internal/other": {},
	} {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if waits, err := readSpooled(w.Result()); waits != want.waits || (err != nil) != want.failed {
			t.Errorf("%s: %v, %v", path, waits, err)
		}
	}
}

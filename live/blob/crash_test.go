package blob_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"hash/fnv"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"liveroom/internal/redistest"
	"liveroom/internal/s3test"
	"liveroom/live/blob"
	"liveroom/live/blob/blobtest"
)

// What the process that is killed is told.
const (
	asSpooler   = "LIVEROOM_TEST_SPOOLER"    // the folder
	spoolTo     = "LIVEROOM_TEST_SPOOL_TO"   // host:port of S3; empty: the folder itself is the store
	spoolNumber = "LIVEROOM_TEST_SPOOL_LIFE" // how often it lived before
)

// scale is LIVEROOM_SCALE: how many times as large a test is than it need be (design §10).
func scale() int {
	n, _ := strconv.Atoi(os.Getenv("LIVEROOM_SCALE"))
	return max(n, 1)
}

// contentOf is what an object of a name holds: nobody could make it of a part of it.
func contentOf(name string) []byte {
	h := fnv.New64a()
	_, _ = io.WriteString(h, name)
	size := 1000 + h.Sum64()%30_000
	sum := sha256.Sum256([]byte(name))
	data := bytes.Repeat(sum[:], int(size/32)) //nolint:gosec // small
	return append(data, name...)
}

// spoolUntilKilled puts objects and says of each whose Put returned its name.
func spoolUntilKilled() {
	var to blob.Store
	dir := os.Getenv(asSpooler)
	if addr := os.Getenv(spoolTo); addr == "" {
		d, err := blob.OpenFolder(blob.FolderConfig{Path: dir})
		check(err)
		to = d
	} else {
		s3, err := blob.NewS3(blob.S3Config{
			Endpoint: "http://" + addr, Region: "us-east-1", Bucket: s3test.Bucket, AccessKey: "key", SecretKey: "secret", Stall: 200 * time.Millisecond,
		})
		check(err)
		s, err := blob.OpenSpool(blob.SpoolConfig{Path: dir, First: 5 * time.Millisecond, Most: 20 * time.Millisecond}, s3, slog.New(slog.DiscardHandler))
		check(err)
		to = s
		go func() { check(s.Run(context.Background())) }()
	}
	for g := range 5 {
		go func() {
			for i := 0; ; i++ {
				name := fmt.Sprintf("rec/%d/%s-%06d.m4s", g, os.Getenv(spoolNumber), i)
				if i%10 == 9 {
					w, err := to.Create(context.Background(), name)
					check(err)
					_, err = io.Copy(w, bytes.NewReader(contentOf(name)))
					check(err)
					check(w.Commit())
				} else {
					data := contentOf(name)
					check(to.Put(context.Background(), name, data[:100], data[100:]))
				}
				_, _ = fmt.Println(name)
			}
		}()
	}
	select {}
}

func check(err error) {
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(3)
	}
}

// killed runs the process until it has put so many objects, kills it, and answers their names.
func killed(t *testing.T, dir, addr string, life, after int) (names []string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), asSpooler+"="+dir, spoolTo+"="+addr, fmt.Sprintf("%s=%03d", spoolNumber, life))
	cmd.SysProcAttr = redistest.DieWithParent()
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if names = append(names, lines.Text()); len(names) == after {
			_ = cmd.Process.Kill()
		}
	}
	if _ = cmd.Wait(); len(names) < after || strings.HasPrefix(names[len(names)-1], "failed") {
		t.Fatalf("it ended by itself: %v", names)
	}
	return names
}

// TestNothingIsLostByKilling: whatever was put by a process that is killed at random moments is there, whole, and nothing half.
func TestNothingIsLostByKilling(t *testing.T) {
	t.Parallel()
	t.Run("folder", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		var put []string
		for life := range 5 * scale() {
			put = append(put, killed(t, dir, "", life, 1+rand.N(25))...)
		}
		d := openFolder(t, blob.FolderConfig{Path: dir})
		allWhole(t, d, put)
		for _, file := range filesIn(t, dir) {
			if !strings.HasPrefix(file, "rec/") {
				t.Errorf("%s is left", file)
			}
		}
	})
	t.Run("spool", func(t *testing.T) {
		t.Parallel()
		dir, addr := t.TempDir(), s3test.Start(t)
		proxy := redistest.Through(t, addr)
		var put []string
		waited := 0
		for life := range 25 * scale() {
			switch rand.N(4) {
			case 0:
				proxy.Cut()
			case 1:
				proxy.CutAfter(rand.N[int64](1 << 20))
			case 2:
				proxy.Stall()
			case 3:
				proxy.Heal()
			}
			put = append(put, killed(t, dir, proxy.Addr, life, 1+rand.N(25))...)
			waited = max(waited, len(filesIn(t, dir)))
			proxy.Heal()
		}
		s3 := openS3(t, addr, "", 0)
		s := openSpool(t, blob.SpoolConfig{Path: dir}, s3)
		allWhole(t, s, put) // here or there
		running(t, s)
		eventually(t, "all is sent", func() bool { return s.Stats().Waiting == 0 })
		allWhole(t, s3, put)
		t.Logf("%d objects, up to %d of them waiting when it was killed", len(put), waited)
		if left := filesIn(t, dir); left != nil {
			t.Errorf("left: %v", left)
		}
	})
}

// allWhole checks that all these objects are there, and all that are there are whole.
func allWhole(t *testing.T, s blob.Store, put []string) {
	t.Helper()
	there := map[string]bool{}
	for _, name := range blobtest.Names(t, s, "", "") {
		there[name] = true
		if !bytes.Equal(blobtest.Get(t, s, name), contentOf(name)) {
			t.Errorf("%s is not whole", name)
		}
	}
	lost := 0
	for _, name := range put {
		if !there[name] {
			lost++
		}
	}
	if lost > 0 {
		t.Errorf("of %d objects %d are not there", len(put), lost)
	}
}

package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
)

// command runs liveroom in this process and returns what it printed.
func command(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out, errOut bytes.Buffer
	err := run(t.Context(), args, &out, &errOut)
	if errOut.Len() > 0 {
		t.Logf("on stderr: %s", errOut.String())
	}
	return out.String(), err
}

// mustCommand runs liveroom and expects it to succeed.
func mustCommand(t *testing.T, args ...string) string {
	t.Helper()
	out, err := command(t, args...)
	if err != nil {
		t.Fatalf("liveroom %s: %v", strings.Join(args, " "), err)
	}
	return out
}

// mustFail runs liveroom and expects an error with all of the words.
func mustFail(t *testing.T, args []string, words ...string) {
	t.Helper()
	out, err := command(t, args...)
	if err == nil {
		t.Fatalf("liveroom %s succeeded:\n%s", strings.Join(args, " "), out)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("liveroom %s: error %q does not say %q", strings.Join(args, " "), err, w)
		}
	}
}

// writeFile makes a file in a folder of the test's own.
func writeFile(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// effectively is what `liveroom config` says, by setting.
func effectively(t *testing.T, args ...string) map[string]any {
	t.Helper()
	out := mustCommand(t, append([]string{"config"}, args...)...)
	settings := map[string]any{}
	if err := yaml.Unmarshal([]byte(out), &settings); err != nil {
		t.Fatalf("%v in\n%s", err, out)
	}
	return settings
}

// serving is liveroom serve in this process.
type serving struct {
	out, log *logBuffer
	stop     context.CancelFunc
	done     chan error
}

// serve starts it with a demo room and waits until it is ready, or has failed.
func serve(t *testing.T, flags ...string) (*serving, error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s := &serving{out: &logBuffer{}, log: &logBuffer{}, stop: cancel, done: make(chan error, 1)}
	go func() { s.done <- run(ctx, append([]string{"serve", "--demo"}, flags...), s.out, s.log) }()
	ready := time.After(time.Minute)
	for {
		select {
		case err := <-s.done:
			cancel()
			return nil, err
		case <-ready:
			t.Fatalf("not ready within a minute:\n%s", s.log)
		case <-time.After(10 * time.Millisecond):
			if strings.Contains(s.out.String(), "liveroom is running") {
				t.Cleanup(func() { s.end(t) })
				return s, nil
			}
		}
	}
}

// end stops it, once.
func (s *serving) end(t *testing.T) {
	t.Helper()
	if s.done == nil {
		return
	}
	s.stop()
	if err := <-s.done; err != nil {
		t.Errorf("did not stop cleanly: %v\n%s", err, s.log)
	}
	s.done = nil
}

// freePorts are flags for ports that nobody has.
func freePorts(t *testing.T) []string {
	t.Helper()
	return []string{"--http", freeAddr(t), "--rtmp", freeAddr(t), "--ops", freeAddr(t)}
}

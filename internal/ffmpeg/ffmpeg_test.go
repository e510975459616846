//go:build linux

package ffmpeg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// actAsParent has the test binary be a program that is killed.
const actAsParent = "LIVEROOM_TEST_FFMPEG_PARENT"

func TestMain(m *testing.M) {
	if script := os.Getenv(actAsParent); script != "" {
		_, _ = New(Config{Path: "/bin/sh", Timeout: time.Minute}).Run(context.Background(), Job{Args: []string{"-c", script}})
		return
	}
	goleak.VerifyTestMain(m)
}

// shell supervises a shell instead of ffmpeg.
func shell(cfg Config) *Supervisor {
	cfg.Path = "/bin/sh"
	return New(cfg)
}

func script(text string, outputs int, input ...string) Job {
	j := Job{Args: []string{"-c", text}, Outputs: outputs}
	for _, in := range input {
		j.Input = append(j.Input, []byte(in))
	}
	return j
}

// within waits for something that other processes do.
func within(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("still not: %s", what)
		}
	}
}

// gone says that a process is no more, or a zombie that only its parent sees.
func gone(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	return strings.HasPrefix(string(stat[strings.LastIndexByte(string(stat), ')')+1:]), " Z")
}

// fifo is a file that a process which may write no files can write to, and what was written to it.
func fifo(t *testing.T) (path string, read func() int) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "pid")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0) // so that opening it waits for nobody
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return path, func() int {
		var pid int
		if _, err := fmt.Fscan(f, &pid); err != nil {
			t.Fatal(err)
		}
		return pid
	}
}

func TestOutputsAreWhatTheProcessWrote(t *testing.T) {
	t.Parallel()
	s := shell(Config{})
	out, err := s.Run(t.Context(), script("read a; read b; echo $b >&3; echo $a >&4; echo said >&2", 2, "one\ntw", "o\n"))
	if err != nil || len(out) != 2 || string(out[0]) != "two\n" || string(out[1]) != "one\n" {
		t.Fatalf("%q, %v", out, err)
	}
	if st := s.Stats(); st.Started != 1 || st.Failed != 0 || st.Running != 0 || st.Busy <= 0 {
		t.Errorf("stats %+v", st)
	}
}

func TestProcessHasNothingOfOurs(t *testing.T) {
	t.Setenv("LIVEROOM_PUSH_KEY", "secret")
	out, err := shell(Config{}).Run(t.Context(), script("read go; env >&3; nice >&4; { ulimit -v; ulimit -f; ulimit -c; } >&5", 3, "go\n"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(out[0]), "LIVEROOM") {
		t.Errorf("environment %s", out[0])
	}
	if got := strings.TrimSpace(string(out[1])); got != strconv.Itoa(min(niceness()+10, 19)) {
		t.Errorf("niceness %s", got)
	}
	if got := strings.Fields(string(out[2])); len(got) < 3 || got[len(got)-3] != "2097152" || got[len(got)-2] != "0" || got[len(got)-1] != "0" {
		t.Errorf("limits %q", got)
	}
}

func TestProcessThatFailsSaysWhy(t *testing.T) {
	t.Parallel()
	_, err := shell(Config{}).Run(t.Context(), script(`printf 'begin%5000s\n\033[31mend' x >&2; exit 3`, 1))
	var exit *ExitError
	if !errors.As(err, &exit) || exit.How != "exit status 3" || !strings.HasSuffix(exit.Said, "[31mend") || len(exit.Said) > saidBytes ||
		strings.ContainsAny(exit.Said, "\033\n") {
		t.Errorf("%v", err)
	}
}

func TestTimeOutKillsTheWholeGroup(t *testing.T) {
	t.Parallel()
	path, child := fifo(t)
	s := shell(Config{Timeout: 300 * time.Millisecond})
	_, err := s.Run(t.Context(), script("sleep 1000 & echo $! >"+path+"; wait", 1))
	if !errors.Is(err, ErrTimeout) {
		t.Fatalf("%v", err)
	}
	pid := child()
	within(t, "the child is gone", func() bool { return gone(pid) })
	if st := s.Stats(); st.Timeouts != 1 || st.Failed != 1 {
		t.Errorf("stats %+v", st)
	}
}

func TestOutputIsBounded(t *testing.T) {
	t.Parallel()
	if _, err := shell(Config{OutputBytes: 1000}).Run(t.Context(), script("while :; do echo 0123456789 >&4; done", 2)); !errors.Is(err, ErrOutput) {
		t.Fatalf("%v", err)
	}
	out, err := shell(Config{OutputBytes: 1000}).Run(t.Context(), script("printf '%1000s' x >&3", 1))
	if err != nil || len(out[0]) != 1000 {
		t.Fatalf("exactly as much: %d bytes, %v", len(out), err)
	}
}

func TestOutputHeldOpenByAStragglerIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	path, child := fifo(t)
	_, err := shell(Config{}).Run(t.Context(), script("sleep 1000 & echo $! >"+path, 1))
	pid := child()
	defer func() { _ = syscall.Kill(pid, syscall.SIGKILL) }()
	var exit *ExitError
	if !errors.As(err, &exit) {
		t.Fatalf("%v", err)
	}
}

func TestProcessDiesWithItsParent(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path, child := fifo(t)
	parent := exec.Command(self)
	parent.Env = append(os.Environ(), actAsParent+"=echo $$ >"+path+"; while :; do sleep 1000; done")
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	pid := child()
	if gone(pid) {
		t.Fatal("the process is not there")
	}
	_ = parent.Process.Kill()
	_ = parent.Wait()
	within(t, "the process is gone", func() bool { return gone(pid) })
}

func TestCallerThatGivesUpKillsTheProcess(t *testing.T) {
	t.Parallel()
	path, child := fifo(t)
	ctx, cancel := context.WithCancel(t.Context())
	s := shell(Config{})
	result := make(chan error, 1)
	go func() {
		_, err := s.Run(ctx, Job{Key: "a", Args: []string{"-c", "echo $$ >" + path + "; sleep 1000"}})
		result <- err
	}()
	pid := child()
	cancel()
	if err := <-result; !errors.Is(err, context.Canceled) {
		t.Fatalf("%v", err)
	}
	if !gone(pid) {
		t.Error("the process is still there")
	}
	if st := s.Stats(); st.Failed != 0 {
		t.Errorf("stats %+v", st)
	}
}

func TestMissingProgramIsNamedAndFoundLater(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ffmpeg")
	s := New(Config{Path: path})
	if _, err := s.Run(t.Context(), Job{}); !errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), path) {
		t.Fatalf("%v", err)
	}
	if err := os.Symlink("/bin/true", path); err != nil {
		t.Fatal(err)
	}
	if err := s.Available(); !errors.Is(err, ErrMissing) {
		t.Fatalf("looked for at once again: %v", err)
	}
	s.mu.Lock()
	s.looked = s.looked.Add(-lookEvery)
	s.mu.Unlock()
	if _, err := s.Run(t.Context(), Job{}); err != nil {
		t.Fatalf("when it is there: %v", err)
	}
	_ = os.Remove(path)
	if _, err := s.Run(t.Context(), Job{Key: "a"}); !errors.Is(err, ErrMissing) {
		t.Fatalf("when it was removed: %v", err)
	}
	if err := s.Available(); !errors.Is(err, ErrMissing) {
		t.Fatalf("afterwards: %v", err)
	}
}

// TestTheProgramIsFoundFromAnywhere: neither a folder for temporary files that is gone nor a path that begins where this program was
// started makes a program missing that is there.
func TestTheProgramIsFoundFromAnywhere(t *testing.T) {
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "gone"))
	t.Chdir(t.TempDir())
	if err := os.Symlink("/bin/true", "ffmpeg"); err != nil {
		t.Fatal(err)
	}
	if _, err := New(Config{Path: "./ffmpeg"}).Run(t.Context(), Job{}); err != nil {
		t.Error(err)
	}
}

func TestWhatFailsAgainAndAgainRestsLonger(t *testing.T) {
	t.Parallel()
	s := shell(Config{Pause: time.Minute, MaxPause: 3 * time.Minute})
	bad, good := script("exit 1", 0), script("exit 0", 0)
	bad.Key, good.Key = "bad", "good"
	for _, want := range []time.Duration{time.Minute, 2 * time.Minute, 3 * time.Minute, 3 * time.Minute} {
		var exit *ExitError
		if _, err := s.Run(t.Context(), bad); !errors.As(err, &exit) {
			t.Fatal(err)
		}
		if _, err := s.Run(t.Context(), bad); !errors.Is(err, ErrPaced) {
			t.Fatal(err)
		}
		if _, err := s.Run(t.Context(), good); err != nil {
			t.Fatalf("another key: %v", err)
		}
		s.mu.Lock()
		r := s.resting["bad"]
		if left := time.Until(r.until); left > want || left < want-30*time.Second {
			t.Errorf("rests for %s, want %s", left, want)
		}
		r.until = time.Now()
		s.resting["bad"] = r
		s.mu.Unlock()
	}
	good.Key = "bad"
	if _, err := s.Run(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	if len(s.resting) != 0 {
		t.Errorf("still rests: %v", s.resting)
	}
	if st := s.Stats(); st.Started != 9 || st.Failed != 4 || st.Paced != 4 {
		t.Errorf("stats %+v", st)
	}
}

func TestKeysThatRestAreBounded(t *testing.T) {
	t.Parallel()
	s := shell(Config{})
	for i := range maxPaced + 10 {
		s.pace(strconv.Itoa(i), true)
	}
	if len(s.resting) != maxPaced {
		t.Errorf("%d keys", len(s.resting))
	}
}

func TestNeverMoreAtOnceThanAdmitted(t *testing.T) {
	t.Parallel()
	s := shell(Config{AtOnce: 2})
	var most atomic.Int64
	var wg sync.WaitGroup
	for range 12 {
		wg.Go(func() {
			out, err := s.Run(t.Context(), script("sleep 0.02; echo done >&3", 1))
			if err != nil || string(out[0]) != "done\n" {
				t.Errorf("%q, %v", out, err)
			}
		})
	}
	stop, watched := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watched)
		for {
			select {
			case <-stop:
				return
			default:
				most.Store(max(most.Load(), int64(s.Stats().Running)))
			}
		}
	}()
	wg.Wait()
	close(stop)
	<-watched
	if most.Load() > 2 || s.Stats().Started != 12 {
		t.Errorf("%d at once of %d", most.Load(), s.Stats().Started)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.slots <- struct{}{}
	s.slots <- struct{}{}
	if _, err := s.Run(ctx, script("exit 0", 0)); !errors.Is(err, context.Canceled) {
		t.Errorf("full: %v", err)
	}
}

// Package ffmpeg runs ffmpeg under supervision: few processes at a time, each of low priority, in a group of its own, without
// this program's environment, with bounds on its time, memory and output, and dead when this program is, however that dies.
//
// What a process is fed comes from strangers. So nothing is believed of it but the bytes it writes to its outputs; it may write no
// files, and what fails again and again is not begun again at once.
//
// Run starts no goroutine that outlives it.
package ffmpeg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"
)

// Why there is no output. Compare with errors.Is. A process that ends by itself with an error is an *ExitError.
var (
	// ErrMissing says that there is no such program here.
	ErrMissing = errors.New("ffmpeg: the program is missing")
	// ErrTimeout says that a process took longer than it may, and was killed.
	ErrTimeout = errors.New("ffmpeg: it took too long")
	// ErrOutput says that a process wrote more than it may, and was killed.
	ErrOutput = errors.New("ffmpeg: it wrote too much")
	// ErrPaced says that what the job is for failed lately, and is to rest for a while.
	ErrPaced = errors.New("ffmpeg: it failed lately and rests")
)

// ExitError says that a process failed.
type ExitError struct {
	How  string // such as "exit status 1" or "signal: segmentation fault"
	Said string // the end of what it wrote to its log, without control characters; may be empty
}

func (e *ExitError) Error() string {
	if e.Said == "" {
		return "ffmpeg: " + e.How
	}
	return "ffmpeg: " + e.How + ": " + e.Said
}

// Config says how processes are run. Zero fields take their defaults.
type Config struct {
	Path        string        // the program, looked for in PATH if it is a name; default ffmpeg
	AtOnce      int           // processes at a time; default a quarter of the processors, at least 1
	Timeout     time.Duration // of a process; default 10 s
	OutputBytes int           // of each output; default 8 MiB
	MemoryBytes uint64        // address space, on Linux; default 2 GiB
	Niceness    int           // added to this program's; default 10
	Pause       time.Duration // after a key's first failure, doubled with each; default 1 s
	MaxPause    time.Duration // the longest; default 5 min
}

// lookEvery is how often a program that was missing is looked for.
const lookEvery = 10 * time.Second

// saidBytes is how much is kept of what a process logs.
const saidBytes = 1 << 10

// stragglers is how long outputs may stay open after the process is gone.
const stragglers = time.Second

// maxPaced bounds the keys that rest; beyond it any are forgotten.
const maxPaced = 4096

func (c Config) withDefaults() Config {
	if c.Path == "" {
		c.Path = "ffmpeg"
	}
	if c.AtOnce <= 0 {
		c.AtOnce = max(1, runtime.NumCPU()/4)
	}
	if c.Timeout <= 0 {
		c.Timeout = 10 * time.Second
	}
	if c.OutputBytes <= 0 {
		c.OutputBytes = 8 << 20
	}
	if c.MemoryBytes == 0 {
		c.MemoryBytes = 2 << 30
	}
	if c.Niceness <= 0 {
		c.Niceness = 10
	}
	if c.Pause <= 0 {
		c.Pause = time.Second
	}
	if c.MaxPause <= 0 {
		c.MaxPause = 5 * time.Minute
	}
	return c
}

// Supervisor runs processes. Its methods may be called from any goroutine.
type Supervisor struct {
	cfg   Config
	slots chan struct{}

	started, failed, timeouts, paced atomic.Uint64
	running                          atomic.Int64
	busy                             atomic.Int64 // ns that processes ran

	mu      sync.Mutex // guards all below
	found   string     // the program; empty: not found at lookedAt
	looked  time.Time
	resting map[string]rest
}

// rest is how long a key that failed is to rest.
type rest struct {
	failures int // in a row
	until    time.Time
}

// New returns a supervisor. It starts nothing.
func New(cfg Config) *Supervisor {
	cfg = cfg.withDefaults()
	return &Supervisor{cfg: cfg, slots: make(chan struct{}, cfg.AtOnce), resting: map[string]rest{}}
}

// AtOnce is how many processes may run at a time.
func (s *Supervisor) AtOnce() int { return s.cfg.AtOnce }

// Available says why nothing can be run: an error that is ErrMissing, which names the program. A program that was missing is
// looked for again after ten seconds.
func (s *Supervisor) Available() error {
	_, err := s.program()
	return err
}

func (s *Supervisor) program() (string, error) {
	if !supported {
		return "", fmt.Errorf("%w: it can't be supervised on %s", ErrMissing, runtime.GOOS)
	}
	s.mu.Lock()
	found, fresh := s.found, !s.looked.IsZero() && time.Since(s.looked) < lookEvery
	s.mu.Unlock()
	if found == "" && !fresh {
		found = look(s.cfg.Path)
		s.mu.Lock()
		s.found, s.looked = found, time.Now()
		s.mu.Unlock()
	}
	if found == "" {
		return "", fmt.Errorf("%w: no %s in PATH", ErrMissing, s.cfg.Path)
	}
	return found, nil
}

// look finds a program; empty: it is not there. Its path leads to it from anywhere: processes have another working directory.
func look(program string) string {
	found, err := exec.LookPath(program)
	if err != nil && !errors.Is(err, exec.ErrDot) {
		return ""
	}
	if found, err = filepath.Abs(found); err != nil {
		return ""
	}
	return found
}

// lost forgets where the program was.
func (s *Supervisor) lost() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.found, s.looked = "", time.Now()
}

// Job is what one process is to do.
type Job struct {
	Key     string   // what rests if it fails; empty: nothing does
	Args    []string // of the program; output i is the file descriptor 3+i: pipe:3, pipe:4 and so on
	Input   [][]byte // its standard input, one after the other
	Outputs int
}

// Run waits for its turn, runs a process, and answers what it wrote to its outputs. When Run returns the process is gone.
// The error is one of the above, or ctx's, which kills the process too.
func (s *Supervisor) Run(ctx context.Context, job Job) ([][]byte, error) {
	program, err := s.program()
	if err != nil {
		return nil, err
	}
	if err := s.rested(job.Key); err != nil {
		return nil, err
	}
	select {
	case s.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	defer func() { <-s.slots }()
	began := time.Now()
	s.started.Add(1)
	s.running.Add(1)
	out, err := s.run(ctx, program, job)
	s.running.Add(-1)
	s.busy.Add(int64(time.Since(began)))
	switch {
	case ctx.Err() != nil && err != nil: // nobody's fault
		return nil, context.Cause(ctx)
	case errors.Is(err, os.ErrNotExist):
		s.lost()
		return nil, fmt.Errorf("%w: %s is gone", ErrMissing, program)
	case err != nil:
		s.failed.Add(1)
		if errors.Is(err, ErrTimeout) {
			s.timeouts.Add(1)
		}
	}
	s.pace(job.Key, err != nil)
	return out, err
}

// run is Run once it is its turn. The thread is held: the system kills a process whose parent's thread ends.
func (s *Supervisor) run(ctx context.Context, program string, job Job) ([][]byte, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer time.AfterFunc(s.cfg.Timeout, func() { cancel(ErrTimeout) }).Stop()

	said := &tail{}
	cmd := exec.CommandContext(ctx, program, job.Args...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "AV_LOG_FORCE_NOCOLOR=1"} // no secrets of ours
	cmd.Dir = "/"                                                                         // which is always there: what is missing then is the program
	cmd.Stderr, cmd.WaitDelay = said, stragglers
	apart(cmd)
	outputs, err := pipes(job.Outputs)
	defer outputs.close()
	if err != nil {
		return nil, err
	}
	cmd.ExtraFiles = outputs.write
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	err = cmd.Start()
	if err != nil {
		_ = in.Close()
		return nil, err
	}
	outputs.started()
	restrain(cmd.Process.Pid, s.cfg)
	var feeding sync.WaitGroup
	feeding.Go(func() { feed(in, job.Input) }) // not before it is restrained
	read := outputs.read(s.cfg.OutputBytes, func() { cancel(ErrOutput) })
	err = cmd.Wait() // which closes in
	feeding.Wait()
	outputs.hurry(time.Now().Add(stragglers))
	out, whole := read()
	switch cause := context.Cause(ctx); {
	case cause != nil:
		return nil, cause
	case err != nil:
		return nil, &ExitError{How: err.Error(), Said: said.String()}
	case !whole:
		return nil, &ExitError{How: "its outputs did not end", Said: said.String()}
	}
	return out, nil
}

// rested says whether a key may be tried.
func (s *Supervisor) rested(key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, resting := s.resting[key]; resting && time.Now().Before(r.until) {
		s.paced.Add(1)
		return ErrPaced
	}
	return nil
}

// pace notes how a key fared.
func (s *Supervisor) pace(key string, failed bool) {
	if key == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r, resting := s.resting[key]
	if !failed {
		delete(s.resting, key)
		return
	}
	if !resting && len(s.resting) >= maxPaced {
		for other := range s.resting {
			delete(s.resting, other)
			break
		}
	}
	pause := s.cfg.MaxPause
	if r.failures < 30 {
		pause = min(s.cfg.Pause<<r.failures, s.cfg.MaxPause)
	}
	s.resting[key] = rest{r.failures + 1, time.Now().Add(pause)}
}

// Stats are a supervisor's figures since it was made; Running is that of this moment.
type Stats struct {
	Running  int
	Started  uint64
	Failed   uint64 // of them, time-outs included
	Timeouts uint64
	Paced    uint64 // not begun, because what they were for rests
	Busy     time.Duration
}

// Stats returns them.
func (s *Supervisor) Stats() Stats {
	return Stats{
		Running: int(s.running.Load()), Started: s.started.Load(), Failed: s.failed.Load(), Timeouts: s.timeouts.Load(),
		Paced: s.paced.Load(), Busy: time.Duration(s.busy.Load()),
	}
}

// feed writes the parts one after the other. What is not read any more is not written.
func feed(in io.WriteCloser, parts [][]byte) {
	defer func() { _ = in.Close() }()
	for _, p := range parts {
		if _, err := in.Write(p); err != nil {
			return
		}
	}
}

// tail keeps the end of what is written to it.
type tail struct{ kept []byte }

func (t *tail) Write(b []byte) (int, error) {
	if t.kept = append(t.kept, b...); len(t.kept) > saidBytes {
		t.kept = append(t.kept[:0], t.kept[len(t.kept)-saidBytes:]...)
	}
	return len(b), nil
}

// String is what was kept, on one line.
func (t *tail) String() string {
	return strings.Join(strings.FieldsFunc(strings.ToValidUTF8(string(t.kept), "�"), func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsPrint(r)
	}), " ")
}

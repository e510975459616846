package words

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// fileBytes bounds a file of words.
const fileBytes = 16 << 20

// Config of a Service.
type Config struct {
	File  string        // words besides the stored ones, in the form of Parse, of this node only; empty: none
	Loose bool          // List.Loose of the file
	Every time.Duration // how often the file is looked at; default 500 ms
}

// Service is the words in force: those of a Store and those of a file. Of a word in both the stored one counts.
type Service struct {
	cfg   Config
	store Store
	log   *slog.Logger

	matcher atomic.Pointer[Matcher]
	rule    atomic.Uint32 // a Rule

	blocked, replaced, checked atomic.Uint64

	mu    sync.Mutex // guards what follows: one change at a time
	file  List
	mark  fileMark
	stale bool // what is in force is not what is stored: it is to be compiled again
}

// fileMark is what tells that a file has changed.
type fileMark struct {
	at   time.Time
	size int64
}

// Stats are figures of a Service.
type Stats struct {
	Words                      int    // in force
	Checked, Blocked, Replaced uint64 // texts
}

// New reads store and file and puts them in force. A file that can't be read is an error, a line in it that is no word is
// left out and logged.
func New(ctx context.Context, cfg Config, store Store, log *slog.Logger) (*Service, error) {
	if cfg.Every == 0 {
		cfg.Every = 500 * time.Millisecond
	}
	s := &Service{cfg: cfg, store: store, log: log}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.readFile(); err != nil {
		return nil, fmt.Errorf("words: %w", err)
	}
	if err := s.compile(ctx); err != nil {
		return nil, fmt.Errorf("words: %w", err)
	}
	return s, nil
}

// Run puts changes of the file in force until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(s.cfg.Every)
	defer tick.Stop()
	failed := false
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
		err := s.refresh(ctx)
		if err != nil && !failed && ctx.Err() == nil {
			s.log.Warn("sensitive words not read, those in force stay", "err", err)
		}
		failed = err != nil
	}
}

// refresh looks whether anything is to be compiled anew.
func (s *Service) refresh(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	changed, err := s.readFile()
	if err != nil || !changed && !s.stale {
		return err
	}
	return s.compile(ctx)
}

// Reload puts in force what is stored, which another node may have changed. What is in force stays if it can't be read.
func (s *Service) Reload(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.compile(ctx)
}

// readFile reads the file if it is another one than before. The lock is held.
func (s *Service) readFile() (changed bool, err error) {
	if s.cfg.File == "" {
		return false, nil
	}
	info, err := os.Stat(s.cfg.File)
	if err != nil {
		return false, err
	}
	mark := fileMark{info.ModTime(), info.Size()}
	if mark == s.mark {
		return false, nil
	}
	if mark.size > fileBytes {
		return false, fmt.Errorf("%s has more than %d bytes", s.cfg.File, fileBytes)
	}
	raw, err := os.ReadFile(s.cfg.File)
	if err != nil {
		return false, err
	}
	words, bad := Parse(string(raw))
	if len(words) > MaxWords {
		return false, fmt.Errorf("%s: %w: at most %d", s.cfg.File, ErrTooMany, MaxWords)
	}
	if len(bad) > 0 {
		s.log.Warn("lines of the word list are no words and left out", "file", s.cfg.File, "lines", len(bad), "first", bad[0].Line)
	}
	s.file, s.mark = List{Words: words, Loose: s.cfg.Loose}, mark
	return true, nil
}

// compile puts store and file in force. The lock is held.
func (s *Service) compile(ctx context.Context) error {
	s.stale = true
	stored, _, err := s.store.AllWords(ctx)
	if err != nil {
		return err
	}
	m, err := Compile(s.file, stored)
	if err != nil {
		return err
	}
	s.matcher.Store(m)
	s.stale = false
	return nil
}

// SetRule changes what becomes of texts, from now on. At first it is Each.
func (s *Service) SetRule(r Rule) { s.rule.Store(uint32(r)) }

func (s *Service) now() Rule { return Rule(s.rule.Load()) } //nolint:gosec // SetRule put it there

// Check is Matcher.Check with the words and the rule in force.
func (s *Service) Check(text string) (clean string, blocked bool) {
	clean, blocked = s.matcher.Load().CheckBy(s.now(), text)
	s.checked.Add(1)
	switch {
	case blocked:
		s.blocked.Add(1)
	case clean != text:
		s.replaced.Add(1)
	}
	return clean, blocked
}

// Stats may be called at any time.
func (s *Service) Stats() Stats {
	return Stats{Words: s.matcher.Load().Len(), Checked: s.checked.Load(), Blocked: s.blocked.Load(), Replaced: s.replaced.Load()}
}

// Change changes the stored list; when it returns, the new list is in force. The error is an *Error, ErrTooMany,
// ErrVersion or the store's.
func (s *Service) Change(ctx context.Context, c Change) (Result, error) {
	for _, w := range c.Put {
		if err := w.Check(); err != nil {
			return Result{}, err
		}
	}
	if len(c.Put) > MaxWords {
		return Result{}, ErrTooMany
	}
	c.At = time.Now().UTC()
	s.mu.Lock()
	defer s.mu.Unlock()
	done, err := s.store.ChangeWords(ctx, c)
	if err != nil {
		return Result{}, err
	}
	if err := s.compile(context.WithoutCancel(ctx)); err != nil {
		return Result{}, fmt.Errorf("the list is changed, but not in force yet: %w", err)
	}
	return done, nil
}

// Page is Store.WordsPage.
func (s *Service) Page(ctx context.Context, after string, limit int) (page []Word, next string, head Head, err error) {
	return s.store.WordsPage(ctx, after, limit)
}

// Blocking returns the texts of the words in force that block by the rule in force, for clients to look at before they send.
func (s *Service) Blocking(ctx context.Context) ([]string, error) {
	s.mu.Lock()
	file := s.file
	s.mu.Unlock()
	stored, _, err := s.store.AllWords(ctx)
	if err != nil {
		return nil, err
	}
	var texts []string
	rule := s.now()
	known := make(map[string]bool, len(stored.Words))
	for _, l := range []List{stored, file} {
		for _, w := range l.Words {
			if key := w.Key(); !known[key] {
				known[key] = true
				if rule == AllBlock || rule == Each && w.Action == Block {
					texts = append(texts, w.Text)
				}
			}
		}
	}
	return texts, nil
}

// Refused says whether err is about what was asked for, and not about the store.
func Refused(err error) bool {
	var word *Error
	return errors.As(err, &word) || errors.Is(err, ErrTooMany) || errors.Is(err, ErrVersion)
}

package words

import (
	"context"
	"maps"
	"slices"
	"sync"
)

// Memory is a Store that forgets at exit, for tests and trials.
type Memory struct {
	mu    sync.Mutex
	head  Head
	words map[string]Word
}

var _ Store = (*Memory)(nil)

// NewMemory returns an empty Store.
func NewMemory() *Memory { return &Memory{words: map[string]Word{}} }

// ChangeWords implements Store.
func (m *Memory) ChangeWords(_ context.Context, c Change) (Result, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	head, err := c.Apply(m.head)
	if err != nil {
		return Result{}, err
	}
	next, removed := map[string]Word{}, 0
	if !c.Whole {
		maps.Copy(next, m.words)
	}
	for _, text := range c.Delete {
		if _, ok := next[Key(text)]; ok {
			delete(next, Key(text))
			removed++
		}
	}
	for _, w := range c.Put {
		next[w.Key()] = w
	}
	if len(next) > MaxWords {
		return Result{}, ErrTooMany
	}
	if c.Idle(removed) {
		return Result{Head: m.head}, nil
	}
	head.Count = len(next)
	m.head, m.words = head, next
	return Result{Head: head, Removed: removed}, nil
}

// WordsPage implements Store.
func (m *Memory) WordsPage(_ context.Context, after string, limit int) (page []Word, next string, head Head, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	keys := m.keys()
	from, found := slices.BinarySearch(keys, after)
	if found {
		from++
	}
	for _, key := range keys[from:] {
		if len(page) == limit {
			return page, page[limit-1].Key(), m.head, nil
		}
		page = append(page, m.words[key])
	}
	return page, "", m.head, nil
}

// AllWords implements Store.
func (m *Memory) AllWords(context.Context) (List, Head, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l := List{Loose: m.head.Loose}
	for _, key := range m.keys() {
		l.Words = append(l.Words, m.words[key])
	}
	return l, m.head, nil
}

func (m *Memory) keys() []string { return slices.Sorted(maps.Keys(m.words)) }

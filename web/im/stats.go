package im

import (
	"maps"
	"slices"
	"sync"
)

// Count is how often a command was answered with a code.
type Count struct {
	Command string // service/command; unknown: none of ours
	Code    int    // 0: it was carried out
	Calls   uint64
}

// tally counts answers by code.
type tally struct {
	mu     sync.Mutex
	byCode map[int]uint64
}

// Webhooks give codes of their own to senders: they count as one, so that they can't make series.
const customFrom, customTo, custom = 10100, 10200, 10100

func (t *tally) add(code int) {
	if code >= customFrom && code <= customTo || code >= 120001 && code <= 130000 {
		code = custom
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byCode == nil {
		t.byCode = map[int]uint64{}
	}
	t.byCode[code]++
}

// Stats returns how often which command was answered with which code.
func (s *Server) Stats() []Count {
	var all []Count
	add := func(name string, t *tally) {
		t.mu.Lock()
		defer t.mu.Unlock()
		for _, code := range slices.Sorted(maps.Keys(t.byCode)) {
			all = append(all, Count{name, code, t.byCode[code]})
		}
	}
	for _, path := range slices.Sorted(maps.Keys(s.commands)) {
		add(path, &s.commands[path].tally)
	}
	add("unknown", &s.unknown)
	return all
}

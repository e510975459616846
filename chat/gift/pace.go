package gift

import (
	"sync"
	"time"
)

// pace is a token bucket for each user. What is remembered is when one is full again.
type pace struct {
	every time.Duration
	burst time.Duration // how far ahead of now "full again" may be

	mu   sync.Mutex // guards full
	full map[string]time.Time
}

// maxPaced bounds the users remembered; beyond, some are forgotten, who at worst may do a little more.
const maxPaced = 100_000

func newPace(rate float64, burst int) pace {
	every := time.Duration(float64(time.Second) / rate)
	return pace{every: every, burst: every * time.Duration(burst), full: map[string]time.Time{}}
}

// take says whether a user may place one more order now.
func (p *pace) take(user string, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	full, known := p.full[user]
	if full.Before(now) {
		full = now
	}
	if full = full.Add(p.every); full.Sub(now) > p.burst {
		return false
	}
	if !known && len(p.full) >= maxPaced {
		p.forget(now)
	}
	p.full[user] = full
	return true
}

// forget makes room, first of those who are full.
func (p *pace) forget(now time.Time) {
	looked := 0
	for user, full := range p.full {
		if looked++; looked > 100 {
			break
		}
		if !full.After(now) {
			delete(p.full, user)
		}
	}
	for user := range p.full {
		if len(p.full) < maxPaced {
			return
		}
		delete(p.full, user)
	}
}

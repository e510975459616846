package audit

import (
	"time"

	"liveroom/chat"
)

// A user may do so many acts at once, over all groups, and one in each interval after that. The log has an end: who floods
// it pushes out what he, and others, did before. Application administrators, the API token among them, are trusted.
const (
	paceBurst    = 1000
	paceInterval = 200 * time.Millisecond
)

// maxPaces is how many users' paces are remembered before those are forgotten who may act freely.
const maxPaces = 1000

// Busy implements chat.Journal.
func (l *Log) Busy(by chat.Identity) (until time.Time) {
	if by.Admin {
		return until
	}
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if at := l.paces[by.User].Add(-(paceBurst - 1) * paceInterval); now.Before(at) {
		return at
	}
	return until
}

// charge counts an act of a user. The lock is held.
func (l *Log) charge(by chat.Identity, now time.Time) {
	if by.Admin {
		return
	}
	full, known := l.paces[by.User]
	if !known && len(l.paces) >= maxPaces {
		for user, full := range l.paces {
			if !full.After(now) {
				delete(l.paces, user)
			}
		}
	}
	if full.Before(now) {
		full = now
	}
	l.paces[by.User] = full.Add(paceInterval)
}

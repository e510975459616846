package file

import (
	"net/netip"
	"sync"
	"time"
)

// leastCharge is what an upload counts at least against a user's hour: thousands of tiny files cost too.
const leastCharge = 256 << 10

// maxSpenders bounds for how many users an hour is remembered. Past it those forgotten first begin anew.
const maxSpenders = 100_000

// limits count the uploads that run, and what each user sent within an hour.
type limits struct {
	perUser, perFrom, total int
	hourly                  int64

	mu      sync.Mutex // guards what follows
	running int
	users   map[string]int
	from    map[netip.Prefix]int
	spent   map[string]spending
}

// spending is what a user sent, which is forgotten evenly: the whole allowance in an hour.
type spending struct {
	bytes float64
	at    time.Time
}

func newLimits(cfg Config) limits {
	return limits{
		perUser: cfg.PerUser, perFrom: cfg.PerAddress, total: cfg.Running, hourly: cfg.UserBytes,
		users: map[string]int{}, from: map[netip.Prefix]int{}, spent: map[string]spending{},
	}
}

// check says why a user may not send so many bytes now.
func (l *limits) check(user string, size int64, now time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.affords(user, size, now)
}

// affords is check with the lock held.
func (l *limits) affords(user string, size int64, now time.Time) error {
	missing := l.level(user, now) + float64(max(size, leastCharge)) - float64(l.hourly)
	if missing <= 0 {
		return nil
	}
	refused := *ErrTooMany
	refused.NextAt = now.Add(time.Duration(missing / float64(l.hourly) * float64(time.Hour)))
	return &refused
}

func (l *limits) level(user string, now time.Time) float64 {
	s := l.spent[user]
	return max(0, s.bytes-now.Sub(s.at).Hours()*float64(l.hourly))
}

// enter takes a place and charges the user. An unlimited one, who is trusted, only counts among all.
func (l *limits) enter(user string, from netip.Prefix, size int64, unlimited bool, now time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.running >= l.total {
		return ErrCrowded
	}
	if !unlimited {
		if l.users[user] >= l.perUser || from.IsValid() && l.from[from] >= l.perFrom {
			return ErrCrowded
		}
		if err := l.affords(user, size, now); err != nil {
			return err
		}
		l.charge(user, max(size, leastCharge), now)
		l.users[user]++
		l.from[from]++
	}
	l.running++
	return nil
}

// charge adds bytes, or takes them back. The lock is held.
func (l *limits) charge(user string, bytes int64, now time.Time) {
	if _, known := l.spent[user]; !known && len(l.spent) >= maxSpenders {
		for other := range l.spent { // any
			delete(l.spent, other)
			break
		}
	}
	l.spent[user] = spending{max(0, l.level(user, now)+float64(bytes)), now}
}

// leave gives the place back, and what of the charge never came.
func (l *limits) leave(user string, from netip.Prefix, size, came int64, unlimited bool, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.running--
	if unlimited {
		return
	}
	if l.users[user]--; l.users[user] <= 0 {
		delete(l.users, user)
	}
	if l.from[from]--; l.from[from] <= 0 {
		delete(l.from, from)
	}
	l.charge(user, max(came, leastCharge)-max(size, leastCharge), now)
}

// forget drops who has nothing left to be remembered.
func (l *limits) forget(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for user := range l.spent {
		if l.level(user, now) == 0 {
			delete(l.spent, user)
		}
	}
}

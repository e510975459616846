package pass

import (
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Shards is over how many tables sessions are spread: Sessions remembers at least one for each.
const Shards = 64

// MintKept is how long a place is kept for a player that got its session and has not used it yet.
const MintKept = 10 * time.Second

// Session is one viewer, known by the random part of its id. All fields below viewer are guarded by the shard's mutex.
type Session struct {
	name   string // of the stream
	start  time.Time
	viewer string // chat session the play address named, may be empty
	about  string // what it depends on beside the stream (About); empty: nothing

	audience *audience // nil until it is used for the first time
	leave    func()    // gives the viewer's place back
	used     time.Time
	ended    error // nil while it lives; a dead one is remembered, while there is room, so that it stays dead until its id is too old
}

// audience is the living sessions of one stream.
type audience struct {
	count  atomic.Int64
	name   string
	linked map[string]int // those that name a chat session, by its id; guarded by sessions.mu
}

// Sessions remembers when each session was used last. A session unknown here is as good as a known one: it may have
// begun on another node, or before a restart.
type Sessions struct {
	// Return says that a session which was not used for too long may be used again, as a newcomer: of media that viewers may
	// pause. It is set before anything else is done.
	Return bool

	idle, age time.Duration
	perShard  int

	shards [Shards]shard
	total  atomic.Int64

	mu        sync.Mutex
	audiences map[string]*audience // guarded by mu; removed by sweep when empty
	newest    map[person]Key       // guarded by mu; of those that name a chat session, the living one minted last

	uncounted atomic.Uint64
}

// person is who watches a stream, as far as a play address says.
type person struct{ name, viewer string }

type shard struct {
	mu      sync.Mutex
	byID    map[Key]*Session
	cleared time.Time // when makeRoom looked last
}

// NewSessions returns an empty table: of sessions that die when they were not used for idle, live for age at most, and of which
// no more than limit are remembered.
func NewSessions(idle, age time.Duration, limit int) *Sessions {
	s := &Sessions{idle: idle, age: age, perShard: max(limit/Shards, 1), audiences: make(map[string]*audience), newest: make(map[person]Key)}
	for i := range s.shards {
		s.shards[i].byID = make(map[Key]*Session)
	}
	return s
}

func (s *Sessions) shard(k Key) *shard { return &s.shards[k[0]%Shards] }

// NewSession is a session that takes the place leave gives back. The strings are parts of a request, which must not be kept
// for hours.
func NewSession(start time.Time, name, viewer string, leave func(), now time.Time) *Session {
	return &Session{name: strings.Clone(name), start: start, viewer: strings.Clone(viewer), leave: leave, used: now}
}

// About notes what a session depends on beside its stream, for RevokeAbout.
func (v *Session) About(what string) *Session {
	v.about = strings.Clone(what)
	return v
}

// Mint remembers a session that is given out, and keeps its place for a moment. It counts once it is used.
func (s *Sessions) Mint(k Key, v *Session) {
	sh := s.shard(k)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if len(sh.byID) >= s.perShard && !s.makeRoom(sh, v.used) {
		v.leave()
		return
	}
	sh.byID[k] = v
	s.note(k, v)
}

// note remembers the newest session of who names a chat session.
func (s *Sessions) note(k Key, v *Session) {
	if v.viewer != "" {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.newest[person{v.name, v.viewer}] = k
	}
}

// Supersede forgets the session that a player which asks for another had before, and says whether there was one: it has let
// go of it, and must neither count twice nor be kept out by its own place. Who uses the old one all the same is a newcomer.
func (s *Sessions) Supersede(name, viewer string) bool {
	s.mu.Lock()
	k, ok := s.newest[person{name, viewer}]
	s.mu.Unlock()
	if !ok {
		return false
	}
	sh := s.shard(k)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	v := sh.byID[k]
	if v == nil || v.ended != nil {
		return false
	}
	s.finish(k, v, ErrUnknown)
	delete(sh.byID, k)
	return true
}

// Touch notes that a session is used. The error is ErrUnknown for one that has no place here, else it says why the session
// is dead.
func (s *Sessions) Touch(k Key, now time.Time) error {
	sh := s.shard(k)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	v := sh.byID[k]
	if v == nil {
		return ErrUnknown
	}
	if s.expire(sh, k, v, now); v.ended != nil {
		return v.ended
	}
	if v.audience == nil {
		v.audience = s.join(v.name, v.viewer)
	}
	v.used = now
	return nil
}

// Enter counts in a session that is used, was not known here and has got a place.
func (s *Sessions) Enter(k Key, v *Session) error {
	sh := s.shard(k)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if other := sh.byID[k]; other != nil { // by another request of the same player, which was faster
		v.leave()
		return other.ended
	}
	if len(sh.byID) >= s.perShard && !s.makeRoom(sh, v.used) {
		s.uncounted.Add(1)
		v.leave()
		return nil
	}
	v.audience = s.join(v.name, v.viewer)
	sh.byID[k] = v
	if s.Return { // else it is one of another node, or an old one
		s.note(k, v)
	}
	return nil
}

// expire ends a living session that was not used for too long. One that was never used is forgotten: whoever comes with it
// later is a newcomer. The shard's mutex is held.
func (s *Sessions) expire(sh *shard, k Key, v *Session, now time.Time) {
	idle := now.Sub(v.used)
	switch {
	case v.ended != nil:
	case v.audience == nil && idle > MintKept:
		s.finish(k, v, ErrUnknown)
		delete(sh.byID, k)
	case v.audience != nil && idle > s.idle && s.Return:
		s.finish(k, v, ErrUnknown)
		delete(sh.byID, k)
	case v.audience != nil && idle > s.idle:
		s.finish(k, v, ErrIdle)
	}
}

// makeRoom forgets what died of idleness in a full shard, whose mutex is held, and says whether there is room now: who
// mints sessions and leaves them must not shut the living ones out of the count. Those the room has ended stay. It looks
// at most once a second, for it looks at all.
func (s *Sessions) makeRoom(sh *shard, now time.Time) bool {
	if now.Sub(sh.cleared) < time.Second {
		return false
	}
	sh.cleared = now
	for k, v := range sh.byID {
		s.expire(sh, k, v, now)
		if v.ended == ErrIdle { //nolint:errorlint // never wrapped
			delete(sh.byID, k)
		}
	}
	return len(sh.byID) < s.perShard
}

// join counts a session in.
func (s *Sessions) join(name, viewer string) *audience {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.audiences[name]
	if a == nil {
		a = &audience{name: name, linked: make(map[string]int)}
		s.audiences[name] = a
	}
	if viewer != "" {
		a.linked[viewer]++
	}
	a.count.Add(1)
	s.total.Add(1)
	return a
}

// finish counts a session out. Its shard's mutex is held.
func (s *Sessions) finish(k Key, v *Session, why error) {
	v.ended = why
	v.leave()
	if v.audience != nil {
		v.audience.count.Add(-1)
		s.total.Add(-1)
	}
	if v.viewer == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if who := (person{v.name, v.viewer}); s.newest[who] == k {
		delete(s.newest, who)
	}
	switch a := v.audience; {
	case a == nil:
	case a.linked[v.viewer] > 1:
		a.linked[v.viewer]--
	default:
		delete(a.linked, v.viewer)
	}
}

// Linked lists the chat session of each living session of a stream that names one.
func (s *Sessions) Linked(name string) (viewers []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.audiences[name]; a != nil {
		for viewer, n := range a.linked {
			for range n {
				viewers = append(viewers, viewer)
			}
		}
	}
	return viewers
}

// Sweep ends idle sessions and forgets those whose ids are too old to be accepted anyway.
func (s *Sessions) Sweep(now time.Time) {
	for i := range s.shards {
		s.each(&s.shards[i], func(k Key, v *Session, sh *shard) {
			old := now.Sub(v.start) > s.age
			s.expire(sh, k, v, now)
			if old && v.ended == nil {
				s.finish(k, v, ErrIdle)
			}
			if old {
				delete(sh.byID, k)
			}
		})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, a := range s.audiences {
		if a.count.Load() == 0 {
			delete(s.audiences, name)
		}
	}
}

func (s *Sessions) each(sh *shard, f func(Key, *Session, *shard)) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	for k, v := range sh.byID {
		f(k, v, sh)
	}
}

// Revoke ends the living sessions of a stream that a viewer's chat session belongs to, all of them if viewer is empty.
func (s *Sessions) Revoke(name, viewer string) (n int) {
	for i := range s.shards {
		s.each(&s.shards[i], func(k Key, v *Session, _ *shard) {
			if v.ended == nil && v.name == name && (viewer == "" || v.viewer == viewer) {
				s.finish(k, v, ErrRevoked)
				n++
			}
		})
	}
	return n
}

// RevokeAbout ends the living sessions that depend on something.
func (s *Sessions) RevokeAbout(what string) (n int) {
	if what == "" {
		return 0
	}
	for i := range s.shards {
		s.each(&s.shards[i], func(k Key, v *Session, _ *shard) {
			if v.ended == nil && v.about == what {
				s.finish(k, v, ErrRevoked)
				n++
			}
		})
	}
	return n
}

// Watched names the streams that have living sessions.
func (s *Sessions) Watched() (names []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, a := range s.audiences {
		if a.count.Load() > 0 {
			names = append(names, name)
		}
	}
	return names
}

// Viewers counts the living sessions of a stream.
func (s *Sessions) Viewers(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.audiences[name]; a != nil {
		return int(a.count.Load())
	}
	return 0
}

// Total counts the living sessions of all streams.
func (s *Sessions) Total() int { return int(s.total.Load()) }

// Uncounted is how many uses were of sessions that were served and not counted, because there was no room to remember them.
func (s *Sessions) Uncounted() uint64 { return s.uncounted.Load() }

// People is how many of those who name a chat session are remembered.
func (s *Sessions) People() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.newest)
}

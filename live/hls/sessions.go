package hls

import (
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const sessionShards = 64

// mintKept is how long a place is kept for a player that got its session and has not used it yet.
const mintKept = 10 * time.Second

// session is one viewer, known by the random part of its id. All fields below viewer are guarded by the shard's mutex.
type session struct {
	name   string // of the stream
	start  time.Time
	viewer string // chat session the play address named, may be empty

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

// sessions remembers when each session was used last. A session unknown here is as good as a known one: it may have
// begun on another node, or before a restart.
type sessions struct {
	idle, age time.Duration
	perShard  int

	shards [sessionShards]sessionShard
	total  atomic.Int64

	mu        sync.Mutex
	audiences map[string]*audience  // guarded by mu; removed by sweep when empty
	newest    map[person]sessionKey // guarded by mu; of those that name a chat session, the living one minted last

	uncounted atomic.Uint64
}

// person is who watches a stream, as far as a play address says.
type person struct{ name, viewer string }

type sessionShard struct {
	mu      sync.Mutex
	byID    map[sessionKey]*session
	cleared time.Time // when makeRoom looked last
}

func newSessions(idle, age time.Duration, limit int) *sessions {
	s := &sessions{idle: idle, age: age, perShard: max(limit/sessionShards, 1), audiences: make(map[string]*audience), newest: make(map[person]sessionKey)}
	for i := range s.shards {
		s.shards[i].byID = make(map[sessionKey]*session)
	}
	return s
}

func (s *sessions) shard(k sessionKey) *sessionShard { return &s.shards[k[0]%sessionShards] }

// newSession is a session that takes the place leave gives back. The strings are parts of a request, which must not be kept
// for hours.
func newSession(start time.Time, name, viewer string, leave func(), now time.Time) *session {
	return &session{name: strings.Clone(name), start: start, viewer: strings.Clone(viewer), leave: leave, used: now}
}

// mint remembers a session that is given out, and keeps its place for a moment. It counts once it is used.
func (s *sessions) mint(k sessionKey, v *session) {
	sh := s.shard(k)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if len(sh.byID) >= s.perShard && !s.makeRoom(sh, v.used) {
		v.leave()
		return
	}
	sh.byID[k] = v
	if v.viewer != "" {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.newest[person{v.name, v.viewer}] = k
	}
}

// supersede forgets the session that a player which asks for another had before, and says whether there was one: it has let
// go of it, and must neither count twice nor be kept out by its own place. Who uses the old one all the same is a newcomer.
func (s *sessions) supersede(name, viewer string) bool {
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
	s.finish(k, v, errUnknown)
	delete(sh.byID, k)
	return true
}

// touch notes that a session is used. The error is errUnknown for one that has no place here, else it says why the session
// is dead.
func (s *sessions) touch(k sessionKey, now time.Time) error {
	sh := s.shard(k)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	v := sh.byID[k]
	if v == nil {
		return errUnknown
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

// enter counts in a session that is used, was not known here and has got a place.
func (s *sessions) enter(k sessionKey, v *session) error {
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
	return nil
}

// expire ends a living session that was not used for too long. One that was never used is forgotten: whoever comes with it
// later is a newcomer. The shard's mutex is held.
func (s *sessions) expire(sh *sessionShard, k sessionKey, v *session, now time.Time) {
	idle := now.Sub(v.used)
	switch {
	case v.ended != nil:
	case v.audience == nil && idle > mintKept:
		s.finish(k, v, errUnknown)
		delete(sh.byID, k)
	case v.audience != nil && idle > s.idle:
		s.finish(k, v, errIdleSID)
	}
}

// makeRoom forgets what died of idleness in a full shard, whose mutex is held, and says whether there is room now: who
// mints sessions and leaves them must not shut the living ones out of the count. Those the room has ended stay. It looks
// at most once a second, for it looks at all.
func (s *sessions) makeRoom(sh *sessionShard, now time.Time) bool {
	if now.Sub(sh.cleared) < time.Second {
		return false
	}
	sh.cleared = now
	for k, v := range sh.byID {
		s.expire(sh, k, v, now)
		if v.ended == errIdleSID { //nolint:errorlint // never wrapped
			delete(sh.byID, k)
		}
	}
	return len(sh.byID) < s.perShard
}

// join counts a session in.
func (s *sessions) join(name, viewer string) *audience {
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
func (s *sessions) finish(k sessionKey, v *session, why error) {
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

// linked lists the chat session of each living session of a stream that names one.
func (s *sessions) linked(name string) (viewers []string) {
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

// sweep ends idle sessions and forgets those whose ids are too old to be accepted anyway.
func (s *sessions) sweep(now time.Time) {
	for i := range s.shards {
		s.each(&s.shards[i], func(k sessionKey, v *session, sh *sessionShard) {
			old := now.Sub(v.start) > s.age
			s.expire(sh, k, v, now)
			if old && v.ended == nil {
				s.finish(k, v, errIdleSID)
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

func (s *sessions) each(sh *sessionShard, f func(sessionKey, *session, *sessionShard)) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	for k, v := range sh.byID {
		f(k, v, sh)
	}
}

// revoke ends the living sessions of a stream that a viewer's chat session belongs to, all of them if viewer is empty.
func (s *sessions) revoke(name, viewer string) (n int) {
	for i := range s.shards {
		s.each(&s.shards[i], func(k sessionKey, v *session, _ *sessionShard) {
			if v.ended == nil && v.name == name && (viewer == "" || v.viewer == viewer) {
				s.finish(k, v, errRevoked)
				n++
			}
		})
	}
	return n
}

// watched names the streams that have living sessions.
func (s *sessions) watched() (names []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, a := range s.audiences {
		if a.count.Load() > 0 {
			names = append(names, name)
		}
	}
	return names
}

// viewers counts the living sessions of a stream.
func (s *sessions) viewers(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.audiences[name]; a != nil {
		return int(a.count.Load())
	}
	return 0
}

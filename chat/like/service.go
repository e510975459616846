package like

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"liveroom/chat"
	"liveroom/chat/pace"
)

// maxShowing is how many messages that show likes are under way at a time; beyond, likes are counted and not shown.
const maxShowing = 256

// Rooms is what likes need of the chat (chat.Service).
type Rooms interface {
	MaySpeak(ctx context.Context, group string, who chat.Identity) error
	Crowded(group string) bool
	SendWith(ctx context.Context, m chat.Message, who chat.Identity, how chat.SendOptions) (chat.Ack, error)
}

// Service counts likes on one node.
type Service struct {
	cfg    Config
	rooms  Rooms
	store  Store
	log    *slog.Logger
	writer string // of this process, for the store

	givers *pace.Buckets // by user
	shows  *pace.Buckets // by group

	life    sync.Mutex // guards what follows, and wg.Go against wg.Wait
	base    context.Context
	running bool
	showing int
	wg      sync.WaitGroup

	mu     sync.Mutex // guards pending and what is in it
	groups map[string]*pending
	number uint64 // of the newest batch

	accepted, refused, unshown atomic.Uint64
}

// Accepted is what became of likes.
type Accepted struct {
	Likes int   // that were accepted of those that were given
	Total int64 // of the group as far as it is known here
	Known bool  // the total is: a store that is away did not tell it yet otherwise
}

// New checks cfg and returns a Service that counts at once and brings what it counted to the store once Run does.
func New(cfg Config, rooms Rooms, store Store, log *slog.Logger) (*Service, error) {
	cfg = cfg.withDefaults()
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return &Service{
		cfg: cfg, rooms: rooms, store: store, log: log, writer: rand.Text(),
		givers: pace.New(cfg.Burst, cfg.interval()),
		shows:  pace.New(cfg.Shown, time.Second/time.Duration(cfg.Shown)),
		groups: map[string]*pending{},
	}, nil
}

// Tune changes how many likes a person may give in a second and at once, from now on.
func (s *Service) Tune(rate float64, burst int) error {
	cfg := s.cfg
	cfg.Rate, cfg.Burst = rate, burst
	if err := cfg.Validate(); err != nil {
		return err
	}
	s.givers.Resize(burst, cfg.interval(), time.Now())
	return nil
}

// Like takes likes of a member who may speak in the group. As many as his rate allows are accepted, perhaps none, which is no
// error; they are counted, and shown to the room if it is not flooded with them.
func (s *Service) Like(ctx context.Context, group string, who chat.Identity, n int) (Accepted, error) {
	if n < 1 || n > MaxCount {
		return Accepted{}, badCount(MaxCount)
	}
	if err := s.rooms.MaySpeak(ctx, group, who); err != nil {
		return Accepted{}, err
	}
	taken := s.accept(group, who.User, n)
	if taken > 0 {
		s.show(group, who, taken)
	}
	return s.answer(ctx, group, taken), nil
}

// Add takes likes that a backend brings: of a user, by whose rate they are accepted, or, if it names none, such as it collected
// itself. The group must exist.
func (s *Service) Add(ctx context.Context, group, user string, n int) (Accepted, error) {
	most := MaxCount
	if user == "" {
		most = MaxBulk
	}
	if n < 1 || n > most {
		return Accepted{}, badCount(most)
	}
	return s.answer(ctx, group, s.accept(group, user, n)), nil
}

// Notice takes likes that somebody sent as a message of his own, which the chat let pass. It does not block.
func (s *Service) Notice(group, user string, n int) {
	if n > 0 && user != "" {
		s.accept(group, user, min(n, MaxCount))
	}
}

// Totals are a group's totals: of all time, with what was accepted here a moment ago, and, as far as it is stored, of a live
// session if one is named.
func (s *Service) Totals(ctx context.Context, group, session string) (Totals, error) {
	t, err := s.store.Likes(ctx, group, session)
	if err != nil {
		return t, fmt.Errorf("read likes of group %s: %w", group, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.groups[group]; p != nil && p.known {
		t.All = max(t.All, p.total+p.unstored())
	}
	return t, nil
}

// Session is the live session that likes of a group count for now; empty: there is none.
func (s *Service) Session(group string) string { return s.cfg.Session(group) }

// accept counts what a user's rate allows of n likes.
func (s *Service) accept(group, user string, n int) int {
	taken := n
	if user != "" {
		taken, _ = s.givers.Take(user, n, time.Now())
	}
	s.refused.Add(uint64(n - taken))
	if taken == 0 {
		return 0
	}
	s.accepted.Add(uint64(taken))
	s.collect(group, int64(taken))
	s.cfg.Liked(group, user, taken)
	return taken
}

// show has the chat show likes, if the room was not shown too many already and has place for them. Nobody waits for it.
func (s *Service) show(group string, who chat.Identity, n int) {
	if one, _ := s.shows.Take(group, 1, time.Now()); one == 0 || s.rooms.Crowded(group) || !s.mayShow() {
		s.unshown.Add(1)
		return
	}
	go func() {
		defer s.shown()
		data, _ := json.Marshal(fmt.Sprintf(`{"type":"like","count":%d}`, n)) // a string always can be
		m := chat.Message{
			Group: group, Priority: chat.Low,
			Body: fmt.Appendf(nil, `[{"MsgType":"TIMCustomElem","MsgContent":{"Data":%s}}]`, data),
		}
		ctx, cancel := context.WithTimeout(s.base, storeTimeout)
		defer cancel()
		if _, err := s.rooms.SendWith(ctx, m, who, chat.SendOptions{Local: true, Beside: true}); err != nil {
			s.log.Debug("a like was counted but not shown", "err", err)
		}
	}()
}

// mayShow counts a message to be sent, unless too many are.
func (s *Service) mayShow() bool {
	s.life.Lock()
	defer s.life.Unlock()
	if !s.running || s.showing >= maxShowing {
		return false
	}
	s.showing++
	s.wg.Add(1)
	return true
}

func (s *Service) shown() {
	s.life.Lock()
	defer s.life.Unlock()
	s.showing--
	s.wg.Done()
}

func badCount(most int) error {
	return &chat.Error{
		Code: chat.ErrParameter.Code, Name: chat.ErrParameter.Name, Field: "count", Detail: fmt.Sprintf("must be from 1 to %d", most),
	}
}

// Stats are counts since the start.
type Stats struct {
	Accepted uint64 // likes
	Refused  uint64 // likes beyond their givers' rates
	Unshown  uint64 // accepted calls that the room was not shown, because it had been shown enough
	Waiting  int    // groups with likes that are not stored yet
}

// Stats may be called at any time.
func (s *Service) Stats() Stats {
	st := Stats{Accepted: s.accepted.Load(), Refused: s.refused.Load(), Unshown: s.unshown.Load()}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.groups {
		if !p.empty() {
			st.Waiting++
		}
	}
	return st
}

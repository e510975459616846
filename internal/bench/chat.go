package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"sync"
	"time"
)

// ChatPlan is what of a chat to measure: members who listen, and senders who speak in every room.
type ChatPlan struct {
	// Address of the chat: ws://host:port/chat.
	Address string
	// Rooms are the groups; listener i is in Rooms[i % len(Rooms)].
	Rooms []ChatRoom
	// Connections is the number of listeners, anonymous guests, all rooms together.
	Connections int
	// Rate is how many messages a second are sent in each room. 0: none, only the joining is measured.
	Rate float64
	// Size of a message in bytes: the whole MsgBody as JSON. Default 250.
	Size int
	// Likes and Gifts are how many are given a second in each room, beside the messages, by its Likers and Givers. GiftID is the
	// catalogue's name of what is given.
	Likes, Gifts float64
	GiftID       string
	// Priority of the messages; empty: as the server decides.
	Priority string

	// Joining is how many joins may be under way at once. Default 256.
	Joining int
	// JoinRate is how many joins begin in a second. 0: as fast as Joining allows.
	JoinRate float64
	// Sources is how many loopback addresses the load comes from, where it goes to one. Default: one for 400 connections.
	Sources int
	// Slow is the share of listeners, 0 to 1, that stop reading in the second third of the window.
	Slow float64
	// Reconnect lets listeners and senders who lost their connection come back, and the former resume.
	Reconnect bool

	// Warm is the time between the first message and the window. Default 2 s.
	Warm time.Duration
	// Duration is the measured window. Default 15 s.
	Duration time.Duration

	// Server measures the server, nil for not.
	Server Meter
	// Progress is told in words what goes on; nil for nobody. It isn't called by two at once.
	Progress func(string)
}

// ChatRoom is a group, who speaks in it, and who gives likes and gifts.
type ChatRoom struct {
	Group          string
	Senders        []ChatSender
	Likers, Givers []ChatSender
}

// ChatSender is one connection that speaks. Two of one user are two pages of that user.
type ChatSender struct {
	User    string
	UserSig string
}

// Bounds of a plan.
const (
	leastMessage = 120 // bytes; the stamp and the JSON around it
	mostMessage  = 12 << 10
	mostSources  = 250
	ofOneSource  = 400 // connections; under the 512 that liveroom takes of one address
)

func (p ChatPlan) withDefaults() ChatPlan {
	or(&p.Size, 250)
	or(&p.Joining, 256)
	or(&p.Sources, min(1+p.Connections/ofOneSource, mostSources))
	or(&p.Warm, 2*time.Second)
	or(&p.Duration, 15*time.Second)
	if p.Progress == nil {
		p.Progress = func(string) {}
	}
	return p
}

// Descriptors is how many files and connections the plan needs at most.
func (p ChatPlan) Descriptors() int {
	n := p.Connections + 64
	for _, room := range p.Rooms {
		n += len(room.Senders) + len(room.Likers) + len(room.Givers)
	}
	return n
}

// Validate says what can't be measured.
func (p ChatPlan) Validate() error {
	p = p.withDefaults()
	u, err := url.Parse(p.Address)
	if err != nil || u.Scheme != "ws" || u.Host == "" {
		return errors.New("the chat's address must begin with ws://host: the load speaks to the plain port, without TLS")
	}
	for _, f := range []struct {
		name string
		ok   bool
		must string
		got  any
	}{
		{"rooms", len(p.Rooms) > 0, "at least one", len(p.Rooms)},
		{"connections", p.Connections > 0, "positive", p.Connections},
		{"rate", p.Rate >= 0 && p.Rate <= 10_000, "from 0 to 10000", p.Rate},
		{"likes", p.Likes >= 0 && p.Likes <= 100_000, "from 0 to 100000", p.Likes},
		{"gifts", p.Gifts >= 0 && p.Gifts <= 10_000, "from 0 to 10000", p.Gifts},
		{"size", p.Size >= leastMessage && p.Size <= mostMessage, fmt.Sprintf("from %d to %d", leastMessage, mostMessage), p.Size},
		{"joining", p.Joining > 0, "positive", p.Joining},
		{"join rate", p.JoinRate >= 0, "not negative", p.JoinRate},
		{"sources", p.Sources > 0 && p.Sources <= mostSources, fmt.Sprintf("from 1 to %d", mostSources), p.Sources},
		{"slow share", p.Slow >= 0 && p.Slow <= 1, "from 0 to 1", p.Slow},
		{"warm-up", p.Warm >= 0 && p.Warm <= time.Hour, "from 0 to 1h", p.Warm},
		{"duration", p.Duration >= time.Second && p.Duration <= 24*time.Hour, "from 1s to 24h", p.Duration},
	} {
		if !f.ok {
			return fmt.Errorf("%s is %v, must be %s", f.name, f.got, f.must)
		}
	}
	for _, room := range p.Rooms {
		if p.Rate > 0 && len(room.Senders) == 0 {
			return fmt.Errorf("room %s has nobody who sends", room.Group)
		}
		if p.Likes > 0 && len(room.Likers) == 0 || p.Gifts > 0 && len(room.Givers) == 0 {
			return fmt.Errorf("room %s has nobody who gives", room.Group)
		}
	}
	return nil
}

// chatRoom is a group under load.
type chatRoom struct {
	group string
	index int

	mu    sync.Mutex
	acked []item // what of the window the server said it delivered
}

// took notes a message of the window that the server took.
func (r *chatRoom) took(one item) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.acked = append(r.acked, one)
}

// chatRun is one measurement of a chat under way.
type chatRun struct {
	plan      ChatPlan
	rooms     []*chatRoom
	window    *window
	listeners *listeners
	sending   *sending

	joinBegan, joinEnded time.Time
	before, joined       Usage
	serverErr            error
	begin, end           chatSnapshot // of the window
}

// chatSnapshot is the state of everything at a moment.
type chatSnapshot struct {
	at        time.Time
	server    Usage
	own       time.Duration
	idle      time.Duration
	delivered int64 // to listeners and senders
	frames    int64
	bytes     int64
}

// Limits of a chat's phases.
const (
	chatJoinTimeout = 2 * time.Minute // until all are in
	chatCalm        = 300 * time.Millisecond
	chatTail        = 5 * time.Second // for what is still under way at the end of the window
)

// RunChat measures as planned. When ctx ends early the report has what was measured until then. An error means that
// nothing could be measured at all.
func RunChat(ctx context.Context, plan ChatPlan) (ChatReport, error) {
	if err := plan.Validate(); err != nil {
		return ChatReport{}, err
	}
	r := &chatRun{plan: plan.withDefaults(), window: newWindow()}
	for i, room := range r.plan.Rooms {
		r.rooms = append(r.rooms, &chatRoom{group: room.Group, index: i})
	}
	var err error
	if r.listeners, err = newListeners(ctx, r); err != nil {
		return ChatReport{}, err
	}
	r.sending = newSending(r)
	alive, stop := context.WithCancel(context.WithoutCancel(ctx)) // the load goes on while the end is being measured
	var load sync.WaitGroup
	err = r.phases(ctx, alive, &load)
	interrupted := ctx.Err() != nil
	stop()
	load.Wait()
	r.listeners.close()
	if err != nil {
		return ChatReport{}, err
	}
	return r.report(interrupted), nil
}

// phases does everything from the first sender to the end of the window.
func (r *chatRun) phases(ctx, alive context.Context, load *sync.WaitGroup) error {
	if err := r.sending.connect(ctx, alive, load); err != nil {
		return err
	}
	r.before, r.serverErr = r.usage(ctx)
	r.join(ctx, alive, load)
	r.joined, _ = r.usage(ctx)
	if len(r.sending.senders) > 0 {
		r.plan.Progress(fmt.Sprintf("sending %.4g messages a second in each of %d rooms", r.plan.Rate, len(r.rooms)))
		r.sending.begin(alive, load)
	}
	if !pause(ctx, r.plan.Warm) {
		return nil
	}
	r.plan.Progress(fmt.Sprintf("measuring for %s", r.plan.Duration))
	r.begin = r.snap(ctx)
	r.window.from.Store(r.begin.at.UnixNano())
	r.measure(ctx)
	r.end = r.snap(context.WithoutCancel(ctx))
	r.window.to.Store(r.end.at.UnixNano())
	r.sending.end()
	r.settle()
	return nil
}

// join lets all listeners in and waits until each is or can't be.
func (r *chatRun) join(ctx, alive context.Context, load *sync.WaitGroup) {
	r.plan.Progress(fmt.Sprintf("%d joining", r.plan.Connections))
	r.joinBegan = time.Now()
	r.listeners.start(alive, load)
	late := time.Now().Add(chatJoinTimeout + r.listeners.rampTime())
	for r.listeners.settled() < int64(r.plan.Connections) && time.Now().Before(late) {
		if !pause(ctx, 2*time.Millisecond) {
			break
		}
	}
	r.joinEnded = time.Now()
	r.plan.Progress(fmt.Sprintf("%d are in after %.2f s", r.listeners.in.Load(), r.joinEnded.Sub(r.joinBegan).Seconds()))
}

// measure waits out the window. With slow listeners it has three parts, and in the second they don't read.
func (r *chatRun) measure(ctx context.Context) {
	if r.plan.Slow == 0 {
		pause(ctx, r.plan.Duration)
		return
	}
	for part := range int32(parts) {
		r.listeners.part.Store(part)
		pause(ctx, r.plan.Duration/parts)
	}
}

const parts = 3 // of a window with slow listeners: before, during, after

// settle waits for what is still under way.
func (r *chatRun) settle() {
	seen, since := int64(-1), time.Now()
	for end := time.Now().Add(chatTail); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if now := r.listeners.delivered.Load() + r.sending.acks.Load(); now != seen {
			seen, since = now, time.Now()
		}
		if time.Since(since) > chatCalm && r.sending.unanswered() == 0 {
			return
		}
	}
}

func (r *chatRun) usage(ctx context.Context) (Usage, error) {
	if r.plan.Server == nil {
		return Usage{}, errNotMeasured
	}
	return r.plan.Server.Usage(ctx)
}

func (r *chatRun) snap(ctx context.Context) chatSnapshot {
	var s chatSnapshot
	var err error
	if s.server, err = r.usage(ctx); err != nil && r.serverErr == nil {
		r.serverErr = err
	}
	s.at, s.own = time.Now(), ownCPU()
	s.idle, _ = machineIdle()
	s.delivered = r.listeners.delivered.Load() + r.sending.delivered.Load()
	s.frames, s.bytes = r.listeners.frames.Load(), r.listeners.bytes.Load()
	return s
}

// expected are the messages of the window, by room, in order.
func (r *chatRun) expected() [][]item {
	out := make([][]item, len(r.rooms))
	for i, room := range r.rooms {
		room.mu.Lock()
		out[i] = slices.Clone(room.acked)
		room.mu.Unlock()
		slices.SortFunc(out[i], func(a, b item) int { return cmp.Compare(a.seq, b.seq) })
	}
	return out
}

// notes are reasons that many add to.
type notes struct {
	mu   sync.Mutex
	list reasons
}

func (n *notes) add(reason Reason) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.list.add(reason)
}

func (n *notes) all() []Reason {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]Reason{}, n.list...)
}

// seen is which messages a listener has got, by their numbers.
type seen struct {
	base uint64 // of the first bit
	bits []uint64
}

const mostSeen = 1 << 24 // numbers behind the first one

// add notes a number: fresh is false if it was there already, ok if it is beyond all bounds.
func (s *seen) add(seq uint64) (fresh, ok bool) {
	if seq <= s.base || seq-s.base > mostSeen {
		return false, false
	}
	i := (seq - s.base) / 64
	for uint64(len(s.bits)) <= i {
		s.bits = append(s.bits, 0)
	}
	bit := uint64(1) << ((seq - s.base) % 64)
	fresh = s.bits[i]&bit == 0
	s.bits[i] |= bit
	return fresh, true
}

func (s *seen) has(seq uint64) bool {
	i := (seq - s.base) / 64
	return seq > s.base && i < uint64(len(s.bits)) && s.bits[i]&(1<<((seq-s.base)%64)) != 0
}

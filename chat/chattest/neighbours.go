package chattest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"liveroom/chat"
)

// Vicinity is a cluster for one test: its nodes, and what may befall them.
type Vicinity struct {
	Node func(name string) chat.Neighbours // a node that none had before; while its Attend runs, it lives
	Kill func(name string)                 // the node says and hears nothing any more
	Away func(bool)                        // nobody says or hears anything; what is said meanwhile is lost

	// Fast says that time costs nothing (testing/synctest): tests about minutes run too.
	Fast bool
}

// Neighbours runs the suite of what several Services are together. Run calls a test with a cluster of its own, whose store
// the nodes share.
func Neighbours(t *testing.T, run func(t *testing.T, test func(t *testing.T, v Vicinity))) {
	for _, tc := range []struct {
		name string
		test func(*testing.T, *town)
	}{
		{"members of all nodes are counted", testCountOverNodes},
		{"a user on two nodes counts once", testCountOnce},
		{"a storm of joins", testJoinStorm},
		{"a node dies", testNodeDies},
		{"who watches on another node counts once", testViewersOverNodes},
		{"devices over nodes", testDevicesOverNodes},
		{"the same device comes back on another node", testInstanceOverNodes},
		{"the same device goes to and fro", testInstanceToAndFro},
		{"one room over nodes", testOneRoomOverNodes},
		{"quitting takes devices on other nodes along", testQuitOverNodes},
		{"kicked everywhere", testCloseOverNodes},
		{"letters over nodes", testLettersOverNodes},
		{"another name over nodes", testRenameOverNodes},
		{"silenced everywhere", testSilenceOverNodes},
		{"lists over nodes", testListsOverNodes},
		{"marks over nodes", testMarksOverNodes},
		{"told of comings and goings over nodes", testTipsOverNodes},
		{"going on by another node", testResumeOverNodes},
		{"to all groups, whose members are elsewhere", testBroadcastOverNodes},
		{"the others are away", testAwayAndBack},
		{"kicked while a node heard nothing", testKickMissed},
		{"back after a kick that comes late", testKickLate},
	} {
		t.Run(tc.name, func(t *testing.T) {
			run(t, func(t *testing.T, v Vicinity) {
				tw := &town{t: t, v: v, store: chat.NewMemory(), nodes: map[string]*node{}, stops: map[string]func(){}}
				defer tw.close()
				tc.test(t, tw)
			})
		})
	}
	t.Run("who never comes back is told of once", func(t *testing.T) {
		run(t, func(t *testing.T, v Vicinity) {
			tw := &town{t: t, v: v, store: chat.NewMemory(), nodes: map[string]*node{}, stops: map[string]func(){}}
			defer tw.close()
			testHeirs(t, tw)
		})
	})
}

// NeighboursOver says that nodes know all of each other again after what befell what they share.
func NeighboursOver(t *testing.T, v Vicinity, befall func()) {
	tw := &town{t: t, v: v, store: chat.NewMemory(), nodes: map[string]*node{}, stops: map[string]func(){}}
	defer tw.close()
	a, b, c := tw.three(chat.Config{OneRoom: chat.OneRoomNever}, "r")
	tw.enter(a, "r", user("vera", "Web"))
	tw.enter(b, "r", user("otto", "Web"))
	anna := tw.enter(c, "r", user("anna", "Web"))
	for i := range 2 {
		tw.awaitCount("r", people(3+i), a, b, c)
		befall()
		tw.await("all know where anna is", func() bool {
			return len(a.OnlinePlatforms([]string{"anna"})) == 1 && len(b.OnlinePlatforms([]string{"anna"})) == 1
		})
		tw.enter(b, "r", user(fmt.Sprint("late", i), "Web"))
	}
	tw.awaitCount("r", people(5), a, b, c)
	tw.enter(b, "r", user("vera", "iOS"))
	tw.enter(b, "r", user("emil", "iOS"))
	tw.awaitCount("r", people(6), a, b, c)
	a.CloseUser("anna", chat.Closing{Reason: chat.CloseKicked})
	tw.await("anna closed", func() bool { return slices.Equal(anna.closedFor(), []string{chat.CloseKicked}) })
	if n := tw.told("vera", isOffline) + tw.told("otto", isOffline) + tw.told("vera", isWent); n != 0 {
		t.Errorf("%d goings were told though nobody went", n)
	}
}

// town is a cluster under test.
type town struct {
	t     *testing.T
	v     Vicinity
	store *chat.Memory
	nodes map[string]*node
	stops map[string]func()
}

// node is a Service of it, and what it told.
type node struct {
	*chat.Service
	name string

	mu    sync.Mutex
	facts []chat.Fact
	asked []string // whom the gate was asked about

	watching int
	vids     []string
}

// Observe, HearsMessages and Settle implement chat.Observer.
func (n *node) Observe(facts ...chat.Fact) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.facts = append(n.facts, facts...)
}
func (n *node) HearsMessages() bool    { return false }
func (n *node) Settle(context.Context) {}

// Join and the others implement chat.Gate.
type gate struct {
	chat.Gate
	n *node
}

func (g gate) AsksMessages() bool { return false }

func (g gate) Join(_ context.Context, _ string, who chat.Identity) error {
	g.n.mu.Lock()
	defer g.n.mu.Unlock()
	g.n.asked = append(g.n.asked, who.User)
	return nil
}

func (g gate) Letter(context.Context, string, *chat.Message, chat.Identity) (chat.Ruling, error) {
	return chat.Ruling{}, nil
}

// told counts facts of all nodes of a kind about a user.
func (tw *town) told(user string, kind func(chat.Fact) bool) (n int) {
	for _, one := range tw.nodes {
		one.mu.Lock()
		for _, f := range one.facts {
			about := f.Occasioned().By.User == user
			if p, ok := f.(chat.PresenceChanged); ok {
				about = slices.Contains(p.Users, user)
			}
			if about && kind(f) {
				n++
			}
		}
		one.mu.Unlock()
	}
	return n
}

func isCame(f chat.Fact) bool { _, ok := f.(chat.Came); return ok }
func isWent(f chat.Fact) bool { _, ok := f.(chat.Went); return ok }
func isOffline(f chat.Fact) bool {
	p, ok := f.(chat.PresenceChanged)
	return ok && !p.Online
}

// open starts a node.
func (tw *town) open(name string, cfg chat.Config) *node {
	tw.t.Helper()
	n := &node{name: name}
	if cfg.CountEvery == 0 {
		cfg.CountEvery = 100 * time.Millisecond
	}
	cfg.Neighbours, cfg.Observer, cfg.Gate = tw.v.Node(name), n, gate{n: n}
	cfg.Viewers = func(string) (int, []string) {
		n.mu.Lock()
		defer n.mu.Unlock()
		return n.watching, n.vids
	}
	var err error
	if n.Service, err = chat.New(cfg, tw.store, slog.New(slog.DiscardHandler)); err != nil {
		tw.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = n.Run(ctx) }()
	tw.nodes[name] = n
	tw.stops[name] = func() { cancel(); <-ended }
	return n
}

// three starts three nodes that know each other, and makes groups.
func (tw *town) three(cfg chat.Config, groups ...string) (a, b, c *node) {
	tw.t.Helper()
	a, b, c = tw.open("a", cfg), tw.open("b", cfg), tw.open("c", cfg)
	for _, g := range groups {
		if err := a.Create(context.Background(), chat.Group{ID: g, Room: g, Owner: "owner", Name: "A room"}); err != nil {
			tw.t.Fatal(err)
		}
	}
	tw.meet(a, b, c)
	return a, b, c
}

// meet waits until nodes hear each other: whoever comes is known to the others.
func (tw *town) meet(nodes ...*node) {
	tw.t.Helper()
	for _, n := range nodes {
		who := "scout" + n.name
		sess := tw.signIn(n, chat.Identity{User: who})
		for _, other := range nodes {
			tw.await(who+" seen by "+other.name, func() bool { return len(other.OnlinePlatforms([]string{who})) == 1 })
		}
		n.SignOut(who, sess, chat.SignOutAsked)
	}
}

func (tw *town) close() {
	for _, stop := range tw.stops {
		stop()
	}
}

// await waits for something to become true, and not for anything longer.
func (tw *town) await(what string, ok func() bool) {
	tw.t.Helper()
	for range 12_000 {
		if ok() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	tw.t.Fatalf("waited in vain for: %s", what)
}

// awaitCount waits until nodes say that so many are in a group.
func (tw *town) awaitCount(group string, want chat.Count, nodes ...*node) {
	tw.t.Helper()
	for _, n := range nodes {
		var got chat.Count
		for i := 0; ; i++ {
			if got = n.Count(group); got == want {
				break
			}
			if i == 12_000 {
				tw.t.Fatalf("%s counts %+v in %s, want %+v", n.name, got, group, want)
			}
			time.Sleep(5 * time.Millisecond)
		}
	}
}

// person is a device.
type device struct {
	id string

	mu      sync.Mutex
	closed  []chat.Closing
	left    []chat.Departure
	letters []string
	events  []string
}

func (d *device) ID() string { return d.id }
func (d *device) Deliver(b *chat.Batch) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, item := range b.Items {
		if item.Event != nil {
			d.events = append(d.events, item.Event.Kind+" "+string(item.Event.Data))
		} else {
			d.events = append(d.events, "message "+string(item.Message.Body))
		}
	}
}

func (d *device) Direct(to string, m *chat.Message) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.letters = append(d.letters, m.From+" to "+to)
}

func (d *device) Left(_ string, why chat.Departure) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.left = append(d.left, why)
}

func (d *device) Close(why chat.Closing) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = append(d.closed, why)
}

func (d *device) closedFor() (reasons []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range d.closed {
		reasons = append(reasons, c.Reason)
	}
	return reasons
}

func (d *device) leftFor() (reasons []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range d.left {
		reasons = append(reasons, c.Reason)
	}
	return reasons
}

func (d *device) got() (letters, events []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.letters), slices.Clone(d.events)
}

var devices struct {
	sync.Mutex
	n int
}

func newDevice() *device {
	devices.Lock()
	defer devices.Unlock()
	devices.n++
	return &device{id: fmt.Sprint("session", devices.n)}
}

func (tw *town) signIn(n *node, who chat.Identity) *device {
	tw.t.Helper()
	d := newDevice()
	if err := n.SignIn(context.Background(), who, d); err != nil {
		tw.t.Fatalf("%s on %s: %v", who.User, n.name, err)
	}
	return d
}

func (tw *town) join(n *node, group string, who chat.Identity, d *device) {
	tw.t.Helper()
	if _, err := n.Join(context.Background(), group, who, d, nil); err != nil {
		tw.t.Fatalf("%s to %s on %s: %v", who.User, group, n.name, err)
	}
}

// enter signs a device in and lets it into a group.
func (tw *town) enter(n *node, group string, who chat.Identity) *device {
	tw.t.Helper()
	d := tw.signIn(n, who)
	tw.join(n, group, who, d)
	return d
}

// leave lets a device's connection end.
func (tw *town) leave(n *node, group, user string, d *device) {
	n.Leave(group, d)
	n.SignOut(user, d, chat.SignOutClosed)
}

func user(name, platform string) chat.Identity {
	return chat.Identity{User: name, Nick: "Nick " + name, Platform: platform}
}

func people(n int) chat.Count { return chat.Count{Members: n, Online: n} }

func testCountOverNodes(_ *testing.T, tw *town) {
	a, b, c := tw.three(chat.Config{}, "r")
	tw.enter(a, "r", user("vera", "Web"))
	d := tw.enter(b, "r", user("otto", "Web"))
	tw.join(b, "r", chat.Identity{User: "anon", Anonymous: true}, newDevice())
	tw.awaitCount("r", people(3), a, b, c)
	tw.leave(b, "r", "otto", d)
	tw.awaitCount("r", people(2), a, b, c)
	tw.stops["b"]()
	delete(tw.stops, "b")
	tw.awaitCount("r", people(1), a, c)
	fresh := tw.open("d", chat.Config{})
	tw.awaitCount("r", people(1), fresh)
}

func testCountOnce(t *testing.T, tw *town) {
	a, b, c := tw.three(chat.Config{OneRoom: chat.OneRoomNever}, "r")
	tw.enter(a, "r", user("otto", "Web"))
	page := tw.enter(a, "r", user("vera", "Web"))
	tw.awaitCount("r", people(2), a, b, c)
	above := false
	watch := func() bool { above = above || c.Count("r").Members > 3; return false }
	phone := tw.enter(b, "r", user("vera", "iOS"))
	tw.enter(b, "r", user("anna", "iOS")) // once she is counted, all that was said before her is known
	tw.await("anna counted", func() bool { watch(); return c.Count("r").Members == 3 })
	tw.awaitCount("r", people(3), a, b, c)
	tw.leave(a, "r", "vera", page)
	tw.enter(a, "r", user("emil", "iOS"))
	tw.awaitCount("r", people(4), a, b, c)
	tw.leave(b, "r", "vera", phone)
	tw.awaitCount("r", people(3), a, b, c)
	if above {
		t.Error("vera was counted twice")
	}
}

func testJoinStorm(_ *testing.T, tw *town) {
	a, b, c := tw.three(chat.Config{OneRoom: chat.OneRoomNever}, "r")
	var wg sync.WaitGroup
	for i, n := range []*node{a, b, c} {
		for k := range 100 { // every third is on the next node too
			who := user(fmt.Sprint("u", i, "-", k), "Web")
			wg.Go(func() { tw.enter(n, "r", who) })
			if k%3 == 0 {
				next := []*node{b, c, a}[i]
				wg.Go(func() { tw.enter(next, "r", who) })
			}
		}
	}
	wg.Wait()
	tw.awaitCount("r", people(300), a, b, c)
}

func testNodeDies(t *testing.T, tw *town) {
	a, b, c := tw.three(chat.Config{}, "r")
	tw.enter(a, "r", user("vera", "Web"))
	tw.enter(b, "r", user("otto", "Web"))
	tw.enter(b, "r", user("anna", "Web"))
	tw.enter(c, "r", user("anna", "iOS"))
	tw.awaitCount("r", people(3), a, b, c)
	tw.v.Kill("b")
	tw.awaitCount("r", people(2), a, c) // vera, and anna's phone
	if got := a.OnlinePlatforms([]string{"otto", "anna"}); len(got) != 1 || !slices.Equal(got["anna"], []string{"iOS"}) {
		t.Errorf("online are %v", got)
	}
}

func testViewersOverNodes(_ *testing.T, tw *town) {
	a, b, c := tw.three(chat.Config{}, "r")
	who := user("vera", "Web")
	who.Watch = "watch-of-vera"
	tw.enter(a, "r", who)
	tw.enter(b, "r", user("otto", "Web"))
	b.mu.Lock()
	b.watching, b.vids = 3, []string{"watch-of-vera", "nobody's"}
	b.mu.Unlock()
	tw.awaitCount("r", chat.Count{Members: 2, Viewers: 3, Online: 4}, a, b, c)
}

func testDevicesOverNodes(t *testing.T, tw *town) {
	a, b, c := tw.three(chat.Config{WebInstances: 2, NativeInstances: 1})
	first, phone := tw.signIn(a, user("vera", "Web")), tw.signIn(a, user("vera", "iOS"))
	second := tw.signIn(b, user("vera", "Web"))
	third := tw.signIn(c, user("vera", "Web"))
	tw.await("the first page closed", func() bool { return slices.Equal(first.closedFor(), []string{chat.CloseReplaced}) })
	other := tw.signIn(b, user("vera", "iOS"))
	tw.await("the phone closed", func() bool { return slices.Equal(phone.closedFor(), []string{chat.CloseReplaced}) })
	for _, d := range []*device{second, third, other} {
		if got := d.closedFor(); got != nil {
			t.Errorf("%s was closed: %v", d.id, got)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	last, _ := c.facts[len(c.facts)-1].(chat.SignedIn)
	if last.By.User != "vera" || !slices.Equal(last.Replaced, []string{"Web"}) {
		t.Errorf("c told %+v", c.facts)
	}
}

func testInstanceOverNodes(t *testing.T, tw *town) {
	a, b, _ := tw.three(chat.Config{WebInstances: 1})
	who := user("vera", "Web")
	who.Instance = "page"
	former := tw.signIn(a, who)
	now := tw.signIn(b, who)
	tw.await("the former closed", func() bool { return slices.Equal(former.closedFor(), []string{chat.CloseReconnected}) })
	b.mu.Lock()
	defer b.mu.Unlock()
	last, _ := b.facts[len(b.facts)-1].(chat.SignedIn)
	if got := now.closedFor(); got != nil || last.By.User != "vera" || last.Replaced != nil {
		t.Errorf("closed for %v, told %+v", got, last)
	}
}

// testInstanceToAndFro: of one device the session stays that came last, though nodes did not know of each other's.
func testInstanceToAndFro(t *testing.T, tw *town) {
	a, b, _ := tw.three(chat.Config{})
	who := user("vera", "Web")
	who.Instance = "page"
	tw.v.Away(true)
	first := tw.signIn(a, who)
	time.Sleep(time.Millisecond) // clocks say which is newer
	second := tw.signIn(b, who)
	time.Sleep(time.Millisecond)
	third := tw.signIn(a, who)
	tw.v.Away(false)
	for _, former := range []*device{first, second} {
		tw.await("the former closed", func() bool { return slices.Equal(former.closedFor(), []string{chat.CloseReconnected}) })
	}
	if got := third.closedFor(); got != nil {
		t.Errorf("the last was closed for %v", got)
	}
}

func testOneRoomOverNodes(t *testing.T, tw *town) {
	a, b, _ := tw.three(chat.Config{}, "tea", "cake")
	page, phone := tw.enter(a, "tea", user("vera", "Web")), tw.enter(a, "tea", user("vera", "iOS"))
	tw.enter(b, "cake", user("vera", "Web"))
	tw.await("vera's page left tea", func() bool { return slices.Equal(page.leftFor(), []string{chat.DepartJoinedElsewhere}) })
	if got := phone.leftFor(); got != nil {
		t.Errorf("the phone left: %v", got)
	}
	_, err := a.Join(context.Background(), "tea", user("vera", "Web"), page, &chat.Position{})
	if !errors.Is(err, chat.ErrElsewhere) {
		t.Errorf("coming back to tea: %v", err)
	}
	own := tw.enter(b, "cake", user("owner", "Web")) // who joins his own room stays where else he is
	tw.enter(a, "tea", user("owner", "Web"))
	tw.enter(a, "tea", user("otto", "Web"))
	tw.await("all of tea", func() bool {
		there, _ := b.Present(context.Background(), "tea", []string{"owner", "otto"})
		return len(there) == 2
	})
	if got := own.leftFor(); got != nil {
		t.Errorf("the owner left his own room: %v", got)
	}
}

func testQuitOverNodes(t *testing.T, tw *town) {
	a, b, _ := tw.three(chat.Config{}, "r")
	page, phone, other := tw.enter(a, "r", user("vera", "Web")), tw.enter(b, "r", user("vera", "iOS")), tw.enter(b, "r", user("otto", "Web"))
	tw.awaitCount("r", people(2), a, b)
	if err := a.Quit(context.Background(), "r", page); err != nil {
		t.Fatal(err)
	}
	tw.await("the phone left too", func() bool { return slices.Equal(phone.leftFor(), []string{chat.DepartLeftElsewhere}) })
	tw.awaitCount("r", people(1), a, b)
	if n := tw.told("vera", isWent); n != 1 || other.leftFor() != nil {
		t.Errorf("vera's going was told %d times, otto left: %v", n, other.leftFor())
	}
	phone, page = tw.enter(b, "r", user("vera", "iOS")), tw.enter(a, "r", user("vera", "Web"))
	tw.await("a knows the phone", func() bool { return len(a.OnlinePlatforms([]string{"vera"})["vera"]) == 2 })
	if err := b.Quit(context.Background(), "r", phone); err != nil { // apps do not take pages along
		t.Fatal(err)
	}
	tw.awaitCount("r", people(2), a, b)
	if got := page.leftFor(); len(got) != 0 {
		t.Errorf("the page left: %v", got)
	}
}

func testCloseOverNodes(t *testing.T, tw *town) {
	a, b, c := tw.three(chat.Config{}, "r")
	one, two := tw.signIn(a, user("vera", "Web")), tw.enter(b, "r", user("vera", "iOS"))
	other := tw.signIn(b, user("otto", "iOS"))
	under := user("vera", "Web") // a login under way on the third node
	under.Verified = time.Now()
	if n := a.CloseUser("vera", chat.Closing{Reason: chat.CloseKicked}); n != 2 {
		t.Errorf("%d sessions were closed", n)
	}
	tw.await("all closed", func() bool {
		return slices.Equal(one.closedFor(), []string{chat.CloseKicked}) && slices.Equal(two.closedFor(), []string{chat.CloseKicked})
	})
	tw.await("the login under way refused", func() bool {
		d := newDevice()
		err := c.SignIn(context.Background(), under, d)
		if err == nil {
			c.SignOut("vera", d, chat.SignOutAsked)
		}
		return errors.Is(err, chat.ErrSentAway)
	})
	under.Verified = time.Now().Add(time.Second)
	tw.signIn(c, under)
	if got := other.closedFor(); got != nil {
		t.Errorf("otto was closed: %v", got)
	}
}

func testLettersOverNodes(t *testing.T, tw *town) {
	a, b, c := tw.three(chat.Config{})
	vera, desk := tw.signIn(a, user("vera", "Web")), tw.signIn(c, user("vera", "Windows"))
	otto, phone := tw.signIn(b, user("otto", "Web")), tw.signIn(a, user("otto", "iOS"))
	if _, err := a.SendTo(context.Background(), "otto", chat.Message{Body: words("hi"), Random: 7}, user("vera", "Web"), vera); err != nil {
		t.Fatal(err)
	}
	want := []string{"vera to otto"}
	for _, d := range []*device{desk, otto, phone} {
		tw.await("the letter", func() bool { got, _ := d.got(); return slices.Equal(got, want) })
	}
	if got, _ := vera.got(); got != nil {
		t.Errorf("the sender's own device got %v", got)
	}
}

func words(s string) []byte {
	return []byte(`[{"MsgType":"TIMTextElem","MsgContent":{"Text":"` + s + `"}}]`)
}

func testRenameOverNodes(t *testing.T, tw *town) {
	a, b, c := tw.three(chat.Config{OneRoom: chat.OneRoomNever}, "r")
	tw.enter(a, "r", user("vera", "Web"))
	tw.enter(c, "r", user("vera", "iOS"))
	otto := tw.enter(b, "r", user("otto", "Web"))
	b.Renamed("vera", "Queen", "")
	tw.await("otto told", func() bool {
		_, events := otto.got()
		return slices.Contains(events, `member {"user":"vera","nick":"Queen","avatar":""}`)
	})
	for _, n := range []*node{a, b, c} {
		tw.await("the list of "+n.name, func() bool {
			page, _, err := n.Members(context.Background(), "r", chat.Identity{User: chat.Administrator, Admin: true}, "", 0)
			if err != nil {
				t.Fatal(err)
			}
			return len(page) == 2 && slices.ContainsFunc(page, func(m chat.Member) bool { return m.User == "vera" && m.Nick == "Queen" })
		})
	}
}

func testSilenceOverNodes(t *testing.T, tw *town) {
	a, b, _ := tw.three(chat.Config{}, "r")
	vera := tw.enter(a, "r", user("vera", "Web"))
	minute, none := time.Minute, time.Duration(0)
	boss := chat.Identity{User: chat.Administrator, Admin: true}
	if _, err := b.SetSilence(context.Background(), boss, "vera", chat.SilencePatch{Groups: &minute, Letters: &minute}); err != nil {
		t.Fatal(err)
	}
	tw.await("vera silenced", func() bool { return !a.Silence("vera").Groups.IsZero() })
	if _, err := a.Send(context.Background(), chat.Message{Group: "r", Body: words("hi")}, user("vera", "Web")); !errors.Is(err, chat.ErrMuted) {
		t.Errorf("she spoke: %v", err)
	}
	tw.await("vera told", func() bool { _, events := vera.got(); return slices.ContainsFunc(events, isMute) })
	if _, err := b.SetSilence(context.Background(), boss, "vera", chat.SilencePatch{Groups: &none, Letters: &none}); err != nil {
		t.Fatal(err)
	}
	tw.await("vera free", func() bool { return a.Silence("vera").Groups.IsZero() && a.Silence("vera").Letters.IsZero() })

	tw.v.Away(true)
	if _, err := b.SetSilence(context.Background(), boss, "vera", chat.SilencePatch{Letters: &minute}); err != nil {
		t.Fatal(err)
	}
	tw.v.Away(false)
	tw.await("vera silenced again", func() bool { return !a.Silence("vera").Letters.IsZero() })
}

func isMute(event string) bool { return len(event) > 5 && event[:5] == "mute " }

func testListsOverNodes(t *testing.T, tw *town) {
	a, b, c := tw.three(chat.Config{MemberList: 4, OneRoom: chat.OneRoomNever}, "r", "s")
	tw.enter(a, "r", user("u1", "Web"))
	time.Sleep(2 * time.Millisecond) // in this order
	tw.enter(b, "r", user("u2", "Web"))
	time.Sleep(2 * time.Millisecond)
	tw.enter(a, "r", user("u3", "iOS"))
	time.Sleep(2 * time.Millisecond)
	tw.enter(c, "r", user("u4", "Web"))
	time.Sleep(2 * time.Millisecond)
	tw.enter(b, "r", user("u1", "iOS")) // was there before
	tw.enter(b, "s", user("u1", "Windows"))
	tw.awaitCount("r", people(4), a, b, c)
	boss := chat.Identity{User: chat.Administrator, Admin: true}
	for _, n := range []*node{a, b, c} {
		tw.await("the list of "+n.name, func() bool {
			first, next, err := n.Members(context.Background(), "r", boss, "", 3)
			if err != nil {
				t.Fatal(err)
			}
			rest, none, err := n.Members(context.Background(), "r", boss, next, 3)
			var got []string
			for _, m := range append(first, rest...) {
				got = append(got, m.User)
			}
			return err == nil && none == "" && slices.Equal(got, []string{"u4", "u3", "u2", "u1"})
		})
		there, err := n.Present(context.Background(), "r", []string{"u4", "nobody", "u1", "u2"})
		if err != nil || !slices.Equal(there, []string{"u4", "u1", "u2"}) {
			t.Errorf("%s: there are %v %v", n.name, there, err)
		}
		var groups []string
		for _, m := range n.JoinedGroups("u1") {
			groups = append(groups, m.Group)
		}
		if !slices.Equal(groups, []string{"r", "s"}) {
			t.Errorf("%s: u1 is in %v", n.name, groups)
		}
		if got := n.OnlinePlatforms([]string{"u1"})["u1"]; len(got) != 3 {
			t.Errorf("%s: u1 is on %v", n.name, got)
		}
	}
	tw.v.Kill("b")
	tw.await("the list without b", func() bool {
		page, _, err := a.Members(context.Background(), "r", boss, "", 0)
		return err == nil && len(page) == 3
	})
}

func testMarksOverNodes(t *testing.T, tw *town) {
	a, b, c := tw.three(chat.Config{}, "r")
	tw.enter(a, "r", user("vera", "Web"))
	tw.enter(b, "r", user("otto", "Web"))
	tw.awaitCount("r", people(2), a, b, c)
	boss := chat.Identity{User: chat.Administrator, Admin: true}
	done, err := c.Mark(context.Background(), "r", boss, true, []chat.MemberMarks{{User: "vera", Marks: []uint32{1000}}, {User: "otto", Marks: []uint32{1000}}, {User: "nobody", Marks: []uint32{1000}}})
	if err != nil || len(done) != 2 {
		t.Fatal(done, err)
	}
	tw.await("both marked", func() bool {
		page, _, err := a.Marked(context.Background(), "r", boss, 1000, "", 0)
		return err == nil && len(page) == 2
	})
}

func testTipsOverNodes(t *testing.T, tw *town) {
	a, b, _ := tw.three(chat.Config{Tips: 100}, "r")
	otto := tw.enter(b, "r", user("otto", "Web"))
	tw.awaitCount("r", people(1), a, b)
	page := tw.enter(a, "r", user("vera", "Web"))
	tw.await("otto told that vera came", func() bool { return otto.tipped(`{"user":"vera"`) == 1 })
	tw.awaitCount("r", people(2), a, b)
	tw.leave(a, "r", "vera", page)
	page = tw.enter(b, "r", user("vera", "Web")) // loaded anew, by another node
	tw.enter(a, "r", user("anna", "Web"))
	tw.await("otto told that anna came", func() bool { return otto.tipped(`{"user":"anna"`) == 1 })
	if !tw.v.Fast {
		return // of who leaves nobody is told for seconds
	}
	time.Sleep(30 * time.Second)
	if joined, left := otto.tipped(`{"user":"vera"`), otto.tipped(`"left":[{"user":"vera"`); joined != 1 || left != 0 {
		_, events := otto.got()
		t.Errorf("vera moved, and otto was told: %v", events)
	}
	tw.leave(b, "r", "vera", page)
	anna := tw.enter(a, "r", user("emil", "Web"))
	tw.await("all told that vera left", func() bool {
		return otto.tipped(`"left":[{"user":"vera"`) == 1 && anna.tipped(`"left":[{"user":"vera"`) == 1
	})
}

// tipped is how many tips a device had with some text.
func (d *device) tipped(text string) (n int) {
	_, events := d.got()
	for _, e := range events {
		if len(e) > 5 && e[:5] == "tips " && contains(e, text) {
			n++
		}
	}
	return n
}

func contains(s, text string) bool {
	for i := range s {
		if len(s)-i >= len(text) && s[i:i+len(text)] == text {
			return true
		}
	}
	return false
}

func testResumeOverNodes(t *testing.T, tw *town) {
	a, b, c := tw.three(chat.Config{}, "r")
	page := tw.enter(a, "r", user("vera", "Web"))
	tw.awaitCount("r", people(1), a, b, c)
	tw.leave(a, "r", "vera", page)
	tw.awaitCount("r", people(0), a, b, c)
	d := tw.signIn(b, user("vera", "Web"))
	if _, err := b.Join(context.Background(), "r", user("vera", "Web"), d, &chat.Position{}); err != nil {
		t.Fatal(err)
	}
	tw.enter(c, "r", user("vera", "iOS")) // and a device beside it
	tw.awaitCount("r", people(1), a, b, c)
	if came, went := tw.told("vera", isCame), tw.told("vera", isWent)+tw.told("vera", isOffline); came != 1 || went != 0 {
		t.Errorf("told of coming %d times, of going %d times", came, went)
	}
	if asked := len(a.asked) + len(b.asked) + len(c.asked); asked != 1 {
		t.Errorf("the gate was asked %d times", asked)
	}
}

func testBroadcastOverNodes(t *testing.T, tw *town) {
	a, b, c := tw.three(chat.Config{}, "r", "s", "t")
	tw.enter(a, "r", user("vera", "Web"))
	tw.enter(b, "s", user("otto", "Web"))
	tw.awaitCount("r", people(1), c)
	tw.awaitCount("s", people(1), c)
	if _, err := c.Broadcast(context.Background(), chat.Message{Body: words("to all")}, chat.Identity{User: chat.Administrator, Admin: true}); err != nil {
		t.Fatal(err)
	}
	for _, group := range []string{"r", "s"} {
		tw.await("the message in "+group, func() bool {
			log, _, err := tw.store.Log(context.Background(), group, 0, 10)
			return err == nil && len(log) == 1
		})
	}
	if log, _, err := tw.store.Log(context.Background(), "t", 0, 10); err != nil || len(log) != 0 {
		t.Errorf("where nobody is: %v %v", log, err)
	}
}

func testAwayAndBack(t *testing.T, tw *town) {
	a, b, c := tw.three(chat.Config{WebInstances: 1}, "r")
	vera := tw.enter(a, "r", user("vera", "Web"))
	tw.enter(b, "r", user("otto", "Web"))
	tw.awaitCount("r", people(2), a, b, c)
	tw.v.Away(true)
	anna := tw.enter(a, "r", user("anna", "Web")) // goes on
	if _, err := a.SendTo(context.Background(), "anna", chat.Message{Body: words("hi")}, user("vera", "Web"), vera); err != nil {
		t.Error(err)
	}
	if got, _ := anna.got(); len(got) != 1 {
		t.Errorf("anna got %v", got)
	}
	if n := a.Count("r").Members; n < 2 {
		t.Errorf("%d members", n)
	}
	second := tw.signIn(c, user("vera", "Web")) // nobody knows that she is elsewhere
	tw.v.Away(false)
	tw.await("the former page closed", func() bool { return slices.Equal(vera.closedFor(), []string{chat.CloseReplaced}) })
	if got := second.closedFor(); got != nil {
		t.Errorf("the newer page was closed: %v", got)
	}
	tw.leave(a, "r", "vera", vera)
	tw.awaitCount("r", people(2), a, b, c)
}

func testKickMissed(t *testing.T, tw *town) {
	a, b, _ := tw.three(chat.Config{}, "r")
	who := user("vera", "Web")
	who.Verified = time.Now()
	vera := tw.enter(b, "r", who)
	time.Sleep(5 * time.Millisecond)
	tw.v.Away(true)
	a.CloseUser("vera", chat.Closing{Reason: chat.CloseKicked})
	time.Sleep(50 * time.Millisecond)
	if got := vera.closedFor(); got != nil {
		t.Fatalf("closed though nobody heard: %v", got)
	}
	tw.v.Away(false)
	tw.await("closed after all", func() bool { return slices.Equal(vera.closedFor(), []string{chat.CloseKicked}) })
}

// testKickLate: who came back after he was kicked stays, however late other nodes hear of the kick.
func testKickLate(t *testing.T, tw *town) {
	a, b, _ := tw.three(chat.Config{OneRoom: chat.OneRoomNever}, "r")
	who := user("vera", "Web")
	who.Verified = time.Now()
	former := tw.enter(b, "r", who)
	time.Sleep(5 * time.Millisecond)
	tw.v.Away(true)
	a.CloseUser("vera", chat.Closing{Reason: chat.CloseKicked})
	time.Sleep(500 * time.Millisecond) // more than questions take
	who.Verified = time.Now()
	back := tw.enter(b, "r", who)
	tw.v.Away(false)
	tw.await("the former session closed", func() bool { return slices.Equal(former.closedFor(), []string{chat.CloseKicked}) })
	tw.enter(a, "r", user("otto", "Web"))
	tw.awaitCount("r", people(2), a, b)
	if got := back.closedFor(); got != nil {
		t.Errorf("who came back was closed for %v", got)
	}
}

func testHeirs(t *testing.T, tw *town) {
	a, b, c := tw.three(chat.Config{}, "r")
	for _, name := range []string{"vera", "otto", "anna"} {
		tw.enter(b, "r", user(name, "Web"))
	}
	tw.enter(a, "r", user("emil", "Web"))
	tw.awaitCount("r", people(4), a, b, c)
	tw.v.Kill("b")
	tw.awaitCount("r", people(1), a, c)
	if !tw.v.Fast {
		return
	}
	time.Sleep(15 * time.Second)
	tw.enter(c, "r", user("otto", "Web")) // was never away
	time.Sleep(3 * time.Minute)
	delete(tw.nodes, "b") // what it does after its death nobody hears
	for user, want := range map[string]int{"vera": 1, "anna": 1, "otto": 0, "emil": 0} {
		if n := tw.told(user, isOffline); n != want {
			t.Errorf("that %s is gone was told %d times, want %d", user, n, want)
		}
	}
	if n := tw.told("otto", isCame); n != 0 {
		t.Errorf("that otto came was told %d times by the nodes that live", n)
	}
}

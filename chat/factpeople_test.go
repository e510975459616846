package chat_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
)

// observed is a running service with a room, and what is told of it.
func observed(t *testing.T, cfg chat.Config) (*chat.Service, *recorder) {
	t.Helper()
	facts := new(recorder)
	cfg.Observer = facts
	s := start(t, cfg, chat.NewMemory())
	create(t, s, "demo")
	time.Sleep(2 * time.Minute) // the restart is long over
	facts.take()
	return s, facts
}

func TestFactsOfPeople(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, facts := observed(t, chat.Config{})
		ctx := t.Context()
		page, phone := newSession("page"), newSession("phone")
		enter(t, s, "demo", on("alice", chat.PlatformWeb, ""), page)
		facts.told(t, "alice came", "[alice] online true: Join")
		enter(t, s, "demo", on("alice", chat.PlatformIOS, ""), phone)
		enter(t, s, "demo", on("alice", chat.PlatformWeb, ""), page) // again
		enter(t, s, "demo", chat.Identity{User: "x", Anonymous: true}, newSession("nobody"))
		s.Leave("demo", page)
		enter(t, s, "demo", on("alice", chat.PlatformWeb, ""), page)
		facts.told(t)
		if err := s.Quit(ctx, "demo", phone); err != nil {
			t.Fatal(err)
		}
		facts.told(t, "alice went on iOS:  by alice")
		enter(t, s, "demo", on("alice", chat.PlatformIOS, ""), phone)
		if err := s.Quit(ctx, "demo", page); err != nil { // it takes the phone along
			t.Fatal(err)
		}
		facts.told(t, "alice went:  by alice", "[alice] online false: Quit")
		if err := s.Quit(ctx, "demo", page); err != nil {
			t.Fatal(err)
		}
		facts.told(t)
		for _, user := range []string{"alice", "bob"} {
			join(t, s, "demo", user)
		}
		if err := s.Kick(ctx, "demo", admin, []string{"alice", "carol"}, ""); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Ban(ctx, "demo", named("owner"), chat.Ban{Users: []string{"bob", "carol"}, For: time.Hour}); err != nil {
			t.Fatal(err)
		}
		facts.told(t, "alice came", "[alice] online true: Join", "bob came", "[bob] online true: Join",
			"alice went: kicked by administrator", "[alice] online false: Quit", "bob went: banned by owner", "[bob] online false: Quit")
		enter(t, s, "demo", on("dora", chat.PlatformWeb, ""), page)
		create(t, s, "other")
		enter(t, s, "other", on("dora", chat.PlatformWeb, ""), page)
		facts.told(t, "dora came", "[dora] online true: Join", `administrator made other "A room" map[]`, "dora came", "[dora] online true: Join",
			"dora went: joined_elsewhere by dora", "[dora] online false: Quit")
	})
}

// TestFactsOfBannedNetworks: those who are taken along with somebody are told to go too, each by himself.
func TestFactsOfBannedNetworks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, facts := observed(t, chat.Config{})
		home, away := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
		for i, from := range []netip.Addr{home, home, away} {
			who := named([]string{"alice", "bob", "bob"}[i])
			who.Addr = from
			enter(t, s, "demo", who, newSession(fmt.Sprint(i)))
		}
		for i := range 2 {
			who := named([]string{"carol", "x"}[i])
			who.Addr, who.Anonymous = home, i == 1
			enter(t, s, "demo", who, newSession(who.User))
		}
		facts.take()
		if _, err := s.Ban(t.Context(), "demo", admin, chat.Ban{Users: []string{"alice"}, For: time.Hour, Address: true}); err != nil {
			t.Fatal(err)
		}
		facts.told(t, "alice went: banned by administrator", "[alice] online false: Quit", // bob is there on another network
			"carol went: banned by administrator", "[carol] online false: Quit")
	})
}

// TestPresenceOfRobots: what somebody does who counts as a robot too is told like what others do, and a robot does nothing.
func TestPresenceOfRobots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, facts := observed(t, chat.Config{})
		if err := s.AddRobots(t.Context(), "demo", admin, []string{"alice", "bob"}); err != nil {
			t.Fatal(err)
		}
		sess, _ := join(t, s, "demo", "alice")
		if err := s.Quit(t.Context(), "demo", sess); err != nil {
			t.Fatal(err)
		}
		facts.told(t, "alice came", "[alice] online true: Join", "alice went:  by alice", "[alice] online false: Quit")
	})
}

// TestPresenceOfLinesThatFall: nobody is told of a line that is up again at once; else once, all of a look together, and
// who comes back is not taken for somebody new.
func TestPresenceOfLinesThatFall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, facts := observed(t, chat.Config{})
		sessions := make(map[string]*session)
		for _, user := range []string{"alice", "bob", "carol", "dora"} {
			sessions[user], _ = join(t, s, "demo", user)
		}
		facts.take()
		s.Leave("demo", sessions["alice"])
		time.Sleep(30 * time.Second)
		join(t, s, "demo", "alice")
		time.Sleep(75 * time.Second) // 15 s before a look
		facts.told(t)

		s.Leave("demo", sessions["bob"])
		s.Lost("demo", sessions["carol"], time.Now().Add(-10*time.Second))
		s.Lost("demo", sessions["dora"], time.Now().Add(-20*time.Second))
		time.Sleep(20 * time.Second)
		facts.told(t, "[dora] online false: HeartbeatInterrupt")
		time.Sleep(20 * time.Second)
		facts.told(t, "[bob carol] online false: HeartbeatInterrupt")
		join(t, s, "demo", "bob")
		facts.told(t, "[bob] online true: HeartbeatRecover")
		if _, err := s.Ban(t.Context(), "demo", admin, chat.Ban{Users: []string{"carol"}, For: time.Second}); err != nil {
			t.Fatal(err)
		}
		facts.told(t, "carol went: banned by administrator")
		if err := s.Kick(t.Context(), "demo", admin, []string{"dora", "nobody"}, ""); err != nil {
			t.Fatal(err)
		}
		facts.told(t, "dora went: kicked by administrator")
		time.Sleep(time.Minute)
		carol, _ := join(t, s, "demo", "carol")
		facts.told(t, "carol came", "[carol] online true: Join")
		s.Leave("demo", carol)
		time.Sleep(10 * time.Minute)
		join(t, s, "demo", "carol")
		facts.told(t, "[carol] online false: HeartbeatInterrupt", "carol came", "[carol] online true: Join")
	})
}

// TestPresenceOverARestart: who goes on where he was is no newcomer.
func TestPresenceOverARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := chat.NewMemory()
		s, stop := startStop(t, chat.Config{}, store)
		create(t, s, "demo")
		_, j := join(t, s, "demo", "alice")
		stop()
		var facts recorder
		s = start(t, chat.Config{Observer: &facts}, store)
		if _, err := s.Join(t.Context(), "demo", named("alice"), newSession("a"), &chat.Position{Epoch: j.Epoch, Seq: j.Seq}); err != nil {
			t.Fatal(err)
		}
		join(t, s, "demo", "bob")
		facts.told(t, "[alice] online true: HeartbeatRecover", "bob came", "[bob] online true: Join")
	})
}

// TestARoomIsKeptWhileSomebodyMayBeMissed: a room that nobody is in any more still tells that its last member is away.
func TestARoomIsKeptWhileSomebodyMayBeMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, facts := observed(t, chat.Config{ResumeAge: time.Second})
		sess, _ := join(t, s, "demo", "alice")
		s.Leave("demo", sess)
		time.Sleep(10 * time.Minute)
		facts.told(t, "alice came", "[alice] online true: Join", "[alice] online false: HeartbeatInterrupt")
		if n := s.Stats().Groups; n != 0 {
			t.Errorf("%d rooms in memory", n)
		}
	})
}

func TestFactsOfDevices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, facts := observed(t, chat.Config{NativeInstances: 1, WebInstances: 2})
		ctx := t.Context()
		sessions := make([]*session, 6)
		for i := range sessions {
			sessions[i] = newSession(fmt.Sprint(i))
		}
		in := func(i int, who chat.Identity) {
			t.Helper()
			if err := s.SignIn(ctx, who, sessions[i]); err != nil {
				t.Fatal(err)
			}
		}
		ended := on("alice", chat.PlatformWeb, "")
		ended.Expires = time.Now().Add(time.Hour)
		in(0, on("alice", chat.PlatformIOS, ""))
		in(1, on("alice", chat.PlatformIOS, ""))
		s.SignOut("alice", sessions[0], chat.SignOutClosed) // that it is out was told already
		in(2, on("alice", chat.PlatformWeb, ""))
		in(3, chat.Identity{User: "x", Anonymous: true})
		s.SignOut("x", sessions[3], chat.SignOutClosed)
		facts.told(t, "alice signed in on iOS instead of []", "alice signed in on iOS instead of [iOS]", "alice signed in on Web instead of []")
		s.SignOut("alice", sessions[2], chat.SignOutAsked)
		s.SignOut("alice", sessions[2], chat.SignOutClosed)
		facts.told(t, "alice signed out on Web: Unregister")
		in(4, ended)
		time.Sleep(2 * time.Hour)
		facts.told(t, "alice signed in on Web instead of []", "alice signed out on Web: LinkClose")
		again := on("bob", chat.PlatformIOS, "")
		again.Instance = "his phone"
		in(4, again)
		in(5, again)
		s.SignOut("bob", sessions[4], chat.SignOutTimeout)
		facts.told(t, "bob signed in on iOS instead of []", "bob signed in on iOS instead of []")
		s.CloseUser("bob", chat.Closing{})
		facts.told(t, "bob signed out on iOS: LinkClose")
	})
}

func TestGateOfJoins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refusal := &chat.Error{Code: 10016, Name: "refused_by_backend"}
		g := &gate{join: func(who chat.Identity) error {
			if who.User == "eve" {
				return refusal
			}
			return nil
		}}
		s, facts := observed(t, chat.Config{Gate: g})
		ctx := t.Context()
		if _, err := s.Join(ctx, "demo", named("eve"), newSession("e"), &chat.Position{Epoch: "1", Seq: 1}); err != refusal {
			t.Errorf("got %v", err)
		}
		facts.told(t)
		page, j := join(t, s, "demo", "alice")
		guest := named("guest_1")
		guest.Guest = true
		enter(t, s, "demo", guest, newSession("g"))
		g.asks(t, "join eve", "join alice", "join guest_1")
		enter(t, s, "demo", named("alice"), page)
		enter(t, s, "demo", named("alice"), newSession("another"))
		enter(t, s, "demo", chat.Identity{User: "x", Anonymous: true}, newSession("x"))
		s.Leave("demo", page)
		s.Leave("demo", newSession("another"))
		since := &chat.Position{Epoch: j.Epoch, Seq: j.Seq}
		if _, err := s.Join(ctx, "demo", named("alice"), page, since); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Ban(ctx, "demo", admin, chat.Ban{Users: []string{"bob"}, For: time.Hour}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Join(ctx, "demo", named("bob"), newSession("b"), nil); !errors.Is(err, chat.ErrBanned) {
			t.Errorf("banned: %v", err)
		}
		if _, err := s.Join(ctx, "nowhere", named("bob"), newSession("b"), nil); !errors.Is(err, chat.ErrNoGroup) {
			t.Errorf("no group: %v", err)
		}
		g.asks(t)
		if err := s.Kick(ctx, "demo", admin, []string{"alice"}, ""); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Join(ctx, "demo", named("alice"), page, since); err != nil {
			t.Fatal(err)
		}
		g.asks(t, "join alice")
	})
}

// TestGateOfJoinsHoldsNobodyUp: while one is decided about, the room goes on, and he misses nothing.
func TestGateOfJoinsHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{}
		s, _ := observed(t, chat.Config{Gate: g})
		join(t, s, "demo", "bob")
		g.join = func(chat.Identity) error { time.Sleep(2 * time.Second); return nil }
		done := make(chan chat.Joined)
		go func() {
			_, j := join(t, s, "demo", "alice")
			done <- j
		}()
		synctest.Wait()
		if ack := send(t, s, "demo", "bob", "hi"); ack.Seq != 1 {
			t.Errorf("%+v", ack)
		}
		if j := <-done; len(j.Messages) != 1 {
			t.Errorf("%+v", j)
		}
	})
}

// TestFactsOfACrowd: whatever many do at once, each is told to come, to be away and to go in turns, and each message once.
func TestFactsOfACrowd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, facts := observed(t, chat.Config{Gate: &gate{}, ResumeAge: time.Minute})
		var wg sync.WaitGroup
		for i := range 20 {
			user := fmt.Sprint("u", i)
			wg.Go(func() { stroll(t, s, user) })
		}
		wg.Wait()
		time.Sleep(2 * time.Minute)
		in, online, seq := map[string]bool{}, map[string]bool{}, uint64(0)
		for _, f := range facts.take() {
			switch f := f.(type) {
			case chat.Came:
				if online[f.By.User] {
					t.Errorf("%s came twice", f.By.User)
				}
				in[f.By.User] = true
			case chat.Went:
				if !in[f.User] {
					t.Errorf("%s went and was not there", f.User)
				}
				in[f.User] = f.Stays
			case chat.PresenceChanged:
				for _, user := range f.Users {
					if online[user] == f.Online {
						t.Errorf("%s is online %v again, by %s", user, f.Online, f.Cause)
					}
					online[user] = f.Online
				}
			case chat.Sent:
				if seq++; f.M.Seq != seq || !in[f.M.From] {
					t.Errorf("%s sent %d after %d", f.M.From, f.M.Seq, seq-1)
				}
			}
		}
		for user, still := range online {
			if still {
				t.Errorf("%s is online for ever", user)
			}
		}
		if len(online) != 20 || seq == 0 {
			t.Errorf("%d people, %d messages", len(online), seq)
		}
	})
}

// stroll lets somebody come and go by chance.
func stroll(t *testing.T, s *chat.Service, user string) {
	devices := []*session{newSession(user + " 1"), newSession(user + " 2")}
	for range 60 {
		sess := devices[rand.IntN(2)]
		switch rand.IntN(6) {
		case 0, 1:
			enter(t, s, "demo", named(user), sess)
			send(t, s, "demo", user, "hi")
		case 2:
			if err := s.Quit(t.Context(), "demo", sess); err != nil {
				t.Error(err)
			}
		case 3:
			s.Leave("demo", sess)
		case 4:
			if err := s.Kick(t.Context(), "demo", admin, []string{user}, ""); err != nil {
				t.Error(err)
			}
		case 5:
			time.Sleep(rand.N(2 * time.Minute))
		}
	}
	for _, sess := range devices {
		s.Leave("demo", sess)
	}
}

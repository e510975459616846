package chat_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
)

// directory is the accounts behind a chat.
type directory struct {
	mu    sync.Mutex
	nicks map[string]string
	asked int
	down  error
}

func (d *directory) account(_ context.Context, user string) (chat.Identity, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked++
	nick, ok := d.nicks[user]
	switch {
	case d.down != nil:
		return chat.Identity{}, d.down
	case !ok:
		return chat.Identity{}, chat.ErrNoAccount
	}
	return chat.Identity{User: user, Nick: nick}, nil
}

func (d *directory) set(user, nick string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.nicks[user] = nick
}

func (d *directory) times() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.asked
}

func (d *directory) config() chat.Config {
	return chat.Config{CountEvery: time.Hour, Tips: 10, Account: d.account, Skeleton: strings.ToLower}
}

func called(user, nick string) chat.Identity { return chat.Identity{User: user, Nick: nick} }

func TestANewNameHoldsAtOnceOnEverySession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, chat.Config{CountEvery: time.Hour}, chat.NewMemory())
		create(t, s, "r")
		create(t, s, "other")
		ann, _ := join(t, s, "r", "ann")
		outside, _ := join(t, s, "other", "bob")
		join(t, s, "r", "vera")
		enter(t, s, "r", named("vera"), newSession("phone"))
		s.Renamed("vera", "Vera B.", "https://h/v.png")
		s.Renamed("nobody", "x", "")
		send(t, s, "r", "vera", "hi") // a door that still has the old name
		synctest.Wait()
		items := ann.items()
		if m := items[len(items)-1].Message; m == nil || m.Nick != "Vera B." || m.Avatar != "https://h/v.png" {
			t.Errorf("%+v", m)
		}
		page, _, err := s.Members(t.Context(), "r", named("ann"), "", 1)
		if err != nil || page[0].Nick != "Vera B." || page[0].Avatar != "https://h/v.png" {
			t.Errorf("%+v, %v", page, err)
		}
		pass(time.Second)
		events := ann.events("member")
		if len(events) != 1 || !events[0].Lossy || string(events[0].Data) != `{"user":"vera","nick":"Vera B.","avatar":"https://h/v.png"}` {
			t.Errorf("%+v", events)
		}
		s.Renamed("vera", "Vera B.", "https://h/v.png") // as it is
		pass(time.Second)
		if n := len(ann.events("member")) + len(outside.events("member")); n != 1 {
			t.Errorf("told %d times", n)
		}
	})
}

// TestANewNameIsToldThoughADeviceBroughtIt: a device that joins while the name changes has it already; the room has not.
func TestANewNameIsToldThoughADeviceBroughtIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, chat.Config{CountEvery: time.Hour}, chat.NewMemory())
		create(t, s, "r")
		ann, _ := join(t, s, "r", "ann")
		join(t, s, "r", "vera")
		phone := newSession("phone")
		enter(t, s, "r", called("vera", "Vera B."), phone)
		s.Renamed("vera", "Vera B.", "")
		s.Leave("r", phone)
		pass(time.Second)
		if n := len(ann.events("member")); n != 1 {
			t.Errorf("told %d times", n)
		}
		page, _, err := s.Members(t.Context(), "r", named("ann"), "", 1)
		if err != nil || page[0].User != "vera" || page[0].Nick != "Vera B." {
			t.Errorf("once the device is gone: %+v, %v", page, err)
		}
	})
}

// TestANewNameIsTakenAlong: where he goes next he is called so too, though his door has read the old name.
func TestANewNameIsTakenAlong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, chat.Config{CountEvery: time.Hour}, chat.NewMemory())
		create(t, s, "r")
		who := named("vera")
		who.Verified = time.Now()
		pass(time.Millisecond)
		s.Renamed("vera", "V", "")
		late := newSession("read its name before")
		if err := s.SignIn(t.Context(), who, late); err != nil {
			t.Fatal(err)
		}
		shown := func() string {
			t.Helper()
			enter(t, s, "r", who, late)
			page, _, err := s.Members(t.Context(), "r", admin, "", 1)
			if err != nil {
				t.Fatal(err)
			}
			return page[0].Nick
		}
		if got := shown(); got != "V" {
			t.Errorf("called %q", got)
		}
		s.Leave("r", late)
		s.Renamed("vera", "W", "")
		if got := shown(); got != "W" {
			t.Errorf("called %q", got)
		}
		pass(2 * time.Minute)
		s.Renamed("somebody", "x", "")
		s.SignOut("vera", late, chat.SignOutClosed)
		who.Verified, who.Nick = time.Now(), "from the store"
		if err := s.SignIn(t.Context(), who, late); err != nil {
			t.Fatal(err)
		}
		if got := shown(); got != "from the store" {
			t.Errorf("called %q", got)
		}
	})
}

func TestManyNewNamesAreToldInPortions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, chat.Config{CountEvery: time.Hour}, chat.NewMemory())
		create(t, s, "r")
		ann, _ := join(t, s, "r", "ann")
		for i := range 120 {
			join(t, s, "r", fmt.Sprint("u", i))
			s.Renamed(fmt.Sprint("u", i), "x", "")
			s.Renamed(fmt.Sprint("u", i), "N", "")
		}
		pass(600 * time.Millisecond)
		if n := len(ann.events("member")); n != 50 {
			t.Errorf("%d at once", n)
		}
		pass(2 * time.Second)
		var who []string
		last := uint64(0)
		for _, e := range ann.events("member") {
			var g struct{ User, Nick string }
			if err := json.Unmarshal(e.Data, &g); err != nil || g.Nick != "N" || e.Version <= last {
				t.Errorf("%s, version %d after %d", e.Data, e.Version, last)
			}
			last = e.Version
			who = append(who, g.User)
		}
		slices.Sort(who)
		if len(slices.Compact(who)) != 120 {
			t.Errorf("told of %d", len(who))
		}
	})
}

func TestWhoIsCalledLikeTheAnchorAppearsWithoutTheName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &directory{nicks: map[string]string{"owner": "Olga", "vera": "olga", "ann": "Ann", "mod": "Mo", "dan": "OWNER"}}
		s := start(t, d.config(), chat.NewMemory())
		create(t, s, "r")
		nick := func(user, nick string) string {
			t.Helper()
			ack, err := s.Send(t.Context(), chat.Message{Group: "r", Body: text(nick)}, called(user, nick))
			if err != nil {
				t.Fatal(err)
			}
			h, err := s.History(t.Context(), "r", 1)
			if err != nil || h[0].Seq != ack.Seq {
				t.Fatal(err)
			}
			return h[0].Nick
		}
		for _, who := range []chat.Identity{called("ann", "Ann"), called("vera", "OLGA"), called("dan", "OWNER"), called("owner", "Olga"), called("mod", "olga")} {
			enter(t, s, "r", who, newSession(who.User))
		}
		if err := s.SetRole(t.Context(), "r", named("owner"), "mod", chat.RoleAdmin); err != nil {
			t.Fatal(err)
		}
		for _, c := range [][3]string{
			{"ann", "Ann", "Ann"}, {"vera", "OLGA", ""}, {"dan", "OWNER", ""}, {"owner", "Olga", "Olga"}, {"mod", "olga", "olga"},
		} {
			if got := nick(c[0], c[1]); got != c[2] {
				t.Errorf("%s appears as %q, want %q", c[0], got, c[2])
			}
		}
		// The backend sends in her name.
		if _, err := s.Send(t.Context(), chat.Message{Group: "r", From: "vera", Body: text("x")}, admin); err != nil {
			t.Fatal(err)
		}
		if h, _ := s.History(t.Context(), "r", 1); h[0].From != "vera" || h[0].Nick != "" {
			t.Errorf("%+v", h[0])
		}
		page, _, err := s.Members(t.Context(), "r", named("ann"), "", 0)
		shown := map[string]string{}
		for _, m := range page {
			shown[m.User] = m.Nick
		}
		if err != nil || shown["vera"] != "" || shown["dan"] != "" || shown["ann"] != "Ann" || shown["owner"] != "Olga" || len(shown) != 5 {
			t.Errorf("%v, %v", shown, err)
		}
		asked := d.times()
		for range 20 {
			nick("ann", "Ann")
			enter(t, s, "r", called("ann", "Ann"), newSession("ann"))
		}
		if n := d.times(); n != asked {
			t.Errorf("the accounts were asked %d times without need", n-asked)
		}
		for _, c := range []struct {
			who  chat.Identity
			nick string
			want error
		}{
			{called("ann", "Ann"), "Olga", chat.ErrNick},
			{called("ann", "Ann"), "owner", chat.ErrNick},
			{called("ann", "Ann"), "MO", chat.ErrNick},
			{called("ann", "Ann"), "Anna", nil},
			{called("ann", "Ann"), "", nil},
			{called("owner", "Olga"), "Olga", nil},
			{called("elsewhere", ""), "Olga", nil},
			{admin, "Olga", nil},
		} {
			if err := s.MayBeCalled(t.Context(), c.who, c.nick); !errors.Is(err, c.want) {
				t.Errorf("%s as %q: %v", c.who.User, c.nick, err)
			}
		}
		// The anchor takes the name that somebody has.
		d.set("owner", "Ann")
		s.Renamed("owner", "Ann", "")
		if got := nick("ann", "Ann"); got != "" {
			t.Errorf("appears as %q", got)
		}
		if got := nick("vera", "OLGA"); got != "OLGA" {
			t.Errorf("the old name is free, but she appears as %q", got)
		}
		if err := s.SetProfile(t.Context(), "r", chat.Profile{Name: "r", Owner: "ann"}); err != nil {
			t.Fatal(err)
		}
		if got := nick("ann", "Ann"); got != "Ann" {
			t.Errorf("the new owner appears as %q", got)
		}
	})
}

func TestNobodyIsKeptOutBecauseNamesCannotBeAskedFor(t *testing.T) {
	d := &directory{down: errors.New("disk on fire")}
	s := start(t, d.config(), chat.NewMemory())
	create(t, s, "r")
	join(t, s, "r", "ann")
	send(t, s, "r", "ann", "hi")
	if _, err := s.Join(t.Context(), "nowhere", named("ann"), newSession("x"), nil); !errors.Is(err, chat.ErrNoGroup) {
		t.Error(err)
	}
}

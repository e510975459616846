package redisstore

import (
	"context"
	"errors"
	"testing"
	"time"

	"liveroom/chat"
	"liveroom/chat/chattest"
	"liveroom/internal/redistest"
)

// TestWhoIsAwayIsNotAskedAgain: after two failures commands fail without being sent, until the server is there again.
func TestWhoIsAwayIsNotAskedAgain(t *testing.T) {
	server := redistest.Start(t)
	for _, c := range []struct {
		name       string
		away, back func() error
	}{
		{"killed", func() error { server.Kill(); return nil }, server.Up},
		{"standing still", func() error { server.Pause(); return nil }, func() error { server.Resume(); return nil }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t, server.URL())
			s.cfg.Timeout = 200 * time.Millisecond
			if !s.Up() {
				t.Error("before any command")
			}
			if _, err := s.Now(t.Context()); err != nil || !s.Up() {
				t.Fatal(err)
			}
			_, changed := s.Watch()
			if err := c.away(); err != nil {
				t.Fatal(err)
			}
			for range failuresInARow {
				if _, err := s.Now(t.Context()); !errors.Is(err, ErrAway) || errors.Is(err, errSkipped) {
					t.Fatal(err)
				}
			}
			<-changed
			if s.Up() {
				t.Fatal("it is up")
			}
			for range 100 {
				if _, err := s.Now(t.Context()); !errors.Is(err, ErrAway) || !errors.Is(err, errSkipped) {
					t.Fatal(err)
				}
			}
			if st := s.Stats(); st.Up || st.Skipped != 100 || st.Unknown < failuresInARow || st.Away == 0 {
				t.Errorf("%+v", st)
			}
			if err := c.back(); err != nil {
				t.Fatal(err)
			}
			wait(t, "it is back", s.Up)
			if _, err := s.Now(t.Context()); err != nil {
				t.Fatal(err)
			}
			if st := s.Stats(); !st.Up || st.Answered < 2 || st.Waited == 0 || st.Away == 0 {
				t.Errorf("%+v", st)
			}
		})
	}
}

// TestWhatIsNotAway: errors that Redis answers with, and callers that do not wait.
func TestWhatIsNotAway(t *testing.T) {
	server := redistest.Start(t)
	proxy := redistest.Through(t, server.Addr)
	s := open(t, proxy.URL())
	for range 3 * failuresInARow {
		if err := s.run(t.Context(), script{"bad", "return redis.error_reply('LR no')", ""}, []string{s.key("lr", "x")}).Err(); err == nil {
			t.Fatal("no error")
		}
	}
	proxy.Delay(100 * time.Millisecond)
	for range 3 * failuresInARow {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		if _, err := s.Now(ctx); err == nil {
			t.Error("answered before it could be")
		}
		cancel()
	}
	if !s.Up() {
		t.Error("it is away")
	}
	if _, err := s.Now(t.Context()); err != nil {
		t.Error(err)
	}
	if st := s.Stats(); st.Refused < 3*failuresInARow || st.Unknown < 3*failuresInARow || st.Skipped != 0 {
		t.Errorf("%+v", st)
	}
}

// TestOneServerOfACluster that is away leaves the others alone.
func TestOneServerOfACluster(t *testing.T) {
	cluster := redistest.StartClusterThrough(t)
	s := open(t, cluster.URL())
	groups := []string{"a", "b", "c", "d", "e", "f", "g", "h"}
	ask := func(tag string) error { return away(s.run(t.Context(), scriptNow, []string{s.key(tag, "x")}).Err()) }
	for _, g := range groups {
		if err := ask("g:" + g); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range cluster.Proxies {
		p.Cut()
		up := 0
		for range failuresInARow {
			up = 0
			for _, g := range groups {
				if ask("g:"+g) == nil {
					up++
				}
			}
		}
		if up == 0 || up == len(groups) {
			t.Errorf("%d of %d groups are served without one of three servers", up, len(groups))
		}
		err := errors.Join(ask("lr"), ask("lr"))
		if s.Up() != (err == nil) {
			t.Errorf("up: %v, although the control plane answers %v", s.Up(), err)
		}
		p.Heal()
		wait(t, "it is back", s.Up)
		for _, g := range groups {
			wait(t, "all groups are served again", func() bool { return ask("g:"+g) == nil })
		}
	}
}

// TestCloseWhileAway does not wait for a server that does not answer.
func TestCloseWhileAway(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, server.URL())
	server.Kill()
	for s.Up() {
		_, _ = s.Now(t.Context())
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := s.Now(t.Context()); err == nil {
		t.Error("answered")
	}
}

// TestWhatTakesSeveralCommands ends within the time of one, all together.
func TestWhatTakesSeveralCommands(t *testing.T) {
	proxy := redistest.Through(t, redistest.Shared(t).Addr)
	s := open(t, proxy.URL())
	states, talk, ctx := s.Status(StatusConfig{}), s.Chat(), t.Context()
	rooms := s.Live(states)
	storeRoom(t, states, "r")
	chattest.Create(t, talk, "g")
	if _, err := talk.PutNotice(ctx, "g", "so that Redis knows the scripts"); err != nil {
		t.Fatal(err)
	}
	s.cfg.Timeout = time.Second
	proxy.Delay(400 * time.Millisecond)
	for name, do := range map[string]func() error{
		"deleting a room": func() error { return rooms.DeleteRoom(ctx, "r", time.Now()) },
		"robots": func() error {
			_, err := talk.PutRobots(ctx, "g", chat.RobotChange{Add: []chat.Robot{{User: "r"}}, For: time.Hour, Limit: 1})
			return err
		},
	} {
		if err := do(); !errors.Is(err, ErrAway) {
			t.Errorf("%s, of three commands: %v", name, err)
		}
	}
}

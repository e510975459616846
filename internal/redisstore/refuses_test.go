package redisstore

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"liveroom/chat"
	"liveroom/chat/account"
	"liveroom/internal/redistest"
	"liveroom/status"
)

// TestRedisThatRefusesToStore answers: what is read goes on, what is written is to be tried again, and operators are told.
func TestRedisThatRefusesToStore(t *testing.T) {
	server := redistest.Start(t)
	command := func(t *testing.T, args ...string) {
		t.Helper()
		if _, err := redistest.Command(server.Addr, args...); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name        string
		spoil, mend func(t *testing.T)
		says        string
	}{
		{
			"its memory is full",
			func(t *testing.T) { command(t, "CONFIG", "SET", "maxmemory", "1") },
			func(t *testing.T) { command(t, "CONFIG", "SET", "maxmemory", "0") }, "OOM",
		},
		{
			"it became a replica",
			func(t *testing.T) { command(t, "REPLICAOF", "127.0.0.1", "1") },
			func(t *testing.T) { command(t, "REPLICAOF", "NO", "ONE") }, "READONLY",
		},
		{
			"it can't write its file",
			func(t *testing.T) {
				command(t, "CONFIG", "SET", "save", "3600 1")
				if err := os.RemoveAll(server.Dir()); err != nil {
					t.Fatal(err)
				}
				command(t, "BGSAVE")
			},
			func(t *testing.T) {
				if err := os.MkdirAll(server.Dir(), 0o700); err != nil {
					t.Fatal(err)
				}
				command(t, "CONFIG", "SET", "save", "")
			}, "MISCONF",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := patient(t, openAgain(t, server.URL(), openPrefix(t)))
			nodes := s.Nodes("n", "http://n", "1", 500*time.Millisecond)
			ctx, cancel := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			defer wg.Wait()
			defer cancel()
			wg.Go(func() { _ = nodes.Run(ctx) })
			accounts, talk := s.Accounts(), s.Chat()
			put := func(id string) error {
				_, _, err := accounts.PutAccount(ctx, account.Account{User: id}, account.Patch{})
				return err
			}
			if err := put("alice"); err != nil {
				t.Fatal(err)
			}
			c.spoil(t)
			wait(t, "the node is told", func() bool { err := nodes.Err(); return err != nil && strings.Contains(err.Error(), c.says) })
			for range 5 {
				if err := put("bob"); !errors.Is(err, account.ErrAway) || !errors.Is(err, status.ErrUnavailable) {
					t.Errorf("a write: %v", err)
				}
				if _, _, err := talk.CreateGroup(ctx, chat.Group{ID: "g"}); !errors.Is(err, ErrAway) {
					t.Errorf("a group: %v", err)
				}
				if !s.Up() {
					t.Error("it counts as away")
				}
				if got, err := accounts.Accounts(ctx, []string{"alice", "bob"}); err != nil || len(got) != 1 {
					t.Errorf("a read: %v, %v", got, err)
				}
			}
			c.mend(t)
			wait(t, "the node can store again", func() bool { return nodes.Err() == nil })
			if err := put("bob"); err != nil {
				t.Error(err)
			}
		})
	}
}

package redisstore

import (
	"encoding/json"
	"testing"

	"liveroom/chat/chattest"
	"liveroom/internal/redistest"
)

// TestChatFailsOver: a replica that takes over is followed there. It did not have all the master had answered, so that the
// group goes on in another epoch.
func TestChatFailsOver(t *testing.T) {
	t.Parallel()
	servers := redistest.StartSentinel(t)
	c := chatNode(t, servers.URL(), "x:")
	before := chattest.Create(t, c, "g")
	ear := chattest.Listen(t, c, "g")
	chattest.Say(t, c, "g", 3)
	if n, err := c.s.rdb.Do(t.Context(), "wait", 1, 10_000).Int(); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	servers.Replica.Pause()
	if answer, err := redistest.Command(servers.Master.Addr, "CLIENT", "KILL", "TYPE", "replica"); err != nil || answer != ":1" {
		t.Fatal(answer, err)
	}
	chattest.Say(t, c, "g", 2)
	servers.Master.Kill()
	servers.Replica.Resume()
	ear.Wait(t, "missed", func() bool { return ear.MissedTimes() > 0 })
	insist(t, func() error { return c.Tell(t.Context(), "g", json.RawMessage(`1`)) })
	now := chattest.Load(t, c, "g")
	if now.Epoch == before.Epoch || now.Seq != 3 || len(now.Log) != 3 {
		t.Errorf("it is %+v", now.Head)
	}
	ear.Until(t, now.Pos)
	insist(t, func() error { return c.Tell(t.Context(), "g", json.RawMessage(`2`)) })
	ear.Until(t, now.Pos+1)
}

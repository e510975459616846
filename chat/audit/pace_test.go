package audit_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
	"liveroom/chat/audit"
)

// TestNobodyFloodsTheLog: a thousand acts at once, and five in a second after that.
func TestNobodyFloodsTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _, _ := start(t, audit.Config{}, audit.NewMemory())
		do := func(by chat.Identity) { l.Record(chat.Act{Time: time.Now(), By: by, Action: "mute"}) }
		alice, root := chat.Identity{User: "alice"}, chat.Identity{User: "root", Admin: true}
		for i := range 1000 {
			if at := l.Busy(alice); !at.IsZero() {
				t.Fatalf("busy until %v after %d acts", at, i)
			}
			do(alice)
			do(root)
		}
		at := l.Busy(alice)
		if wait := time.Until(at); wait != 200*time.Millisecond {
			t.Fatalf("alice has to wait %v", wait)
		}
		if !l.Busy(root).IsZero() || !l.Busy(chat.Identity{User: "bob"}).IsZero() {
			t.Error("others have to wait with her")
		}
		time.Sleep(time.Until(at))
		if !l.Busy(alice).IsZero() {
			t.Error("she may not when she was told she might")
		}
		do(alice)
		for i := range 2000 { // passers-by are forgotten, she is not
			do(chat.Identity{User: fmt.Sprint("user", i)})
		}
		if l.Busy(alice).IsZero() {
			t.Error("others made her be forgotten")
		}
		time.Sleep(time.Hour)
		if !l.Busy(alice).IsZero() {
			t.Error("still busy after an hour")
		}
	})
}

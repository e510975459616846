package socket

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestTheDocumentListsEveryGoodbye(t *testing.T) {
	text, err := os.ReadFile("../../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range goodbyes {
		again := "no"
		if g.reconnect {
			again = "yes"
		}
		if row := fmt.Sprintf("| `%s` | %d | %s |", g.reason, g.code, again); !strings.Contains(string(text), row) {
			t.Errorf("docs/protocol.md lacks %s", row)
		}
	}
	for _, e := range []string{
		errNotSignedIn.Name, errSignedIn.Name, errUnknownOp.Name, errNotJoined.Name, errJoined.Name, errTooManyGroups.Name,
		errTooFast.Name, errLockedOut.Name, errClientTooOld.Name, errTimeout.Name, errInternal.Name,
	} {
		if !strings.Contains(string(text), "`"+e+"`") {
			t.Errorf("docs/protocol.md lacks the error %s", e)
		}
	}
}

func TestGoodbyes(t *testing.T) {
	for _, tc := range []struct {
		reason, detail string
		reconnect      bool
		close          string
	}{
		{"slow_consumer", "", true, "\x88\x0f\x03\xf5slow_consumer"},
		{"bad_frame", `a "quoted" detail`, false, "\x88\x0b\x03\xeabad_frame"},
		{"a reason of others", "", false, "\x88\x14\x03\xf0a reason of others"},
		{strings.Repeat("long", 100), "", false, "\x88\x7d\x03\xf0" + strings.Repeat("long", 100)[:123]},
	} {
		push, last := goodbyeOf(tc.reason).frames(tc.detail, 1000)
		var p struct {
			Push, Reason, Detail string
			Reconnect            bool
			AfterMs              int64
		}
		if err := json.Unmarshal(push[bytes.IndexByte(push, '{'):], &p); err != nil {
			t.Fatal(err)
		}
		if p.Push != "close" || p.Reason != tc.reason || p.Detail != tc.detail || p.Reconnect != tc.reconnect || (p.AfterMs > 0) != tc.reconnect || p.AfterMs > 1000 {
			t.Errorf("push = %+v", p)
		}
		if string(last) != tc.close {
			t.Errorf("close frame = %q, want %q", last, tc.close)
		}
	}
}

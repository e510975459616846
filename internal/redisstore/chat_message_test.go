package redisstore

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"liveroom/chat"
)

// TestMessagesArriveAsTheyAre: byte for byte, whatever is in them.
func TestMessagesArriveAsTheyAre(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.StringOfN(rapid.Rune(), 0, 200, -1)
		m := &chat.Message{
			Group: "g", Seq: rapid.Uint64Range(1, 1<<50).Draw(rt, "seq"), Time: time.UnixMilli(rapid.Int64Range(0, 1<<42).Draw(rt, "ms")).UTC(),
			From: text.Draw(rt, "from"), Nick: text.Draw(rt, "nick"), Avatar: text.Draw(rt, "avatar"), Priority: chat.Priority(rapid.Byte().Draw(rt, "priority")),
			Random: rapid.Uint32().Draw(rt, "random"), CloudCustomData: text.Draw(rt, "data"),
			Body: rapid.SliceOfN(rapid.Byte(), 1, 300).Draw(rt, "body"), Withdrawn: chat.WithdrawalKind(text.Draw(rt, "withdrawn")),
			Server: rapid.Bool().Draw(rt, "server"), Broadcast: rapid.Bool().Draw(rt, "broadcast"),
		}
		line := fmt.Sprintf("%d %d %s", m.Seq, m.Time.UnixMilli(), encodeMessage(m))
		got, err := decodeLine("g", line)
		if err != nil || !reflect.DeepEqual(got, m) {
			rt.Fatalf("%+v became %+v, %v", m, got, err)
		}
	})
}

// FuzzWhatRedisSays: whatever stands in Redis, reading it ends with an error at worst.
func FuzzWhatRedisSays(f *testing.F) {
	line := "7 1700000000000 " + string(encodeMessage(&chat.Message{From: "a", Body: []byte("[]")}))
	f.Add(fmt.Sprintf("E 3 op 1700000000000 7 1 %d\n%s{\"notice\":{\"version\":1}}", len(line), line))
	f.Add(line)
	f.Add("3 op 1700000000000 7 18446744073709551615\n")
	f.Add("E 3 op 1 1 1 99999999999999999999\nx")
	f.Add("A7 1700000000000")
	f.Add("E 1 2 3 ++")
	f.Add("1 2 \x01\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")
	f.Fuzz(func(_ *testing.T, s string) {
		_, _ = decodeLine("g", s)
		_, _, _ = decodePublished("g", s, func(string, uint64, string) bool { return false })
		_, _ = decodeKept("g", "E", []string{s, s}, 3, strings.Split(s, " "))
		_, _ = parseSettled(s)
		_, _, _ = parsePlace(s, " ")
	})
}

// TestAMessageWithoutALevelIsAsOlderNodesReadIt: they read its fields from the first byte on and take what follows for the body, so
// that a cluster in which nobody has a level yet may have nodes of both versions (docs/operating.md, "A new version").
func TestAMessageWithoutALevelIsAsOlderNodesReadIt(t *testing.T) {
	m := chat.Message{From: "bob", Nick: "B", Avatar: "", Priority: chat.Normal, Random: 5, CloudCustomData: "c", Server: true, Broadcast: true, Body: []byte(`[{}]`)}
	if got, want := string(encodeMessage(&m)), "\x01\x03\x02\x05\x03bob\x01B\x00\x01c\x00[{}]"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

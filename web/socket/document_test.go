package socket_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"math"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"liveroom/chat"
	"liveroom/chat/file"
	"liveroom/chat/follow"
	"liveroom/chat/gift"
	"liveroom/chat/level"
	"liveroom/chat/summary"
	"liveroom/web/socket"
)

// varying are the keys of docs/protocol.md whose values are examples.
var varying = map[string]bool{
	"session": true, "url": true, "serverTime": true, "time": true, "epoch": true, "detail": true, "afterMs": true, "createdAt": true, "settledAt": true,
}

var blocks = regexp.MustCompile("(?s)```chat\n(.*?)```")

// replay is a conversation being replayed: examples on paper stand for what the server really said.
type replay struct {
	t       *testing.T
	d       *door
	clients map[string]*client
	real    map[string]any // by the value on paper
}

// paperFollows is where nobody follows anybody.
func paperFollows(t *testing.T) socket.Follows {
	t.Helper()
	s, err := follow.New(follow.Config{}, follow.NewMemory(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTheDocumentsConversationsAreTrue(t *testing.T) {
	text, err := os.ReadFile("../../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	d := openChat(t, socket.Config{FailureDelay: time.Millisecond, Levels: paperLevels(t), Follows: paperFollows(t), Summaries: paperSummaries{}, Gifts: newGifts(t, nil, gift.Config{})}, chat.Config{TickMin: time.Millisecond, CountEvery: time.Hour}, nil)
	if err := d.chat.Dismiss(t.Context(), "demo"); err != nil {
		t.Fatal(err)
	}
	d.group("demo", "anna")
	d.group("tea", "olga")
	d.group("cake", "olga")
	if _, err := d.accounts.Import(t.Context(), "alice", ptr("Alice"), nil); err != nil {
		t.Fatal(err)
	}
	r := &replay{t: t, d: d, clients: map[string]*client{}, real: map[string]any{
		"eJyrVgrxCdYr…": d.sig("alice"), "eJyrVgrxCdYs…": d.sig("anna"),
		"eJyrVgrxCdYt…": d.sig("olga"), "eJyrVgrxCdYu…": d.sig("vera"), "eJyrVgrxCdYv…": d.sig("walt"),
	}}
	lines := 0
	for _, block := range blocks.FindAllSubmatch(text, -1) {
		for line := range strings.Lines(string(block[1])) {
			r.line(strings.TrimSpace(line))
			lines++
		}
	}
	if lines < 30 {
		t.Fatalf("only %d lines replayed: are the blocks still marked?", lines)
	}
}

// paperSummaries are those of which the document shows one.
type paperSummaries struct{}

// Last implements socket.Summaries.
func (paperSummaries) Last(_ context.Context, group string) (summary.Public, error) {
	if group != "tea" {
		return summary.Public{}, summary.ErrUnknown
	}
	return summary.Public{
		Session: "01JD0000000000000000000001", StartedAt: "2026-09-21T13:13:20.123Z", EndedAt: "2026-09-21T14:13:20.123Z", Duration: 3600, Pauses: 1,
		Viewers: 410, Peak: 240, Members: 180, WatchTime: 432000, Messages: 901, Likes: 1200, GiftValue: 30000, GiftCount: 300,
		Top:   []summary.Ranked{{Rank: 1, User: "vera", Nick: "Vera", Level: 7, Value: 12000, Count: 120}},
		Curve: []int64{120, 340, 300}, CurveStep: 1200, Popularity: 340,
	}, nil
}

// paperLevels are levels of which the document shows some.
func paperLevels(t *testing.T) *level.Service {
	t.Helper()
	levels, err := level.New(level.Config{Rules: level.DefaultRules()}, level.NewMemory(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := levels.Adjust(t.Context(), "olga", level.Adjustment{Points: 120}, "the document"); err != nil {
		t.Fatal(err)
	}
	return levels
}

func (r *replay) line(line string) {
	r.t.Helper()
	who, rest, _ := strings.Cut(line, " ")
	arrow, paper, _ := strings.Cut(rest, " ")
	var want any
	if err := json.Unmarshal([]byte(paper), &want); err != nil {
		r.t.Fatalf("%v in %q", err, line)
	}
	c := r.clients[who]
	if c == nil {
		c = r.d.dial()
		r.clients[who] = c
	}
	switch arrow {
	case "→":
		if err := c.WriteJSON(r.substitute(want)); err != nil {
			r.t.Fatal(err)
		}
	case "←":
		raw := c.frame()
		var got any
		if err := json.Unmarshal(raw, &got); err != nil {
			r.t.Fatal(err)
		}
		if where := r.differs("", want, got); where != "" {
			r.t.Fatalf("%s differs at %s\n got %s\nwant %s", who, where, raw, paper)
		}
	default:
		r.t.Fatalf("no arrow in %q", line)
	}
}

// substitute puts what the server really said where the paper has its example.
func (r *replay) substitute(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			v[k] = r.substitute(e)
		}
	case []any:
		for i, e := range v {
			v[i] = r.substitute(e)
		}
	case string:
		if real, ok := r.real[v]; ok {
			return real
		}
	}
	return v
}

// differs returns where two values differ, and learns the examples.
func (r *replay) differs(at string, want, got any) string {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok || len(w) != len(g) {
			return at + " (its keys)"
		}
		for k, e := range w {
			real, ok := g[k]
			if !ok {
				return at + "." + k
			}
			if where := r.member(at+"."+k, k, e, real); where != "" {
				return where
			}
		}
		return ""
	case []any:
		g, ok := got.([]any)
		if !ok || len(w) != len(g) {
			return at + " (its length)"
		}
		for i := range w {
			if where := r.differs(at+"[]", w[i], g[i]); where != "" {
				return where
			}
		}
		return ""
	}
	if want != got {
		return at
	}
	return ""
}

// isMoment says whether a value is a time, as versions and ends of mutes and bans are, but for those that never end.
func isMoment(v any) bool {
	n, ok := v.(float64)
	return ok && n > 1e9 && n != math.MaxUint32
}

func (r *replay) member(at, key string, want, got any) string {
	paper, isText := want.(string)
	example := varying[key] || key == "id" && file.ValidID(paper) || isMoment(want) || key == "user" && strings.HasPrefix(paper, "anon_") || key == "next" && paper != ""
	if !example || isMoment(want) != isMoment(got) {
		return r.differs(at, want, got)
	}
	if reflect.TypeOf(want) != reflect.TypeOf(got) {
		return at + " (its type)"
	}
	if isText {
		if known, ok := r.real[paper]; ok && key != "detail" && known != got {
			return at + " (the example stood for something else before)"
		}
		r.real[paper] = got
	}
	return ""
}

package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"liveroom/web/im/client"
)

// TestRecipesShowTheirCode compares the code in docs/recipes.md with what the tests run.
func TestRecipesShowTheirCode(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join("..", "..", "docs", "recipes.md"))
	if err != nil {
		t.Fatal(err)
	}
	code, err := os.ReadFile("recipesbackend_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var shown int
	for _, block := range blocks(string(doc), "go") {
		for _, part := range strings.Split(strings.TrimSpace(block), "\n\n") {
			shown++
			if !strings.Contains(string(code), part+"\n") {
				t.Errorf("nothing runs this code of docs/recipes.md:\n%s", part)
			}
		}
	}
	if shown < 10 {
		t.Errorf("found %d pieces of code in docs/recipes.md", shown)
	}
}

// recipesToken is the key of the recipes' endpoint.
const recipesToken = "token-of-the-recipes"

// serves lets a backend have the callbacks while the test lasts.
func (r recipe) serves(on map[string]func(context.Context, incoming) int) {
	r.now.Store(&business{appID: strconv.FormatUint(r.secrets.SDKAppID, 10), token: recipesToken, on: on, done: map[string]bool{}})
	r.Cleanup(func() { r.now.Store(nil) })
}

// whileTesting runs what blocks until the test is over.
func whileTesting(t *testing.T, run func(context.Context)) {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { run(ctx) })
	t.Cleanup(func() { cancel(); wg.Wait() })
}

// order sends a custom message, each a new one, and returns the answer.
func (m *member) order(group, priority string, o order) json.RawMessage {
	m.t.Helper()
	m.mu.Lock()
	random := m.nextID
	m.mu.Unlock()
	return m.call(map[string]any{"op": "send", "group": group, "random": random, "priority": priority, "body": elements(o)})
}

func codeOf(t *testing.T, raw json.RawMessage) int {
	t.Helper()
	var head struct{ Code int }
	if err := json.Unmarshal(raw, &head); err != nil {
		t.Fatal(err)
	}
	return head.Code
}

// orders are the custom messages of one type that a member heard.
func (m *member) orders(kind string) (found []order) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, msg := range m.messages {
		cb := incoming{}
		if json.Unmarshal(msg.Body, &cb.Body) == nil && cb.order().Type == kind {
			found = append(found, cb.order())
		}
	}
	return found
}

// TestRecipesDoARepeatOnce: what was not done is told again, what was done is not done twice.
func TestRecipesDoARepeatOnce(t *testing.T) {
	calls, answer := 0, later
	b := &business{appID: "7", token: recipesToken, done: map[string]bool{}, on: map[string]func(context.Context, incoming) int{
		"State.StateChange": func(context.Context, incoming) int { calls++; return answer },
	}}
	send := func(id, token string) int {
		at := strconv.FormatInt(time.Now().Unix(), 10)
		q := url.Values{"SdkAppid": {"7"}, "RequestTime": {at}, "Sign": {fmt.Sprintf("%x", sha256.Sum256([]byte(token+at)))}}
		r := httptest.NewRequest(http.MethodPost, "/?"+q.Encode(), strings.NewReader(`{"CallbackCommand":"State.StateChange"}`))
		r.Header.Set("Liveroom-Event-Id", id)
		w := httptest.NewRecorder()
		b.ServeHTTP(w, r)
		return w.Code
	}
	if code := send("1", recipesToken); code != http.StatusServiceUnavailable || calls != 1 {
		t.Errorf("not done: %d after %d calls", code, calls)
	}
	answer = allow
	for range 3 {
		if code := send("1", recipesToken); code != http.StatusOK || calls != 2 {
			t.Errorf("done: %d after %d calls", code, calls)
		}
	}
	if code := send("2", "another token"); code != http.StatusForbidden || calls != 2 {
		t.Errorf("somebody else: %d after %d calls", code, calls)
	}
}

// recipe is a room of its own on the recipes' node.
type recipe struct {
	*testing.T
	*node
	im   *client.Client
	now  *atomic.Pointer[business]
	room string
}

func TestRecipes(t *testing.T) {
	var now atomic.Pointer[business]
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if b := now.Load(); b != nil {
			b.ServeHTTP(w, r)
			return
		}
		_, _ = io.WriteString(w, `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}`)
	}))
	t.Cleanup(s.Close)
	n := startNodeIn(t, []string{"LIVEROOM_CALLBACK_KEY=" + recipesToken}, "--callback-url="+s.URL, "--callback-events=*,Group.CallbackBeforeSendMsg", "--callback-private=on", "--chat-user-burst=0", "--chat-rate=3")
	im := n.imClient()
	for name, run := range map[string]func(recipe){
		"mute": recipeMute, "kick": recipeKick, "count": recipeCount, "drops": recipeDrops, "quit": recipeQuit,
		"online": recipeOnline, "review": recipeReview,
	} {
		t.Run(name, func(t *testing.T) {
			n.createRoom(map[string]any{"id": name, "title": "A recipe", "anchor": "anna"})
			run(recipe{t, n.as(t), im, &now, name})
		})
	}
}

// in lets users enter the room.
func (r recipe) in(user string) *member {
	r.T.Helper()
	return r.enter(r.room, user, r.userSig(user), nil)
}

// hears waits until a member got orders of one type.
func (r recipe) hears(m *member, kind string, want ...order) {
	r.T.Helper()
	r.eventually("a member hears "+kind, func() bool { return slices.Equal(m.orders(kind), want) })
}

func recipeMute(r recipe) {
	r.serves(map[string]func(context.Context, incoming) int{
		"Group.CallbackBeforeSendMsg": muteByMessage(r.im, func(string) string { return "anna" }),
	})
	anna, bob := r.in("anna"), r.in("bob")
	mute := order{Type: "app_mute", User: "bob", Seconds: 600}
	if code := codeOf(r.T, bob.order(r.room, "High", mute)); code != 10016 {
		r.Errorf("bob mutes: %d", code)
	}
	bob.say(r.room, "I may speak", 1)
	if code := codeOf(r.T, anna.order(r.room, "High", mute)); code != 0 {
		r.Errorf("anna mutes: %d", code)
	}
	r.hears(bob, "app_mute", mute)
	bob.refusedWith(10017, map[string]any{"op": "send", "group": r.room, "random": 2, "body": textBody("still?")})
	if code := codeOf(r.T, anna.order(r.room, "High", order{Type: "app_mute", User: "bob", Seconds: 0})); code != 0 {
		r.Errorf("anna unmutes: %d", code)
	}
	bob.say(r.room, "I may again", 3)
}

func recipeKick(r recipe) {
	anna, bob := r.in("anna"), r.in("bob")
	if code := codeOf(r.T, anna.order(r.room, "High", order{Type: "kick", User: "bob"})); code == 0 {
		r.Error("somebody else than the backend kicks")
	}
	if err := kick(r.Context(), r.im, r.room, "bob", 600); err != nil {
		r.Fatal(err)
	}
	r.hears(bob, "kick", order{Type: "kick", User: "bob"})
	r.eventually("bob is out", func() bool {
		bob.mu.Lock()
		defer bob.mu.Unlock()
		return len(bob.left) == 1
	})
	bob.refusedWith(10007, map[string]any{"op": "join", "group": r.room})
}

func recipeCount(r recipe) {
	count := &applause{im: r.im, totals: map[string]map[string]int64{}, changed: map[string]bool{}}
	r.serves(map[string]func(context.Context, incoming) int{"Group.CallbackBeforeSendMsg": count.before})
	whileTesting(r.T, func(ctx context.Context) { count.run(ctx, 100*time.Millisecond) })
	bob := r.in("bob")
	for range 20 { // more than the room delivers in a second
		bob.order(r.room, "Low", order{Type: "like", Count: 3})
	}
	bob.order(r.room, "Low", order{Type: "follow"})
	outside := r.login("vera") // as getGroupProfile of the SDK asks
	r.eventually("the profile has the totals", func() bool {
		var got struct {
			Group struct{ Fields map[string]string }
		}
		outside.must(map[string]any{"op": "group", "group": r.room}, &got)
		return got.Group.Fields["likes"] == "60" && got.Group.Fields["follows"] == "1"
	})
}

func recipeDrops(r recipe) {
	found := &drops{open: map[string]pending{}}
	r.serves(map[string]func(context.Context, incoming) int{
		"Group.CallbackBeforeSendMsg": found.before, "Group.CallbackAfterSendMsg": found.after,
	})
	bob := r.in("bob")
	var lost []string
	for i := range 30 {
		var ack struct{ Fate string }
		text := fmt.Sprintf("message %d", i)
		bob.must(map[string]any{"op": "send", "group": r.room, "random": i + 1, "fate": true, "body": textBody(text)}, &ack)
		if ack.Fate == "dropped" {
			lost = append(lost, text)
		}
	}
	if len(lost) == 0 {
		r.Fatal("nothing was dropped")
	}
	r.eventually("only the dropped ones are open", func() bool {
		found.mu.Lock()
		defer found.mu.Unlock()
		return len(found.open) == len(lost)
	})
	var dropped []string
	for _, cb := range found.older(0) {
		dropped = append(dropped, cb.Body[0].MsgContent.Text)
	}
	slices.Sort(dropped)
	if slices.Sort(lost); !slices.Equal(dropped, lost) {
		r.Errorf("found %v, want %v", dropped, lost)
	}
}

func recipeQuit(r recipe) {
	r.serves(map[string]func(context.Context, incoming) int{"Group.CallbackAfterMemberExit": quitEverywhere(r.im)})
	page := r.in("bob")
	phone := dialMember(r.T, r.http)
	phone.must(map[string]any{"op": "auth", "userId": "bob", "userSig": r.userSig("bob"), "platform": "Android"}, nil)
	phone.must(map[string]any{"op": "join", "group": r.room}, nil)
	phone.must(map[string]any{"op": "leave", "group": r.room}, nil)
	r.eventually("the page is told to leave", func() bool {
		page.mu.Lock()
		defer page.mu.Unlock()
		return slices.Contains(page.letters, order{Type: "app_quit", Group: r.room})
	})
	page.must(map[string]any{"op": "leave", "group": r.room}, nil)
}

func recipeOnline(r recipe) {
	online := &onlineTime{users: map[string]*presence{}}
	r.serves(map[string]func(context.Context, incoming) int{"State.StateChange": online.change})
	devices := func(n int) {
		r.T.Helper()
		r.eventually(fmt.Sprintf("vera has %d devices", n), func() bool {
			online.mu.Lock()
			defer online.mu.Unlock()
			p := online.users["vera"]
			return p != nil && p.devices == n
		})
	}
	began := time.Now()
	page := r.login("vera")
	phone := dialMember(r.T, r.http)
	phone.must(map[string]any{"op": "auth", "userId": "vera", "userSig": r.userSig("vera"), "platform": "iOS"}, nil)
	devices(2)
	page.leave()
	devices(1)
	if got := online.of("vera"); got != 0 {
		r.Errorf("online for %s, and still there", got)
	}
	phone.leave()
	devices(0)
	if got := online.of("vera"); got <= 0 || got > time.Since(began) {
		r.Errorf("online for %s of %s", got, time.Since(began))
	}
}

func recipeReview(r recipe) {
	v := &review{im: r.im, queue: make(chan incoming, 100), bad: func(text string) bool { return strings.Contains(text, "nasty") }}
	r.serves(map[string]func(context.Context, incoming) int{"Group.CallbackAfterSendMsg": v.after})
	whileTesting(r.T, v.run)
	bob := r.in("bob")
	bob.say(r.room, "something nasty", 1)
	bob.say(r.room, "something nice", 2)
	anna := r.in("anna")
	r.eventually("the nasty one is gone", func() bool {
		var got struct {
			Messages []struct {
				Body      []elem
				Withdrawn string
			}
		}
		anna.must(map[string]any{"op": "history", "group": r.room}, &got)
		last := len(got.Messages)
		return last >= 2 && got.Messages[last-2].Withdrawn == "recalled" && got.Messages[last-1].Withdrawn == "" &&
			got.Messages[last-1].Body[0].MsgContent.Text == "something nice"
	})
}

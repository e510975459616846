package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"liveroom/address"
	"liveroom/chat"
	"liveroom/chat/account"
	"liveroom/chat/audit"
	"liveroom/chat/draw"
	"liveroom/chat/file"
	"liveroom/chat/follow"
	"liveroom/chat/gift"
	"liveroom/chat/kind"
	"liveroom/chat/level"
	"liveroom/chat/like"
	"liveroom/chat/popularity"
	"liveroom/chat/schedule"
	"liveroom/chat/setting"
	"liveroom/chat/setting/settingtest"
	"liveroom/chat/words"
	"liveroom/live"
	"liveroom/live/keyring"
	"liveroom/live/stream"
	"liveroom/status"
	"liveroom/web"
	"liveroom/web/callback/delivery"
	"liveroom/web/signin"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const apiToken = "lr_test_token_0123456789"

// groups joins rooms with the chat, as the program does.
type groups struct{ chat *chat.Service }

func (g groups) Ensure(ctx context.Context, r live.Room) error {
	err := g.chat.Create(ctx, chat.Group{ID: r.GroupID, Room: r.ID, Owner: r.Anchor, Name: r.Title, Notice: r.Notice, CreatedAt: r.CreatedAt})
	if err != nil {
		return err
	}
	if err := g.chat.SetNotice(ctx, r.GroupID, chat.Identity{User: chat.Administrator, Admin: true}, r.Notice); err != nil {
		return err
	}
	now, err := g.chat.Group(ctx, r.GroupID)
	if err != nil {
		return err
	}
	return g.chat.SetProfile(ctx, r.GroupID, chat.Profile{Name: r.Title, Owner: r.Anchor, Admins: now.Admins})
}

func (g groups) Dismiss(ctx context.Context, group string) error { return g.chat.Dismiss(ctx, group) }

func (g groups) Online(string) int { return 0 }

// rooms is the real service with the figures that tests want to set.
type rooms struct {
	*live.Service
	mu      sync.Mutex
	online  int
	viewers live.Viewers
	broken  error // answered instead of rooms
}

func (r *rooms) Viewers(live.Room) live.Viewers {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.viewers
}

func (r *rooms) Online(live.Room) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.online
}

func (r *rooms) Room(ctx context.Context, id string) (live.Listed, error) {
	r.mu.Lock()
	err := r.broken
	r.mu.Unlock()
	if err != nil {
		return live.Listed{}, err
	}
	return r.Service.Room(ctx, id)
}

func (r *rooms) set(change func(*rooms)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(r)
}

// bench is a server over the real services and memory stores.
type bench struct {
	t      testing.TB
	url    string
	closed sync.Map // addresses of clients whose connections the server closed
	server *web.Server
	rooms  *rooms
	states *status.Memory
	signer account.Signer

	accounts *account.Service
	signIn   *signin.Service
	chat     *chat.Service
	told     told
	files    *file.Service
	gifts    benchGifts
	levels   *level.Service
	likes    *like.Service
	follows  *follow.Service
	queues   *delivery.Service
	logs     *logBuffer
	client   *http.Client
	stop     func()
}

// logBuffer is a log that may be read while it is written.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// newBench starts a server; change may alter what it is made of.
func newBench(t testing.TB, change func(*web.Config, *web.Deps)) *bench {
	t.Helper()
	logs := &logBuffer{}
	log := slog.New(slog.NewTextHandler(logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	b := &bench{t: t, states: status.NewMemory(), logs: logs, client: &http.Client{Transport: &http.Transport{}}}
	b.signer = account.Signer{AppID: 1400000000, Key: "test-key-0123456789"}
	machine := status.NewMachine(b.states, status.Config{})
	list, err := words.New(t.Context(), words.Config{}, words.NewMemory(), log)
	must(t, err)
	accounts, err := account.New(account.Config{Signer: b.signer, Words: list, Renamed: func(a account.Account) { b.chat.Renamed(a.User, a.Nick, a.Avatar) }}, account.NewMemory(), log)
	must(t, err)
	b.accounts = accounts
	journal, err := audit.New(audit.Config{}, audit.NewMemory(), log)
	must(t, err)
	kept := chat.NewMemory()
	kinds, err := kind.New(t.Context(), kind.NewMemory())
	must(t, err)
	talk, err := chat.New(chat.Config{Words: list, Kind: kinds.Kind, Journal: journal, Observer: &b.told, Rename: b.rename, Account: func(ctx context.Context, user string) (chat.Identity, error) {
		a, err := accounts.Account(ctx, user)
		if errors.Is(err, account.ErrUnknownUser) {
			err = chat.ErrNoAccount
		}
		return chat.Identity{User: a.User, Nick: a.Nick, Avatar: a.Avatar}, err
	}}, kept, log)
	must(t, err)
	b.chat = talk
	folder, err := file.OpenFolder(t.TempDir(), 0)
	must(t, err)
	t.Cleanup(func() { _ = folder.Close() })
	b.files, err = file.New(file.Config{Key: []byte("test-key-of-files-0123456789"), PublicURL: "http://localhost:8080"}, talk, file.NewMemory(), folder, log)
	must(t, err)
	outbox := status.NewSynchroniser(status.SyncConfig{}, b.states, nil, log)
	machine.Watch(func(s status.State) { outbox.Wake(s.Record.Room) })
	service, err := live.New(live.Config{
		Node: "n1", Words: list,
		Addresses: address.Base{PublicURL: "http://localhost:8080", PublicRTMPURL: "rtmp://localhost:1935", App: "live"},
		PushKeys:  address.Keys{Primary: "push_master_key_0001"}, PlayKeys: address.Keys{Primary: "play_master_key_0003"},
	}, live.NewMemory(b.states), machine, stream.NewHub(stream.Config{}), groups{talk}, outbox, log)
	must(t, err)
	b.rooms = &rooms{Service: service}
	ring, err := keyring.New(t.Context(), keyring.Config{
		Push: address.Keys{Primary: "push_master_key_0001"}, Play: address.Keys{Primary: "play_master_key_0003"},
		NodeKey: []byte("test-node-key-0123456789"), Others: []string{apiToken}, Apply: service.Rekey,
		UsedAt: func(k keyring.Kind, secret string) time.Time {
			if k == keyring.Push {
				return service.PushKeyUsedAt(secret)
			}
			return service.PlayKeyUsedAt(secret)
		},
	}, &keyring.Memory{}, log)
	must(t, err)
	callbacks := b.newCallbacks(log)
	broadcasts := schedule.New(schedule.Config{Next: func(_ string, after time.Time) (time.Time, error) {
		return after.Add(time.Hour), nil
	}}, schedule.NewMemory(), nil, log) // which nobody runs
	draws := draw.New(draw.Config{Settle: time.Millisecond}, draw.NewMemory(), draw.Chat{Service: talk, Store: kept}, log)
	anchor := func(group string) string { g, _ := talk.Group(context.Background(), group); return g.Owner }
	store := gift.NewMemory()
	b.gifts = benchGifts{gift.NewService(gift.Config{Anchor: anchor}, store, nil, talk, nil, log), gift.NewBoards(store), ""}
	b.levels, err = level.New(level.Config{
		Rules: level.DefaultRules(), Earns: func(user string) (bool, bool) { return false, user != chat.Administrator },
	}, level.NewMemory(), log)
	must(t, err)
	b.likes, err = like.New(like.Config{Flush: 10 * time.Millisecond}, talk, like.NewMemory(), log)
	must(t, err)
	b.signIn, err = signin.New(signin.Config{Key: []byte("test-key-of-sign-ins-0123456789")}, signin.NewMemory())
	must(t, err)
	b.follows, err = follow.New(follow.Config{Limit: 5}, follow.NewMemory(), log)
	must(t, err)
	settings, err := setting.New(t.Context(), settingtest.Values(), setting.NewMemory(), log)
	must(t, err)
	cfg := web.Config{Tokens: []string{apiToken}, PublicURL: "http://localhost:8080", Version: "test", Poll: 20 * time.Millisecond}
	deps := web.Deps{
		Rooms: b.rooms, Chat: talk, Accounts: accounts, Guests: accounts, Words: list, Audit: journal, Files: b.files, Levels: b.levels, Draws: draws, Gifts: &b.gifts, Kinds: kinds, Settings: settings, Likes: b.likes, Follows: b.follows, Callbacks: callbacks, Events: b.states, Watch: machine.Watch, Log: log,
		Broadcasts: broadcasts, Nodes: paperNodes{},
		Metrics: []web.Source{web.ChatSource(talk.Stats), web.OutboxSource(outbox.Stats), web.AuditSource(journal.Stats), web.CallbackSource(b.queues.Stats)},
	}
	deps.Sessions, deps.Keys = b.signIn, ring
	scores, err := popularity.New(popularity.Config{}, popularity.NewMemory(), log)
	must(t, err)
	deps.Ranking, deps.Summaries = scores, b.paperSummaries()
	onPaper(newPaper())(&cfg, &deps)
	deps.Relays = newOnlyRelay(deps.Rooms, log)
	deps.Pulls = newOnlyPull(deps.Rooms, log)
	deps.Playbacks, deps.Shifts = paperPlaybacks(deps.Rooms, log), shifts{}
	deps.Guide = popularity.NewGuide(popularity.GuideConfig{Live: func(context.Context, int) ([]popularity.Room, error) { return nil, nil }}, scores)
	deps.Screenshots, deps.Covers = paperShots{}, benchCovers()
	if change != nil {
		change(&cfg, &deps)
	}
	b.server, err = web.New(cfg, deps)
	must(t, err)
	b.server.SetReady(true)
	b.serve(journal.Run, b.likes.Run, b.queues.Run, talk.Run, b.files.Run, outbox.Run, b.server.Run)
	return b
}

// benchGifts are gifts as the program gives them to the door.
type benchGifts struct {
	*gift.Service
	*gift.Boards
	session string
}

func (g *benchGifts) Session(string) string { return g.session }

// rename changes name and notice in the live room, which tells its group, as the program does.
func (b *bench) rename(ctx context.Context, g chat.Group, name, notice *string) error {
	_, err := b.rooms.Update(ctx, g.Room, live.Patch{Title: name, Notice: notice})
	return err
}

// serve runs the parts and a listener until the test ends.
func (b *bench) serve(runs ...func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for _, run := range runs {
		wg.Go(func() { _ = run(ctx) })
	}
	ts := httptest.NewUnstartedServer(nil)
	ts.Config = web.NewHTTPServer(b.server, slog.New(slog.DiscardHandler))
	ts.Config.ConnState = func(conn net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			b.closed.Store(conn.RemoteAddr().String(), true)
		}
	}
	ts.Start()
	b.url = ts.URL
	b.stop = sync.OnceFunc(func() {
		cancel()
		wg.Wait()
		b.client.CloseIdleConnections()
		ts.Close()
	})
	b.t.Cleanup(b.stop)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// userSig is a valid UserSig of user.
func (b *bench) userSig(user string) string {
	b.t.Helper()
	sig, err := b.signer.Sign(user, time.Now(), time.Hour)
	must(b.t, err)
	return sig
}

// account makes accounts of users, as their first login would.
func (b *bench) account(users ...string) {
	b.t.Helper()
	for _, user := range users {
		_, err := b.accounts.Import(b.t.Context(), user, nil, nil)
		must(b.t, err)
	}
}

// answer is what a call was answered.
type answer struct {
	status int
	header http.Header
	raw    string
	json   map[string]any
}

func (a answer) code() string { s, _ := a.json["code"].(string); return s }

func (a answer) field() string { s, _ := a.json["field"].(string); return s }

// request makes a call; auth is a bearer, body is sent as it is if it is a string.
func (b *bench) request(method, path, auth string, body any, headers ...string) answer {
	b.t.Helper()
	var reader io.Reader
	switch v := body.(type) {
	case nil:
	case string:
		reader = strings.NewReader(v)
	default:
		text, err := json.Marshal(v)
		must(b.t, err)
		reader = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.url+path, reader)
	must(b.t, err)
	if auth != "" {
		req.Header.Set("Authorization", "Bearer "+auth)
	}
	if reader != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := b.client.Do(req)
	must(b.t, err)
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	must(b.t, err)
	a := answer{status: resp.StatusCode, header: resp.Header, raw: string(raw)}
	_ = json.Unmarshal(raw, &a.json) // not every answer is an object
	return a
}

// do makes a call that must be answered with a status.
func (b *bench) do(want int, method, path, auth string, body any, headers ...string) answer {
	b.t.Helper()
	a := b.request(method, path, auth, body, headers...)
	if a.status != want {
		b.t.Fatalf("%s %s = %d %s, want %d", method, path, a.status, a.raw, want)
	}
	return a
}

func (b *bench) createRoom(id string) answer {
	b.t.Helper()
	return b.do(http.StatusCreated, "POST", "/api/v1/rooms", apiToken, map[string]any{"id": id, "title": "Room " + id, "anchor": "alice"})
}

package socket_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"liveroom/chat"
	"liveroom/chat/account"
	"liveroom/chat/file"
	"liveroom/chat/like"
	"liveroom/web/socket"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what must happen.
const patience = time.Minute

var signer = account.Signer{AppID: 1400000000, Key: "a key of the tests"}

// door is a running server with a chat behind it.
type door struct {
	*socket.Server
	t        *testing.T
	chat     *chat.Service
	accounts *account.Service
	files    *file.Service // gives addresses; takes nothing in
	url      string
	likes    *like.Service // not running: nothing is shown
	log      *lockedBuffer
	stop     func() // ends Run and waits
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// open starts a server. Rooms wraps the chat if it is not nil.
func open(t *testing.T, cfg socket.Config, wrap func(socket.Rooms) socket.Rooms) *door {
	t.Helper()
	return openChat(t, cfg, chat.Config{TickMin: 5 * time.Millisecond, CountEvery: time.Hour}, wrap)
}

func openChat(t *testing.T, cfg socket.Config, chatCfg chat.Config, wrap func(socket.Rooms) socket.Rooms) *door {
	t.Helper()
	return openStore(t, cfg, chatCfg, chat.NewMemory(), wrap)
}

func openStore(t *testing.T, cfg socket.Config, chatCfg chat.Config, store chat.Store, wrap func(socket.Rooms) socket.Rooms) *door {
	t.Helper()
	d := &door{t: t, log: &lockedBuffer{}}
	log := slog.New(slog.NewTextHandler(d.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var err error
	if d.chat, err = chat.New(chatCfg, store, log); err != nil {
		t.Fatal(err)
	}
	renamed := func(a account.Account) { d.chat.Renamed(a.User, a.Nick, a.Avatar) }
	if d.accounts, err = account.New(account.Config{Signer: signer, Renamed: renamed}, account.NewMemory(), log); err != nil {
		t.Fatal(err)
	}
	if d.files, err = file.New(file.Config{Key: []byte("a key of the tests"), PublicURL: "http://h"}, d.chat, file.NewMemory(), file.NewMemoryBlobs(), log); err != nil {
		t.Fatal(err)
	}
	cfg.Files = d.files
	if d.likes, err = like.New(like.Config{Flush: 10 * time.Millisecond}, d.chat, like.NewMemory(), log); err != nil {
		t.Fatal(err)
	}
	cfg.Likes = d.likes
	var rooms socket.Rooms = d.chat
	if wrap != nil {
		rooms = wrap(rooms)
	}
	if d.Server, err = socket.New(cfg, rooms, d.accounts, log); err != nil {
		t.Fatal(err)
	}
	chatStop := background(t, d.chat.Run)
	d.stop = background(t, d.Run)
	web := httptest.NewServer(d.Server)
	d.url = "ws" + strings.TrimPrefix(web.URL, "http") + "/chat"
	t.Cleanup(func() {
		d.stop()
		chatStop()
		web.Close()
	})
	d.group("demo", "")
	d.await("the server to be open", func() bool {
		c, resp, err := websocket.DefaultDialer.Dial(d.url, nil)
		if resp != nil {
			_ = resp.Body.Close()
		}
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
	d.await("the probe to be gone", func() bool { return d.Stats().Sockets == 0 })
	return d
}

// background runs f until the returned function is called, which waits for its end.
func background(t *testing.T, f func(context.Context) error) func() {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- f(ctx) }()
	return sync.OnceFunc(func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Run returned %v", err)
		}
	})
}

func (d *door) group(id, owner string) {
	d.t.Helper()
	if err := d.chat.Create(d.t.Context(), chat.Group{ID: id, Room: id, Owner: owner, Name: id, CreatedAt: time.Now()}); err != nil {
		d.t.Fatal(err)
	}
}

// await polls for what happens in another goroutine and leaves no other trace.
func (d *door) await(what string, ready func() bool) {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !ready() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			d.t.Fatalf("waited in vain for %s", what)
		}
	}
}

func (d *door) sig(user string) string {
	d.t.Helper()
	sig, err := signer.Sign(user, time.Now(), time.Hour)
	if err != nil {
		d.t.Fatal(err)
	}
	return sig
}

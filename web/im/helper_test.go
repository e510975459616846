package im_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"liveroom/chat"
	"liveroom/chat/account"
	"liveroom/live"
	"liveroom/web/im"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const appID = 1400000000

var signer = account.Signer{AppID: appID, Key: "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e"}

// door is a server over memory.
type door struct {
	t *testing.T
	*im.Server
	accounts *account.Service
	chat     *chat.Service
	rooms    *live.Service
	runRooms func(context.Context) error
	log      *strings.Builder
	journal  *journal
	failures *failures
	witness  *witness
	sig      string // of administrator
}

// newDoor makes one and runs its chat until the test ends. Change may be nil.
func newDoor(t *testing.T, change func(*im.Config)) *door {
	t.Helper()
	d := newGate(t, change)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = d.runRooms(ctx) })
	wg.Go(func() { _ = d.chat.Run(ctx) })
	t.Cleanup(func() { cancel(); wg.Wait() })
	return d
}

// newGate makes one whose chat doesn't run: for what needs none, and time that passes in years.
func newGate(t *testing.T, change func(*im.Config)) *door {
	t.Helper()
	d := &door{t: t, log: &strings.Builder{}, journal: &journal{}, failures: &failures{may: true}, witness: &witness{}}
	log := slog.New(slog.NewTextHandler(d.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var err error
	if d.accounts, err = account.New(account.Config{Signer: signer, Admins: []string{"root"}}, account.NewMemory(), log); err != nil {
		t.Fatal(err)
	}
	talk := chat.Config{
		Who: d.accounts.Known, Account: d.account, Found: d.found, Disband: d.disband, Gate: d.witness, Observer: d.witness, Journal: d.journal,
	}
	if d.chat, err = chat.New(talk, chat.NewMemory(), log); err != nil {
		t.Fatal(err)
	}
	d.runRooms = d.newRooms(log)
	cfg := im.Config{AppID: appID}
	if change != nil {
		change(&cfg)
	}
	d.Server, err = im.New(cfg, im.Deps{Accounts: d.accounts, Chat: d.chat, Journal: d.journal, Failures: d.failures}, log)
	if err != nil {
		t.Fatal(err)
	}
	d.sig = sign(t, chat.Administrator)
	return d
}

func (d *door) account(ctx context.Context, user string) (chat.Identity, error) {
	a, err := d.accounts.Account(ctx, user)
	if errors.Is(err, account.ErrUnknownUser) {
		err = chat.ErrNoAccount
	}
	return chat.Identity{User: a.User, Nick: a.Nick, Avatar: a.Avatar}, err
}

func sign(t *testing.T, user string) string {
	t.Helper()
	sig, err := signer.Sign(user, time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return sig
}

// answer is what a command was answered with.
type answer map[string]any

func (a answer) code() int {
	n, _ := a["ErrorCode"].(float64)
	return int(n)
}

// call sends a command as administrator.
func (d *door) call(command, body string) answer {
	d.t.Helper()
	return d.send(http.MethodPost, "/v4/"+command, d.query(), body)
}

func (d *door) query() string {
	return "sdkappid=1400000000&identifier=administrator&usersig=" + d.sig + "&random=4294967295&contenttype=json"
}

// send sends any request. An answer that is no envelope over HTTP 200 fails the test.
func (d *door) send(method, path, query, body string) answer {
	d.t.Helper()
	r := httptest.NewRequestWithContext(d.t.Context(), method, "/", strings.NewReader(body))
	r.URL = &url.URL{Path: path, RawQuery: query}
	r.RemoteAddr = "192.0.2.7:4711"
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	var a answer
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/json" {
		d.t.Fatalf("%s %s: status %d, %s, %v", method, path, w.Code, w.Body, err)
	}
	if status, _ := a["ActionStatus"].(string); (status == "FAIL") != (a.code() != 0) {
		d.t.Errorf("%s %s: %s", method, path, w.Body)
	}
	return a
}

// must is call for what must succeed.
func (d *door) must(command, body string) answer {
	d.t.Helper()
	a := d.call(command, body)
	if a.code() != 0 {
		d.t.Fatalf("%s %s: %v", command, body, a)
	}
	return a
}

// refused checks that a command is refused with a code, and that the words name what they should.
func (d *door) refused(command, body string, code int, words string) {
	d.t.Helper()
	a := d.call(command, body)
	info, _ := a["ErrorInfo"].(string)
	if a.code() != code || !strings.Contains(info, words) {
		d.t.Errorf("%s %.200s: %v, want %d with %q", command, body, a, code, words)
	}
}

// journal remembers what was recorded.
type journal struct {
	mu      sync.Mutex
	acts    []chat.Act
	settles int // times that somebody waited
}

func (j *journal) Record(acts ...chat.Act) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.acts = append(j.acts, acts...)
}

func (j *journal) Settle(context.Context) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.settles++
}

func (j *journal) Busy(chat.Identity) time.Time { return time.Time{} }

// failures counts what was noted of 192.0.2.7.
type failures struct {
	may   bool
	noted int
}

func (f *failures) MayTry(netip.Addr) bool { return f.may }

func (f *failures) Failed(from netip.Addr) {
	if from == netip.MustParseAddr("192.0.2.7") {
		f.noted++
	}
}

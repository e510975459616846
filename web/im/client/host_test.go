package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path"
	"slices"
	"sync"
	"testing"
	"time"

	"liveroom/chat"
	"liveroom/chat/account"
	"liveroom/status"
	"liveroom/web/im"
	"liveroom/web/im/client"
)

// imHost is the door of a liveroom over memory, behind a line on which answers can be lost or forged.
type imHost struct {
	t    *testing.T
	url  string
	door *im.Server
	chat *chat.Service

	mu       sync.Mutex
	sent     []uint64 // versions of the status messages that the door took, each once
	seqs     map[uint64]bool
	log      []string
	failing  string
	lost     bool
	refusing map[string]int
	dropping int
}

func newHost(t *testing.T) *imHost {
	t.Helper()
	h := &imHost{t: t, seqs: map[uint64]bool{}, refusing: map[string]int{}}
	log := slog.New(slog.DiscardHandler)
	accounts, err := account.New(account.Config{Signer: signer}, account.NewMemory(), log)
	if err != nil {
		t.Fatal(err)
	}
	found := func(ctx context.Context, d chat.GroupDraft) (string, error) {
		return d.ID, h.chat.Create(ctx, chat.Group{ID: d.ID, Room: d.ID, Owner: d.Owner, Name: d.Name})
	}
	if h.chat, err = chat.New(chat.Config{Who: accounts.Known, Found: found}, chat.NewMemory(), log); err != nil {
		t.Fatal(err)
	}
	if h.door, err = im.New(im.Config{AppID: signer.AppID}, im.Deps{Accounts: accounts, Chat: h.chat, Journal: nobody{}, Failures: nobody{}}, log); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = h.chat.Run(ctx) })
	t.Cleanup(func() { cancel(); wg.Wait() })
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	h.url = s.URL
	return h
}

// nobody keeps no journal and counts no failures.
type nobody struct{}

func (nobody) Record(...chat.Act)           {}
func (nobody) Settle(context.Context)       {}
func (nobody) Busy(chat.Identity) time.Time { return time.Time{} }
func (nobody) MayTry(netip.Addr) bool       { return true }
func (nobody) Failed(netip.Addr)            {}

func (h *imHost) client() *client.Client {
	return newClient(h.t, client.Config{BaseURL: h.url, Signer: signer})
}

// ServeHTTP is the line.
func (h *imHost) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	command := path.Base(r.URL.Path)
	h.log = append(h.log, command)
	failing := h.failing == command
	if failing {
		h.failing = ""
	}
	if code := h.refusing[command]; code != 0 {
		delete(h.refusing, command)
		_, _ = fmt.Fprintf(w, `{"ActionStatus":"FAIL","ErrorCode":%d,"ErrorInfo":"no"}`, code)
		return
	}
	if command == "send_group_msg" && h.dropping > 0 {
		h.dropping--
		_, _ = io.WriteString(w, `{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":"","MsgTime":1,"MsgSeq":0,"MsgDropReason":"MsgFreqCtrl"}`)
		return
	}
	answer := httptest.NewRecorder()
	if !failing || h.lost {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		h.door.ServeHTTP(answer, r)
		if command == "send_group_msg" {
			h.note(body, answer.Body.Bytes())
		}
		if command == "destroy_group" {
			clear(h.seqs) // a group that is made again counts anew
		}
	}
	if failing {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	_, _ = w.Write(answer.Body.Bytes())
}

// note keeps what a message says, if it was sent and is no repeat. h.mu is held.
func (h *imHost) note(body, answer []byte) {
	var done struct {
		ErrorCode int
		MsgSeq    uint64
	}
	var in struct {
		MsgPriority string
		From        string `json:"From_Account"`
		MsgBody     []struct{ MsgContent struct{ Data string } }
	}
	var said struct {
		Type string
		status.Record
	}
	err := errors.Join(json.Unmarshal(answer, &done), json.Unmarshal(body, &in))
	if err != nil || done.ErrorCode != 0 || h.seqs[done.MsgSeq] {
		return
	}
	h.seqs[done.MsgSeq] = true
	err = json.Unmarshal([]byte(in.MsgBody[0].MsgContent.Data), &said)
	if err != nil || said.Type != "live_status" || in.MsgPriority != "High" || in.From != "administrator" {
		h.t.Errorf("message %s", body)
	}
	h.sent = append(h.sent, said.Version)
}

// with does something while nobody calls.
func with[T any](h *imHost, do func() T) T {
	h.mu.Lock()
	defer h.mu.Unlock()
	return do()
}

func (h *imHost) told() []uint64  { return with(h, func() []uint64 { return slices.Clone(h.sent) }) }
func (h *imHost) calls() []string { return with(h, func() []string { return slices.Clone(h.log) }) }
func (h *imHost) forgetCalls()    { with(h, func() bool { h.log = nil; return true }) }

// expect checks that the group was told these versions, each once, and has the last.
func (h *imHost) expect(versions ...uint64) {
	h.t.Helper()
	if got := h.told(); !slices.Equal(got, versions) {
		h.t.Errorf("told %v, want %v", got, versions)
	}
	if got := h.attribute(); got.Version != versions[len(versions)-1] {
		h.t.Errorf("the attribute has version %d", got.Version)
	}
}

func (h *imHost) exists() bool {
	_, err := h.chat.Group(h.t.Context(), show.ID)
	return err == nil
}

func (h *imHost) group() chat.Group {
	h.t.Helper()
	g, err := h.chat.Group(h.t.Context(), show.ID)
	if err != nil {
		h.t.Fatal(err)
	}
	return g
}

func (h *imHost) field() string {
	h.t.Helper()
	fields, err := h.chat.Fields(h.t.Context(), show.ID)
	if err != nil {
		h.t.Fatal(err)
	}
	return fields["live_status"]
}

func (h *imHost) attribute() (r status.Record) {
	h.t.Helper()
	all, err := h.chat.Attributes(h.t.Context(), show.ID, nil)
	if err == nil {
		err = json.Unmarshal([]byte(all.All["live_status"]), &r)
	}
	if err != nil {
		h.t.Fatal(err)
	}
	return r
}

// make makes the group.
func (h *imHost) make() {
	h.t.Helper()
	if err := h.chat.Create(h.t.Context(), chat.Group{ID: show.ID, Room: show.ID, Name: "made here"}); err != nil {
		h.t.Fatal(err)
	}
}

// put gives the group another word of its status.
func (h *imHost) put(attribute string) {
	h.t.Helper()
	by := chat.Identity{User: chat.Administrator, Admin: true}
	change := chat.AttributeChange{Op: chat.SetAttribute, Set: map[string]string{"live_status": attribute, "other": "1"}}
	if _, err := h.chat.WriteAttributes(h.t.Context(), show.ID, by, change); err != nil {
		h.t.Fatal(err)
	}
}

// drop lets the group go.
func (h *imHost) drop() {
	h.t.Helper()
	if err := h.chat.Dismiss(h.t.Context(), show.ID); err != nil {
		h.t.Fatal(err)
	}
	with(h, func() bool { clear(h.seqs); return true })
}

// fail lets one call of a command fail: before it takes effect, or (lost) after.
func (h *imHost) fail(command string, lost bool) {
	with(h, func() bool { h.failing, h.lost = command, lost; return true })
}

// refuse lets the next call of a command be refused.
func (h *imHost) refuse(command string, code int) {
	with(h, func() bool { h.refusing[command] = code; return true })
}

func (h *imHost) dropMessages(n int) { with(h, func() bool { h.dropping = n; return true }) }

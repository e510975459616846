package client_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"sync"
	"testing"

	"liveroom/status"
	"liveroom/web/im/client"
)

// imHost is an IM host of few commands, whose answers can be lost or refused.
type imHost struct {
	t   *testing.T
	url string

	mu       sync.Mutex
	groups   map[string]*fakeGroup
	random   map[string]bool
	versions []uint64
	log      []string
	failing  string
	lost     bool
	refusing map[string][]int
	dropping int
}

type fakeGroup struct{ name, attribute, field string }

func newHost(t *testing.T) *imHost {
	t.Helper()
	h := &imHost{t: t, groups: map[string]*fakeGroup{}, random: map[string]bool{}, refusing: map[string][]int{}}
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	h.url = s.URL
	return h
}

func (h *imHost) client() *client.Client {
	return newClient(h.t, client.Config{BaseURL: h.url, Signer: signer})
}

func (h *imHost) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	command := path.Base(r.URL.Path)
	h.log = append(h.log, command)
	failing := h.failing == command
	if failing {
		h.failing = ""
		if !h.lost {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
	}
	if codes := h.refusing[command]; len(codes) > 0 {
		h.refusing[command] = codes[1:]
		_, _ = fmt.Fprintf(w, `{"ActionStatus":"FAIL","ErrorCode":%d,"ErrorInfo":"no"}`, codes[0])
		return
	}
	raw, _ := io.ReadAll(r.Body)
	var in struct {
		GroupID, Type, Name, MsgPriority string
		FromAccount                      string `json:"From_Account"`
		Random                           uint32
		MsgBody                          []struct {
			MsgType    string
			MsgContent struct{ Data string }
		}
		GroupAttr      []struct{ Key, Value string }
		AppDefinedData []struct{ Key, Value string }
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		h.t.Errorf("%s: %v\n%s", command, err, raw)
	}
	answer := `{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":""}`
	g := h.groups[in.GroupID]
	switch {
	case command == "create_group" && g == nil && in.Type == "AVChatRoom":
		h.groups[in.GroupID] = &fakeGroup{name: in.Name}
	case command == "create_group":
		answer = `{"ActionStatus":"FAIL","ErrorCode":10025,"ErrorInfo":"there"}`
	case g == nil:
		answer = `{"ActionStatus":"FAIL","ErrorCode":10010,"ErrorInfo":"gone"}`
	case command == "destroy_group":
		delete(h.groups, in.GroupID)
	case command == "get_group_attr":
		value, _ := json.Marshal(g.attribute)
		answer = fmt.Sprintf(`{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":"","GroupAttrAry":[{"key":"other","value":"1"},{"key":"live_status","value":%s}]}`, value)
	case command == "modify_group_attr":
		g.attribute = in.GroupAttr[0].Value
	case command == "modify_group_base_info":
		g.field = in.AppDefinedData[0].Value
	case command == "send_group_msg":
		if key := fmt.Sprint(in.Random, in.MsgBody); !h.random[key] {
			h.random[key] = true
			var said struct {
				Type string
				status.Record
			}
			_ = json.Unmarshal([]byte(in.MsgBody[0].MsgContent.Data), &said)
			if said.Type != "live_status" || in.MsgPriority != "High" || in.FromAccount != "administrator" {
				h.t.Errorf("message %s", raw)
			}
			if h.dropping > 0 {
				h.dropping--
				answer = `{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":"","MsgDropReason":"MsgFreqCtrl"}`
			} else {
				h.versions = append(h.versions, said.Version)
			}
		}
	default:
		h.t.Errorf("called %s", command)
	}
	if failing {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	_, _ = io.WriteString(w, answer)
}

// expect checks that the group was told these versions, each once, and has the last.
func (h *imHost) expect(versions ...uint64) {
	h.t.Helper()
	if got := h.told(); !slices.Equal(got, versions) {
		h.t.Errorf("told %v, want %v", got, versions)
	}
	if got := h.attribute(show.ID); got.Version != versions[len(versions)-1] {
		h.t.Errorf("the attribute has version %d", got.Version)
	}
}

// with does something while nobody calls.
func with[T any](h *imHost, do func() T) T {
	h.mu.Lock()
	defer h.mu.Unlock()
	return do()
}

func (h *imHost) told() []uint64  { return with(h, func() []uint64 { return slices.Clone(h.versions) }) }
func (h *imHost) calls() []string { return with(h, func() []string { return slices.Clone(h.log) }) }
func (h *imHost) forgetCalls()    { with(h, func() bool { h.log = nil; return true }) }

func (h *imHost) exists(group string) bool {
	return with(h, func() bool { return h.groups[group] != nil })
}

func (h *imHost) group(group string) fakeGroup {
	h.t.Helper()
	g := with(h, func() *fakeGroup { return h.groups[group] })
	if g == nil {
		h.t.Fatal("there is no such group")
	}
	return *g
}

func (h *imHost) name(group string) string  { return h.group(group).name }
func (h *imHost) field(group string) string { return h.group(group).field }

func (h *imHost) attribute(group string) (r status.Record) {
	h.t.Helper()
	if err := json.Unmarshal([]byte(h.group(group).attribute), &r); err != nil {
		h.t.Fatal(err)
	}
	return r
}

// put gives a group another word of its status.
func (h *imHost) put(group, attribute string) {
	with(h, func() bool {
		if h.groups[group] == nil {
			h.groups[group] = &fakeGroup{}
		}
		h.groups[group].attribute = attribute
		return true
	})
}

// drop lets a group go, with what it was told.
func (h *imHost) drop(group string) {
	with(h, func() bool { delete(h.groups, group); h.versions = nil; return true })
}

// fail lets one call of a command fail: before it takes effect, or (lost) after.
func (h *imHost) fail(command string, lost bool) {
	with(h, func() bool { h.failing, h.lost = command, lost; return true })
}

// refuse lets the next calls of a command be refused.
func (h *imHost) refuse(command string, code, times int) {
	with(h, func() bool { h.refusing[command] = slices.Repeat([]int{code}, times); return true })
}

func (h *imHost) dropMessages(n int) { with(h, func() bool { h.dropping = n; return true }) }

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"liveroom/chat/account"
	"liveroom/status"
	"liveroom/web/callback/delivery"
	"liveroom/web/im/client"
)

func TestWhatATryOfTheIMHostComesTo(t *testing.T) {
	refused := func(code int) error { return &client.Error{Command: "send_group_msg", Code: code, Info: "so it is"} }
	for _, c := range []struct {
		name string
		err  error
		want delivery.Outcome
	}{
		{"done", nil, delivery.Delivered},
		{"away", fmt.Errorf("%w: no connection", client.ErrUnreachable), delivery.Unwell},
		{"busy", refused(60007), delivery.Unwell},
		{"wrong key", refused(70009), delivery.Unwell},
		{"no administrator", refused(60010), delivery.Unwell},
		{"field not declared", refused(10004), delivery.Refused},
		{"dropped", client.ErrDropped, delivery.Failed},
	} {
		if got := triedIMHost(c.err); got.Outcome != c.want || (c.err == nil) != (got.Why == "") {
			t.Errorf("%s: %+v, want %s", c.name, got, c.want)
		}
	}
}

// imClient is a client of the node's own Tencent IM API.
func (n *node) imClient() *client.Client {
	n.t.Helper()
	c, err := client.New(client.Config{
		BaseURL: "http://" + n.http, Signer: account.Signer{AppID: n.secrets.SDKAppID, Key: n.secrets.AppSecret},
	})
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(c.Close)
	return c
}

// groupOn is what an IM host's own API says of a group.
type groupOn struct {
	ErrorCode      int
	AppDefinedData []struct{ Key, Value string }
}

func (n *node) groupOn(im *client.Client, group string) groupOn {
	n.t.Helper()
	var got struct{ GroupInfo []groupOn }
	err := im.Call(n.t.Context(), "group_open_http_svc", "get_group_info", map[string]any{"GroupIdList": []string{group}}, &got)
	if err != nil || len(got.GroupInfo) != 1 {
		n.t.Fatalf("%+v, %v", got, err)
	}
	return got.GroupInfo[0]
}

// of are the versions of one epoch that a member was told in High messages, in the order they came.
func (m *member) of(epoch string) (versions []uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, msg := range append(slices.Clone(m.joined.Messages), m.messages...) {
		if r, ok := statusIn(msg); ok && r.Epoch == epoch && msg.Priority == "High" {
			versions = append(versions, r.Version)
		}
	}
	return versions
}

// toldElsewhere waits until an IM host has a status as attribute and field, then looks at the messages of its group.
func toldElsewhere(host *node, r status.Record) {
	host.t.Helper()
	im := host.imClient()
	host.eventually(fmt.Sprintf("the host has version %d", r.Version), func() bool {
		var got struct{ GroupAttrAry []struct{ Key, Value string } }
		err := im.Call(host.t.Context(), "group_open_attr_http_svc", "get_group_attr", map[string]any{"GroupId": r.Room}, &got)
		if err != nil || len(got.GroupAttrAry) != 1 {
			return false
		}
		var there status.Record
		return json.Unmarshal([]byte(got.GroupAttrAry[0].Value), &there) == nil && there.Epoch == r.Epoch && there.Version == r.Version
	})
	short, err := r.Short()
	if g := host.groupOn(im, r.Room); err != nil || len(g.AppDefinedData) != 1 || g.AppDefinedData[0].Value != string(short) {
		host.t.Errorf("field %+v, want %s", g.AppDefinedData, short)
	}
	m := host.enter(r.Room, "walt", host.userSig("walt"), nil)
	defer m.leave()
	var want []uint64
	for v := range r.Version {
		want = append(want, v+1)
	}
	if got := m.of(r.Epoch); !slices.Equal(got, want) {
		host.t.Errorf("told the versions %v, want 1 to %d in order", got, r.Version)
	}
}

// teller is a node that tells its statuses to another IM host, and takes key for that of its application there.
func teller(host *node, key string) *node {
	host.t.Helper()
	return startNodeIn(host.t, keysOf(host, key), "--im-host=http://"+host.http)
}

func keysOf(host *node, key string) []string {
	return []string{fmt.Sprint("LIVEROOM_IM_APP_ID=", host.secrets.SDKAppID), "LIVEROOM_IM_SECRET=" + key}
}

// TestStatusesAreToldToAnotherIMHost: a room's push, loss, pause and end, with the other host away in between and a restart
// while it is.
func TestStatusesAreToldToAnotherIMHost(t *testing.T) {
	t.Parallel()
	host := startNode(t, "--chat-history=100")
	n := teller(host, host.secrets.AppSecret)
	n.createRoom(map[string]any{"id": "show", "title": "A show", "anchor": "alice"})
	inside := n.enter("show", "bob", n.userSig("bob"), nil)

	pushing := push(t, n.addresses("show").Push.RTMP)
	toldElsewhere(host, n.waitStatus("show", status.Live))

	host.stop()
	pushing.kill()
	inside.waitVersion(n.waitStatus("show", status.Paused).Version) // here nobody waits for the other host
	drive := func(act string) status.Record {
		t.Helper()
		var r status.Record
		n.call(http.MethodPost, "/api/v1/rooms/show/"+act, map[string]any{}, &r)
		return r
	}
	inside.waitVersion(drive("end").Version)
	n.stop()
	n.start()
	drive("reopen")
	last := drive("end")
	host.start()
	toldElsewhere(host, last)

	n.call(http.MethodDelete, "/api/v1/rooms/show", nil, nil)
	im := host.imClient()
	host.eventually("the group of a deleted room is dissolved", func() bool { return host.groupOn(im, "show").ErrorCode == 10010 })
}

// TestWhatAnIMHostRefusesIsADeadLetter: an operator reads why, puts it right, and has it told again.
func TestWhatAnIMHostRefusesIsADeadLetter(t *testing.T) {
	t.Parallel()
	host := startNode(t, "--chat-words-admins=on", "--chat-history=100")
	host.call(http.MethodPost, "/api/v1/words", map[string]any{"words": []map[string]any{{"word": "raffle"}}}, nil)
	n := teller(host, host.secrets.AppSecret)
	n.createRoom(map[string]any{"id": "show", "title": "A raffle", "anchor": "alice"})

	const dead = "/api/v1/callbacks/" + imHostEndpoint + "/dead"
	n.eventually("the status is a dead letter", func() bool {
		var got struct{ Letters []struct{ Event, Why string } }
		n.call(http.MethodGet, dead, nil, &got)
		return len(got.Letters) == 1 && got.Letters[0].Event == "live_status" &&
			strings.Contains(got.Letters[0].Why, "create_group") && strings.Contains(got.Letters[0].Why, "80001")
	})
	host.call(http.MethodDelete, "/api/v1/words/raffle", nil, nil)
	n.call(http.MethodPost, dead+"/replay", map[string]any{}, nil)
	toldElsewhere(host, n.status("show"))
}

// TestStatusesWaitForAKeyThatFits: a host that wants nothing from this application is not refusing a status.
func TestStatusesWaitForAKeyThatFits(t *testing.T) {
	t.Parallel()
	host := startNode(t, "--chat-history=100")
	n := teller(host, "the key of another application")
	n.createRoom(map[string]any{"id": "show", "title": "A show", "anchor": "alice"})
	n.eventually("the host has refused it", func() bool {
		var got struct {
			Deliveries []struct{ Outcome, Why string }
		}
		n.call(http.MethodGet, "/api/v1/callbacks/"+imHostEndpoint+"/deliveries", nil, &got)
		return len(got.Deliveries) > 0 && got.Deliveries[0].Outcome == "unwell" && strings.Contains(got.Deliveries[0].Why, "70009")
	})
	n.stop()
	n.env = keysOf(host, host.secrets.AppSecret)
	n.start()
	toldElsewhere(host, n.status("show"))
}

package im_test

import (
	"net/http"
	"strings"
	"testing"

	"liveroom/chat"
)

// TestActsNameWhoCalled: the audit log has the administrator of the call, the door and the address, not the server.
func TestActsNameWhoCalled(t *testing.T) {
	d := newDoor(t, nil)
	d.people("host", "u1")
	query := "sdkappid=1400000000&identifier=root&usersig=" + sign(t, "root")
	for _, c := range []struct{ action, command, body string }{
		{"create", "group_open_http_svc/create_group", `{"Type":"AVChatRoom","Name":"r","GroupId":"live_1","Owner_Account":"host"}`},
		{"group", "group_open_http_svc/modify_group_base_info", `{"GroupId":"live_1","Name":"s"}`},
		{"settings", "group_open_http_svc/modify_group_base_info", `{"GroupId":"live_1","ShutUpAllMember":"On"}`},
		{"mute", "group_open_http_svc/forbid_send_msg", `{"GroupId":"live_1","Members_Account":["u1"],"MuteTime":60}`},
		{"unmute", "group_open_http_svc/forbid_send_msg", `{"GroupId":"live_1","Members_Account":["u1"],"MuteTime":0}`},
		{"ban", "group_open_http_svc/ban_group_member", `{"GroupId":"live_1","Members_Account":["u1"],"Duration":60}`},
		{"unban", "group_open_http_svc/unban_group_member", `{"GroupId":"live_1","Members_Account":["u1"]}`},
		{"role", "group_open_avchatroom_http_svc/modify_admin", `{"GroupId":"live_1","CommandType":1,"Admin_Account":["u1"]}`},
		{"notification", "group_open_http_svc/send_group_system_notification", `{"GroupId":"live_1","Content":"x"}`},
		{"", "group_open_http_svc/send_group_msg", message(1, "x")},
		{"recall", "group_open_http_svc/group_msg_recall", `{"GroupId":"live_1","MsgSeqList":[{"MsgSeq":1}]}`},
		{"dismiss", "group_open_http_svc/destroy_group", `{"GroupId":"live_1"}`},
	} {
		d.journal.take()
		if a := d.send(http.MethodPost, "/v4/"+c.command, query, c.body); a.code() != 0 {
			t.Fatalf("%s: %v", c.command, a)
		}
		acts := d.journal.take()
		if c.action == "" {
			if len(acts) != 0 {
				t.Errorf("%s: recorded %+v", c.command, acts)
			}
			continue
		}
		if len(acts) != 1 || acts[0].Action != c.action || acts[0].Group != "live_1" {
			t.Errorf("%s: recorded %+v, want one %s", c.command, acts, c.action)
			continue
		}
		if by := acts[0].By; by.User != "root" || by.Platform != chat.PlatformREST || !strings.HasPrefix(by.Network().String(), "192.0.2.7/") {
			t.Errorf("%s: by %+v", c.command, by)
		}
	}
}

// take returns what was recorded since.
func (j *journal) take() []chat.Act {
	j.mu.Lock()
	defer j.mu.Unlock()
	acts := j.acts
	j.acts = nil
	return acts
}

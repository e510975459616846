package im_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"liveroom/chat"
)

// TestFactsNameWhoCalled: what callbacks tell of a command is what it did, once, and who did it: the administrator of the
// call, on the REST API (spec im-callbacks §1).
func TestFactsNameWhoCalled(t *testing.T) {
	d := newDoor(t, nil)
	d.people("host", "u1", "u2")
	query := "sdkappid=1400000000&identifier=root&usersig=" + sign(t, "root")
	for _, c := range []struct{ command, body, facts string }{
		{"create_group", `{"Type":"AVChatRoom","Name":"r","GroupId":"live_1","Owner_Account":"host","Introduction":"i","AppDefinedData":[{"Key":"a","Value":"1"}]}`, "made r of host"},
		{"modify_group_base_info", `{"GroupId":"live_1","Name":"s","Introduction":"j","FaceUrl":"f"}`, "name s, introduction j, avatar f"},
		{"modify_group_base_info", `{"GroupId":"live_1","AppDefinedData":[{"Key":"a","Value":"2"}]}`, ""},
		{"set_group_attr", `{"GroupId":"live_1","GroupAttr":[{"key":"a","value":"1"}]}`, "attributes 2 map[a:1] []"},
		{"modify_group_attr", `{"GroupId":"live_1","GroupAttr":[{"key":"b","value":"2"}]}`, "attributes 1 map[b:2] []"},
		{"delete_group_attr", `{"GroupId":"live_1","GroupAttr":[{"key":"a"}]}`, "attributes 3 map[] [a]"},
		{"clear_group_attr", `{"GroupId":"live_1"}`, "attributes 4 map[] [b]"},
		{"group_open_avchatroom_http_svc/modify_admin", `{"GroupId":"live_1","CommandType":1,"Admin_Account":["u1","u2"]}`, "u1 is Admin, u2 is Admin"},
		{"send_group_msg", message(1, "x", `"From_Account":"u1"`), "sent 1 of u1"},
		{"group_msg_recall", `{"GroupId":"live_1","MsgSeqList":[{"MsgSeq":1}]}`, "withdrew [1] recalled"},
		{"forbid_send_msg", `{"GroupId":"live_1","Members_Account":["u2"],"MuteTime":60}`, ""},
		{"send_group_system_notification", `{"GroupId":"live_1","Content":"x"}`, ""},
		{"destroy_group", `{"GroupId":"live_1"}`, "gone s"},
	} {
		d.witness.take()
		path := c.command
		if !strings.Contains(path, "/") {
			path = "group_open_http_svc/" + path
		}
		if a := d.send(http.MethodPost, "/v4/"+path, query, c.body); a.code() != 0 {
			t.Fatalf("%s: %v", c.command, a)
		}
		var told []string
		for _, f := range d.witness.take() {
			told = append(told, inWords(f))
			if o := f.Occasioned(); o.By.User != "root" || o.By.Platform != chat.PlatformREST || o.Group != "live_1" {
				t.Errorf("%s: %T names %+v", c.command, f, o)
			}
		}
		if got := strings.Join(told, ", "); got != c.facts {
			t.Errorf("%s: told %q, want %q", c.command, got, c.facts)
		}
	}
}

// take returns what was told since.
func (w *witness) take() []chat.Fact {
	w.mu.Lock()
	defer w.mu.Unlock()
	told := w.told
	w.told = nil
	return told
}

// inWords is a fact in short.
func inWords(f chat.Fact) string {
	switch f := f.(type) {
	case chat.GroupMade:
		return "made " + f.Made.Name + " of " + f.Made.Owner
	case chat.GroupGone:
		return "gone " + f.Was.Name
	case chat.GroupChanged:
		var changed []string
		for _, c := range []struct {
			name  string
			value *string
		}{{"name", f.Name}, {"introduction", f.Introduction}, {"notice", f.Notice}, {"avatar", f.Avatar}} {
			if c.value != nil {
				changed = append(changed, c.name+" "+*c.value)
			}
		}
		return strings.Join(changed, ", ")
	case chat.AttributesWritten:
		return fmt.Sprint("attributes ", f.Op, " ", f.Set, " ", f.Keys)
	case chat.RoleChanged:
		return f.User + " is " + string(f.Role)
	case chat.Sent:
		return fmt.Sprint("sent ", f.M.Seq, " of ", f.M.From)
	case chat.Withdrew:
		return fmt.Sprint("withdrew ", f.Seqs, " ", f.Kind)
	default:
		return fmt.Sprintf("%T", f)
	}
}

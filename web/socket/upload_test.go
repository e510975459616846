package socket_test

import (
	"strings"
	"testing"

	"liveroom/chat"
	"liveroom/chat/file"
	"liveroom/web/socket"
)

// TestMembersGetAddressesForFiles: in the form the SDK reads, and only those who may upload.
func TestMembersGetAddressesForFiles(t *testing.T) {
	d := open(t, socket.Config{}, nil)
	alice := d.member("alice")
	upload := func(group, kind string, size any) object {
		return object{"op": "upload", "group": group, "kind": kind, "name": "cat.PNG", "size": size, "type": "image/png"}
	}
	a := alice.ok(upload("demo", "image", 1000))
	if !file.ValidID(a.FileID) || !strings.HasPrefix(a.Put.URL, "http://h/files/"+a.FileID+"?token=") ||
		!strings.HasPrefix(a.URL, "http://h/files/"+a.FileID+"/image.png?sig=") || a.Put.Headers["Content-Type"] != "application/octet-stream" {
		t.Errorf("%+v", a)
	}
	if b := alice.ok(upload("demo", "image", 1000)); b.FileID == a.FileID || b.URL == a.URL {
		t.Error("two files have one address")
	}
	toOne := upload("", "file", 1000)
	delete(toOne, "group")
	alice.ok(toOne)

	refused := func(c *client, o object, code int, name, field string) {
		t.Helper()
		if a := c.ask(o); a.Code != code || a.Error != name || a.Field != field || a.Put.URL != "" {
			t.Errorf("%v: %+v", o, a)
		}
	}
	refused(alice, upload("demo", "svg", 1000), 10004, "bad_parameter", "kind")
	refused(alice, upload("demo", "image", 0), 10004, "bad_parameter", "size")
	refused(alice, upload("demo", "image", "1000"), 10004, "bad_parameter", "size")
	refused(alice, upload("demo", "image", 1.5), 10004, "bad_parameter", "size")
	refused(alice, upload("demo", "image", 20<<20+1), 80002, "file_too_large", "size")
	refused(alice, upload("nowhere", "image", 1000), 10010, "no_such_group", "")
	refused(alice, upload("tea\x00", "image", 1000), 10015, "bad_group_id", "group")
	refused(d.guest(), upload("demo", "image", 1000), 10007, "no_permission", "")
	refused(d.guest(), toOne, 10007, "no_permission", "")
	d.group("tea", "olga")
	refused(alice, upload("tea", "image", 1000), 10007, "no_permission", "group")
	refused(d.dial(), upload("demo", "image", 1000), 10001, "not_authenticated", "")

	admin := chat.Identity{User: chat.Administrator, Admin: true}
	if _, err := d.chat.Mute(t.Context(), "demo", admin, "alice", chat.Forever, ""); err != nil {
		t.Fatal(err)
	}
	refused(alice, upload("demo", "image", 1000), 10017, "muted", "")
}

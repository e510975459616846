package im_test

import "testing"

func TestAccountsAreImported(t *testing.T) {
	d := newDoor(t, nil)
	d.must("im_open_login_svc/account_import", `{"UserID":"ann","Nick":"Ann","FaceUrl":"https://x/a.png"}`)
	d.must("im_open_login_svc/account_import", `{"Identifier":"bob"}`)
	d.must("im_open_login_svc/account_import", `{"UserID":"ann","Nick":"Anna"}`)
	a, err := d.accounts.Account(t.Context(), "ann")
	if err != nil || a.Nick != "Anna" || a.Avatar != "https://x/a.png" {
		t.Errorf("%+v, %v", a, err)
	}
	if len(d.journal.acts) != 3 || d.journal.acts[1].Target != "bob" || d.journal.acts[1].By.User != "administrator" {
		t.Errorf("journal: %+v", d.journal.acts)
	}
	d.refused("im_open_login_svc/account_import", `{}`, 70402, "UserID")
	d.refused("im_open_login_svc/account_import", `{"UserID":123}`, 60015, "UserID")
	d.refused("im_open_login_svc/account_import", `{"UserID":"a b"}`, 70402, "")
	d.refused("im_open_login_svc/account_import", `{"userid":"ann"}`, 70402, "UserID")
	d.refused("im_open_login_svc/account_import", `{"UserID":"ann"`, 60003, "JSON")
	d.refused("im_open_login_svc/account_import", `{"UserID":"ann","FaceUrl":7}`, 70402, "FaceUrl")
	d.refused("im_open_login_svc/nothing", `{}`, 60009, "")
}

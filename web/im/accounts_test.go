package im_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"liveroom/chat"
	"liveroom/chat/account"
	"liveroom/web/im"
)

const accountService = "im_open_login_svc/"

func TestAccountsAreImported(t *testing.T) {
	d := newDoor(t, nil)
	d.must(accountService+"account_import", `{"UserID":"ann","Nick":"Ann","FaceUrl":"https://x/a.png"}`)
	d.must(accountService+"account_import", `{"Identifier":"bob"}`)
	d.must(accountService+"account_import", `{"UserID":"ann","Nick":"Anna"}`)
	a, err := d.accounts.Account(t.Context(), "ann")
	if err != nil || a.Nick != "Anna" || a.Avatar != "https://x/a.png" {
		t.Errorf("%+v, %v", a, err)
	}
	if len(d.journal.acts) != 3 || d.journal.acts[1].Target != "bob" || d.journal.acts[1].By.User != "administrator" {
		t.Errorf("journal: %+v", d.journal.acts)
	}
	for many, failed := range map[string][]any{
		`{"Accounts":["a1","a2","no body","guest_1"]}`:                                           {"no body", "guest_1"},
		`{"AccountList":[{"UserID":"a3","Nick":"A"},{"UserID":"a4","Nick":"administrator"},{}]}`: {"a4", ""},
	} {
		if out := d.must(accountService+"multiaccount_import", many); !reflect.DeepEqual(out["FailAccounts"], failed) {
			t.Errorf("%s: %v", many, out)
		}
	}
	out := d.must(accountService+"account_check", `{"CheckItem":[{"UserID":"a1"},{"UserID":"a2"},{"UserID":"a3"},{"UserID":"a4"},{"UserID":"guest_1"}]}`)
	if got := pick(out["ResultItem"], "AccountStatus"); got != "Imported Imported Imported NotImported NotImported" {
		t.Errorf("%v", out)
	}
	if out := d.must(accountService+"multiaccount_import", `{"Accounts":["a5"]}`); !reflect.DeepEqual(out["FailAccounts"], []any{}) {
		t.Errorf("none failed: %v", out)
	}
}

// TestWhatWasImportedBeforeTheStoreFailedIsInTheLog: the call is answered as the store's fault, and yet it did something.
func TestWhatWasImportedBeforeTheStoreFailedIsInTheLog(t *testing.T) {
	d := newDoor(t, nil)
	d.Server = newServer(t, d, failingImports{d.accounts, "a2"})
	d.refused(accountService+"multiaccount_import", `{"Accounts":["a1","a2","no body"]}`, 70500, "")
	if acts := d.journal.take(); len(acts) != 1 || acts[0].Action != "account_import" || acts[0].Detail["accounts"] != "1" {
		t.Errorf("journal: %+v", acts)
	}
	d.Server = newServer(t, d, failingImports{d.accounts, "a1"})
	d.refused(accountService+"multiaccount_import", `{"Accounts":["a1"]}`, 70500, "")
	d.must(accountService+"multiaccount_import", `{"Accounts":["no body"]}`)
	if acts := d.journal.take(); len(acts) != 0 {
		t.Errorf("nobody was imported, and the journal has %+v", acts)
	}
}

// failingImports fails where one account is imported.
type failingImports struct {
	im.Accounts
	of string
}

func (f failingImports) ImportProfile(ctx context.Context, user string, p account.Patch) (account.Account, bool, error) {
	if user == f.of {
		return account.Account{}, false, errors.New("the disk is gone")
	}
	return f.Accounts.ImportProfile(ctx, user, p)
}

// newServer is a door like d's that has other accounts behind it.
func newServer(t *testing.T, d *door, accounts im.Accounts) *im.Server {
	t.Helper()
	s, err := im.New(im.Config{AppID: appID}, im.Deps{Accounts: accounts, Chat: d.chat, Journal: d.journal, Failures: d.failures}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// pick joins one field of each object of a list.
func pick(list any, field string) string {
	var words []string
	all, _ := list.([]any)
	for _, one := range all {
		fields, _ := one.(map[string]any)
		words = append(words, fmt.Sprint(fields[field]))
	}
	return strings.Join(words, " ")
}

func TestAccountsAreDeleted(t *testing.T) {
	d := newDoor(t, nil)
	d.must(accountService+"account_import", `{"UserID":"ann"}`)
	sess := d.signIn("ann", "Web")
	out := d.must(accountService+"account_delete", `{"DeleteItem":[{"UserID":"ann"},{"UserID":"bob"}]}`)
	if got := pick(out["ResultItem"], "ResultCode"); got != "0 70107" {
		t.Errorf("%v", out)
	}
	if sess.closed.Reason != chat.CloseKicked {
		t.Errorf("the connection: %+v", sess.closed)
	}
	if len(d.journal.acts) != 2 || d.journal.acts[1].Action != "account_delete" {
		t.Errorf("journal: %+v", d.journal.acts)
	}
	before := d.journal.settles
	d.must(accountService+"account_delete", `{"DeleteItem":[{"UserID":"ann"},{"UserID":"bob"}]}`)
	if d.journal.settles != before {
		t.Error("nothing was done, and it waits until that is kept")
	}
}

func TestAccountsAreKicked(t *testing.T) {
	d := newDoor(t, nil)
	for i, body := range []string{`{"UserID":"ann"}`, `{"Identifier":"ann"}`} {
		d.must(accountService+"account_import", body)
		sess := d.signIn("ann", "Web")
		d.must(accountService+"kick", body)
		if a, _ := d.accounts.Account(t.Context(), "ann"); a.NotBefore.IsZero() || sess.closed.Type != chat.KickedByREST {
			t.Errorf("%d: UserSigs from %s on, connection %+v", i, a.NotBefore, sess.closed)
		}
	}
	d.refused(accountService+"kick", `{"UserID":"nobody"}`, 70107, "UserID")
}

func TestWhatIsWrongWithCallsAboutAccounts(t *testing.T) {
	d := newDoor(t, nil)
	many := `"u"` + strings.Repeat(`,"u"`, 100)
	items := strings.ReplaceAll(many, `"u"`, `{"UserID":"u"}`)
	for _, c := range []struct {
		command, body string
		code          int
		words         string
	}{
		{"account_import", `{}`, 70402, "UserID"},
		{"account_import", `{"UserID":123}`, 60015, "UserID"},
		{"account_import", `{"UserID":"a b"}`, 70402, "UserID"},
		{"account_import", `{"UserID":"` + strings.Repeat("u", 33) + `"}`, 70402, "UserID"},
		{"account_import", `{"userid":"ann"}`, 70402, "UserID"},
		{"account_import", `{"UserID":"ann"`, 60003, "JSON"},
		{"account_import", `{"UserID":"ann","FaceUrl":7}`, 70402, "FaceUrl"},
		{"account_import", `{"UserID":"ann","Nick":"` + strings.Repeat("n", 501) + `"}`, 40601, "Nick"},
		{"account_import", `{"UserID":"ann","Nick":"administrator"}`, 40005, "Nick"},
		{"multiaccount_import", `{}`, 70206, "AccountList"},
		{"multiaccount_import", `{"Accounts":[1]}`, 60015, "Accounts[0]"},
		{"multiaccount_import", `{"Accounts":[` + many + `]}`, 70206, "100"},
		{"multiaccount_import", `{"AccountList":[{"UserID":"ann"},{"UserID":7}]}`, 60015, "AccountList[1].UserID"},
		{"account_delete", `{}`, 70206, "DeleteItem"},
		{"account_delete", `{"DeleteItem":{}}`, 70402, "DeleteItem"},
		{"account_delete", `{"DeleteItem":[{"UserID":7}]}`, 60015, "DeleteItem[0].UserID"},
		{"account_delete", `{"DeleteItem":[` + items + `]}`, 70206, "100"},
		{"account_check", `{"CheckItem":[]}`, 70206, "CheckItem"},
		{"account_check", `{"CheckItem":["ann"]}`, 70402, "CheckItem[0]"},
		{"account_check", `{"CheckItem":[` + items + `]}`, 70206, "100"},
		{"kick", `{}`, 70402, "UserID"},
		{"kick", `{"UserID":null}`, 70402, "UserID"},
		{"kick", `{"UserID":true}`, 60015, "UserID"},
		{"nothing", `{}`, 60009, ""},
	} {
		d.refused(accountService+c.command, c.body, c.code, c.words)
	}
}

package file

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

var testKey = []byte("a key of the tests, long enough")

func testAddresses(t testing.TB, base string) addresses {
	t.Helper()
	a, err := newAddresses(base, testKey)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func parsed(t testing.TB, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestAddressesMadeAreAccepted(t *testing.T) {
	a := testAddresses(t, "https://example.com/live/")
	now := time.Unix(1_790_000_000, 0)
	want := ticket{ID: NewID(), Group: "demo", User: "alice", Kind: Image, Name: "照片.png", Size: 20 << 20, Expires: now.Unix()}
	raw, err := a.upload(want)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(raw, "https://example.com/live/files/"+want.ID+"?token=") || len(raw) > 1024 {
		t.Errorf("upload address %s", raw)
	}
	u := parsed(t, raw)
	id, name, ok := ParsePath(strings.TrimPrefix(u.Path, "/live"))
	if !ok || id != want.ID || name != "" {
		t.Errorf("parsed %q, %q, %v", id, name, ok)
	}
	if got, err := a.ticket(id, u.Query().Get("token"), now); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := a.ticket(id, u.Query().Get("token"), now.Add(time.Second)); err != ErrExpired {
		t.Errorf("a second late: %v", err)
	}

	u = parsed(t, a.file(want.ID, "image.png"))
	if id, name, ok := ParsePath(strings.TrimPrefix(u.Path, "/live")); !ok || id != want.ID || name != "image.png" || !a.signed(id, name, u.Query().Get("sig")) {
		t.Errorf("file address %s", u)
	}
}

func TestOtherAddressesAreRefused(t *testing.T) {
	a := testAddresses(t, "https://h")
	now := time.Unix(1_790_000_000, 0)
	mine := ticket{ID: NewID(), User: "alice", Kind: Other, Name: "x", Size: 1, Expires: now.Unix() + 60}
	raw, _ := a.upload(mine)
	token := parsed(t, raw).Query().Get("token")
	other, err := newAddresses("https://h", []byte("another key of the tests"))
	if err != nil {
		t.Fatal(err)
	}
	foreign, _ := other.upload(mine)
	swapped := "A" + token[1:]
	if token[0] == 'A' {
		swapped = "B" + token[1:]
	}
	for name, c := range map[string]struct{ id, token string }{
		"another id":         {NewID(), token},
		"no token":           {mine.ID, ""},
		"another key":        {mine.ID, parsed(t, foreign).Query().Get("token")},
		"a letter changed":   {mine.ID, swapped},
		"the last cut off":   {mine.ID, token[:len(token)-1]},
		"something added":    {mine.ID, token + "AAAA"},
		"no base64":          {mine.ID, "%%%"},
		"far too long":       {mine.ID, strings.Repeat("A", 1<<20)},
		"a file's signature": {mine.ID, a.sig(mine.ID, "file")},
	} {
		if _, err := a.ticket(c.id, c.token, now); err != ErrSignature {
			t.Errorf("%s: %v", name, err)
		}
	}
	sig := a.sig(mine.ID, "file")
	for name, c := range map[string]struct{ id, name, sig string }{
		"another id":   {NewID(), "file", sig},
		"another name": {mine.ID, "file.html", sig},
		"none":         {mine.ID, "file", ""},
		"cut":          {mine.ID, "file", sig[:21]},
		"longer":       {mine.ID, "file", sig + "A"},
		"another key":  {mine.ID, "file", other.sig(mine.ID, "file")},
	} {
		if a.signed(c.id, c.name, c.sig) {
			t.Errorf("%s: accepted", name)
		}
	}
}

func FuzzPath(f *testing.F) {
	id := NewID()
	for _, seed := range []string{"/files/" + id, "/files/" + id + "/image.png", "/files/../../etc/passwd", "/files/" + id + "/../x", "/files//", "/files/" + id + "/"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		id, name, ok := ParsePath(path)
		if !ok {
			return
		}
		if !ValidID(id) || strings.ContainsAny(id+name, "/\\%\x00 ") || strings.Contains(name, "..") {
			t.Fatalf("%q is %q and %q", path, id, name)
		}
		whole := "/files/" + id
		if name != "" {
			whole += "/" + name
		}
		if whole != path {
			t.Fatalf("%q is %q", path, whole)
		}
	})
}

func FuzzToken(f *testing.F) {
	a := testAddresses(f, "https://h")
	now := time.Unix(1_790_000_000, 0)
	mine := ticket{ID: NewID(), User: "alice", Kind: Other, Name: "x", Size: 1, Expires: now.Unix() + 60}
	raw, _ := a.upload(mine)
	good := parsed(f, raw).Query().Get("token")
	f.Add(good)
	f.Add("")
	f.Add(good[:50])
	f.Fuzz(func(t *testing.T, token string) {
		if _, err := a.ticket(mine.ID, token, now); (err == nil) != (token == good) {
			t.Fatalf("%q: %v", token, err)
		}
	})
}

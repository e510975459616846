package file_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
	"liveroom/chat/file"
)

func TestAFileIsTakenInAndGivenOut(t *testing.T) {
	b := start(t, nil)
	content := picture(t)
	g := b.grant(alice, "demo", file.Image, len(content))
	b.is("before the upload", g, nil, file.ErrNotFound)
	f, err := b.Put(t.Context(), upload(t, g, content))
	if err != nil {
		t.Fatal(err)
	}
	want := file.Info{ID: g.ID, Group: "demo", User: "alice", Kind: file.Image, Name: "cat.png", Type: "image/png", Size: int64(len(content)), CreatedAt: f.CreatedAt}
	if f != want {
		t.Errorf("%+v, want %+v", f, want)
	}
	if !strings.HasPrefix(g.URL, "http://h/files/"+g.ID+"/image.png?sig=") {
		t.Errorf("address %s", g.URL)
	}
	b.is("after it", g, content, nil)
	b.is("and again", g, content, nil)
	if _, err := b.Put(t.Context(), upload(t, g, picture(t))); !errors.Is(err, file.ErrUsed) {
		t.Errorf("a second upload: %v", err)
	}
	b.is("after a second try", g, content, nil)
	b.kept(1)
	if n := b.outcome(file.Image, "stored"); n != 1 {
		t.Errorf("%d stored", n)
	}
}

func TestWhoAndWhatIsNotGranted(t *testing.T) {
	b := start(t, nil)
	draft := func(change func(*file.Draft)) file.Draft {
		d := file.Draft{Group: "demo", Kind: file.Image, Name: "x.png", Size: 1000}
		change(&d)
		return d
	}
	same := func(*file.Draft) {}
	toOne := func(d *file.Draft) { d.Group = "" }
	for _, tc := range []struct {
		name  string
		who   chat.Identity
		draft file.Draft
		want  error
		field string
	}{
		{"good", alice, draft(same), nil, ""},
		{"to one user", alice, draft(toOne), nil, ""},
		{"a guest to one user", chat.Identity{User: "guest_1", Guest: true}, draft(toOne), chat.ErrPermission, ""},
		{"an anonymous guest to one user", chat.Identity{User: "anon_1", Anonymous: true}, draft(toOne), chat.ErrPermission, ""},
		{"nobody to one user", chat.Identity{}, draft(toOne), chat.ErrPermission, ""},
		{"no kind", alice, draft(func(d *file.Draft) { d.Kind = "" }), file.ErrParameter, "kind"},
		{"another kind", alice, draft(func(d *file.Draft) { d.Kind = "svg" }), file.ErrParameter, "kind"},
		{"no size", alice, draft(func(d *file.Draft) { d.Size = 0 }), file.ErrParameter, "size"},
		{"a negative size", alice, draft(func(d *file.Draft) { d.Size = -1 }), file.ErrParameter, "size"},
		{"the largest picture", alice, draft(func(d *file.Draft) { d.Size = 20 << 20 }), nil, ""},
		{"a larger picture", alice, draft(func(d *file.Draft) { d.Size = 20<<20 + 1 }), file.ErrTooLarge, "size"},
		{"a larger sound", alice, draft(func(d *file.Draft) { d.Kind, d.Size = file.Sound, 28<<20+1 }), file.ErrTooLarge, "size"},
		{"the largest video", alice, draft(func(d *file.Draft) { d.Kind, d.Size = file.Video, 100<<20 }), nil, ""},
		{"a larger file", alice, draft(func(d *file.Draft) { d.Kind, d.Size = file.Other, 100<<20+1 }), file.ErrTooLarge, "size"},
		{"a name that is no text", alice, draft(func(d *file.Draft) { d.Name = "\xff" }), file.ErrParameter, "name"},
		{"a name far too long", alice, draft(func(d *file.Draft) { d.Name = strings.Repeat("x", 1025) }), file.ErrParameter, "name"},
	} {
		_, err := b.Grant(t.Context(), tc.who, tc.draft)
		var refused *chat.Error
		if !errors.Is(err, tc.want) || errors.As(err, &refused) && (refused.Field != tc.field || refused.Detail == "") {
			t.Errorf("%s: %v, want %v of %q", tc.name, err, tc.want, tc.field)
		}
	}
	b.rooms.set(func(r *rooms) { r.may = chat.ErrMuted })
	if _, err := b.Grant(t.Context(), alice, draft(same)); !errors.Is(err, chat.ErrMuted) {
		t.Errorf("muted: %v", err)
	}
	off := start(t, func(c *file.Config) { c.Quota = -1 })
	if _, err := off.Grant(t.Context(), alice, draft(same)); !errors.Is(err, file.ErrOff) {
		t.Errorf("uploads off: %v", err)
	}
}

// failing breaks off after some bytes.
type failing struct {
	r   io.Reader
	err error
}

func (f failing) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if err == io.EOF {
		err = f.err
	}
	return n, err
}

// TestBadUploads: each is told apart, leaves nothing behind, and leaves the address good for another try.
func TestBadUploads(t *testing.T) {
	b := start(t, nil)
	content := picture(t)
	html := append([]byte("<!DOCTYPE html><script>alert(1)</script>"), content[40:]...)
	for _, tc := range []struct {
		name    string
		change  func(*file.Upload)
		want    error
		outcome string
	}{
		{"no length", func(u *file.Upload) { u.Length = -1 }, file.ErrLength, "wrong_size"},
		{"longer", func(u *file.Upload) { u.Length++ }, file.ErrLonger, "wrong_size"},
		{"shorter", func(u *file.Upload) { u.Length-- }, file.ErrShorter, "wrong_size"},
		{"longer than it says", func(u *file.Upload) { u.Body = io.MultiReader(u.Body, strings.NewReader("x")) }, file.ErrLonger, "wrong_size"},
		{"shorter than it says", func(u *file.Upload) { u.Body = bytes.NewReader(content[:len(content)-1]) }, file.ErrBroken, "broken_off"},
		{"nothing", func(u *file.Upload) { u.Body = strings.NewReader("") }, file.ErrBroken, "broken_off"},
		{"broken off at once", func(u *file.Upload) { u.Body = failing{bytes.NewReader(content[:3]), errors.New("reset")} }, file.ErrBroken, "broken_off"},
		{"broken off late", func(u *file.Upload) { u.Body = failing{bytes.NewReader(content[:2000]), errors.New("reset")} }, file.ErrBroken, "broken_off"},
		{"slow at once", func(u *file.Upload) { u.Body = failing{bytes.NewReader(nil), os.ErrDeadlineExceeded} }, file.ErrSlow, "broken_off"},
		{"slow in the end", func(u *file.Upload) { u.Body = failing{bytes.NewReader(content[:2000]), os.ErrDeadlineExceeded} }, file.ErrSlow, "broken_off"},
		{"a page called a picture", func(u *file.Upload) { u.Body = bytes.NewReader(html) }, file.ErrContent, "wrong_content"},
		{"no token", func(u *file.Upload) { u.Token = "" }, file.ErrSignature, ""},
		{"another id", func(u *file.Upload) { u.ID = file.NewID() }, file.ErrSignature, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			before := b.outcome(file.Image, "stored")
			g := b.grant(alice, "demo", file.Image, len(content))
			u := upload(t, g, content)
			tc.change(&u)
			counted := uint64(0)
			if tc.outcome != "" {
				counted = b.outcome(file.Image, tc.outcome)
			}
			_, err := b.Put(t.Context(), u)
			if !errors.Is(err, tc.want) {
				t.Fatalf("%v, want %v", err, tc.want)
			}
			if tc.outcome != "" && b.outcome(file.Image, tc.outcome) != counted+1 {
				t.Errorf("not counted as %s", tc.outcome)
			}
			b.is("after a failure", g, nil, file.ErrNotFound)
			b.kept(int(before))
			if _, err := b.Put(t.Context(), upload(t, g, content)); err != nil {
				t.Errorf("tried again: %v", err)
			}
			b.is("tried again", g, content, nil)
		})
	}
}

func TestAnUploadBeginsSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, nil)
		content := picture(t)
		in, late := b.grant(alice, "demo", file.Image, len(content)), b.grant(alice, "demo", file.Image, len(content))
		time.Sleep(10 * time.Minute)
		if _, err := b.Put(t.Context(), upload(t, in, content)); err != nil {
			t.Errorf("after 10 minutes: %v", err)
		}
		time.Sleep(time.Second)
		if _, err := b.Put(t.Context(), upload(t, late, content)); !errors.Is(err, file.ErrExpired) {
			t.Errorf("a second later: %v", err)
		}
	})
}

// TestWhoIsBannedMeanwhileUploadsNothing: neither with an address got before, nor with an upload under way.
func TestWhoIsBannedMeanwhileUploadsNothing(t *testing.T) {
	b := start(t, nil)
	content := picture(t)
	g := b.grant(alice, "demo", file.Image, len(content))
	b.rooms.set(func(r *rooms) { r.can = chat.ErrBanned })
	if _, err := b.Put(t.Context(), upload(t, g, content)); !errors.Is(err, chat.ErrBanned) {
		t.Errorf("banned before: %v", err)
	}
	b.rooms.set(func(r *rooms) { r.can = nil })
	u := upload(t, g, content)
	u.Body = during{u.Body, func() { b.rooms.set(func(r *rooms) { r.can = chat.ErrBanned }) }}
	if _, err := b.Put(t.Context(), u); !errors.Is(err, chat.ErrBanned) {
		t.Errorf("banned during: %v", err)
	}
	b.kept(0)
}

// during does something whenever it is read.
type during struct {
	r  io.Reader
	do func()
}

func (d during) Read(p []byte) (int, error) {
	d.do()
	return d.r.Read(p)
}

func TestOneAddressOneUpload(t *testing.T) {
	b := start(t, nil)
	content := picture(t)
	g := b.grant(alice, "demo", file.Image, len(content))
	u := upload(t, g, content)
	var second error
	u.Body = during{u.Body, func() {
		if second == nil {
			_, second = b.Put(t.Context(), upload(t, g, content))
		}
	}}
	if _, err := b.Put(t.Context(), u); err != nil || !errors.Is(second, file.ErrUsed) {
		t.Errorf("the first %v, the second at the same time %v", err, second)
	}
	b.kept(1)
}

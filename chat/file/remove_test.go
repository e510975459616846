package file_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
	"liveroom/chat/file"
)

func (b *bench) withdraw(kind chat.WithdrawalKind, group string, seq uint64, m *chat.Message) {
	b.t.Helper()
	if err := b.Withdrawing(b.t.Context(), group, seq, m, kind); err != nil {
		b.t.Fatal(err)
	}
}

// TestWhatIsWithdrawnIsGone: at once, for good, and its address can't be used again.
func TestWhatIsWithdrawnIsGone(t *testing.T) {
	b := start(t, nil)
	g, content := b.put(alice, "demo")
	other, rest := b.put(alice, "demo")
	b.is("before", g, content, nil)
	b.withdraw(chat.Blocked, "demo", 1, shows("demo", 1, "alice", g.URL, g.URL))
	b.is("after", g, nil, file.ErrGone)
	b.is("another", other, rest, nil)
	b.withdraw(chat.Blocked, "demo", 1, shows("demo", 1, "alice", g.URL))
	b.kept(1)
	if _, err := b.Put(t.Context(), upload(t, g, content)); !errors.Is(err, file.ErrUsed) {
		t.Errorf("uploaded again: %v", err)
	}
}

// TestWhoseFilesGo: a verdict takes what the message shows, a recall what its sender uploaded, and neither what belongs
// to another group or to nobody's group.
func TestWhoseFilesGo(t *testing.T) {
	b := start(t, nil)
	bob := chat.Identity{User: "bob"}
	mine, mineIs := b.put(alice, "demo")
	bobs, bobsIs := b.put(bob, "demo")
	elsewhere, elsewhereIs := b.put(alice, "other")
	private, privateIs := b.put(alice, "")
	all := shows("demo", 7, "alice", mine.URL, bobs.URL, elsewhere.URL, private.URL, "http://h/files/"+file.NewID()+"/image.png?sig=x")
	b.withdraw(chat.Recalled, "demo", 7, all)
	b.is("mine", mine, mineIs, file.ErrGone)
	b.is("bob's", bobs, bobsIs, nil)
	b.is("another group's", elsewhere, elsewhereIs, nil)
	b.is("a private one", private, privateIs, nil)
	b.withdraw(chat.Blocked, "demo", 7, all)
	b.is("bob's, blocked", bobs, bobsIs, file.ErrGone)
	b.is("another group's", elsewhere, elsewhereIs, nil)
	b.is("a private one", private, privateIs, nil)
}

// TestHoweverTheAddressIsWritten: a message can't hide what it shows from a verdict.
func TestHoweverTheAddressIsWritten(t *testing.T) {
	for name, body := range map[string]string{
		"plain":              `[{"MsgType":"TIMFileElem","MsgContent":{"Url":"%s"}}]`,
		"in a custom text":   `[{"MsgType":"TIMCustomElem","MsgContent":{"Data":"{\"url\":\"%s\"}"}}]`,
		"in words":           `[{"MsgType":"TIMTextElem","MsgContent":{"Text":"see %s, nice"}}]`,
		"with slashes hid":   `slashes[{"MsgType":"TIMFileElem","MsgContent":{"Url":"%s"}}]`,
		"with letters hid":   `letters[{"MsgType":"TIMFileElem","MsgContent":{"Url":"%s"}}]`,
		"hid in custom text": `custom[{"MsgType":"TIMCustomElem","MsgContent":{"Data":"{\"url\":\"%s\"}"}}]`,
	} {
		t.Run(name, func(t *testing.T) {
			b := start(t, nil)
			g, content := b.put(alice, "demo")
			url := g.URL
			switch how, rest, _ := strings.Cut(body, "["); how {
			case "slashes":
				url, body = strings.ReplaceAll(url, "/", `\/`), "["+rest
			case "letters":
				url, body = strings.Replace(url, "files", `\u0066iles`, 1), "["+rest
			case "custom":
				url, body = strings.ReplaceAll(url, "/", `\\\/`), "["+rest
			}
			b.is("before", g, content, nil)
			b.withdraw(chat.Blocked, "demo", 1, &chat.Message{Group: "demo", Seq: 1, From: "alice", Body: fmt.Appendf(nil, body, url)})
			b.is("after", g, nil, file.ErrGone)
		})
	}
	b := start(t, nil)
	g, _ := b.put(alice, "demo")
	b.withdraw(chat.Blocked, "demo", 1, &chat.Message{Group: "demo", Seq: 1, From: "alice", CloudCustomData: g.URL, Body: []byte(`[]`)})
	b.is("in CloudCustomData", g, nil, file.ErrGone)
}

// TestWithdrawnWhenNobodyKnowsTheMessage: in a busy room a message is out of the log long before a review of its picture.
func TestWithdrawnWhenNobodyKnowsTheMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, nil)
		mine, _ := b.put(alice, "demo")
		bobs, bobsIs := b.put(chat.Identity{User: "bob"}, "demo")
		b.Delivered(shows("demo", 5, "alice", mine.URL, bobs.URL))
		b.Delivered(&chat.Message{Group: "demo", Seq: 6, From: "alice", Body: []byte(`[{"MsgType":"TIMTextElem","MsgContent":{"Text":"hi"}}]`)})
		synctest.Wait()
		b.withdraw(chat.Blocked, "demo", 6, nil)
		b.withdraw(chat.Blocked, "other", 5, nil)
		b.kept(2)
		b.withdraw(chat.Recalled, "demo", 5, nil)
		b.is("mine", mine, nil, file.ErrGone)
		b.is("bob's", bobs, bobsIs, nil)
		b.withdraw(chat.Blocked, "demo", 5, nil)
		b.is("bob's, blocked", bobs, nil, file.ErrGone)
	})
}

// TestNothingAppearsInAMessageAfterwards: whoever reviewed it saw nothing there.
func TestNothingAppearsInAMessageAfterwards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, nil)
		content := picture(t)
		early, late := b.grant(alice, "demo", file.Image, len(content)), b.grant(alice, "demo", file.Image, len(content))
		unsigned := b.grant(alice, "demo", file.Image, len(content))
		cut, _, _ := strings.Cut(unsigned.URL, "?")
		u := upload(t, late, content)
		u.Body = during{u.Body, func() { // while it is under way
			b.Delivered(shows("demo", 1, "alice", early.URL, late.URL, cut))
			synctest.Wait()
		}}
		if _, err := b.Put(t.Context(), u); !errors.Is(err, file.ErrEarly) {
			t.Errorf("under way: %v", err)
		}
		if _, err := b.Put(t.Context(), upload(t, early, content)); !errors.Is(err, file.ErrEarly) {
			t.Errorf("afterwards: %v", err)
		}
		b.kept(0)
		if _, err := b.Put(t.Context(), upload(t, unsigned, content)); err != nil {
			t.Errorf("an address that shows nothing: %v", err)
		}
	})
}

// TestNothingAppearsOverNodes: the message came to another node than the upload does.
func TestNothingAppearsOverNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := start(t, nil)
		b := &bench{t: t, rooms: a.rooms, store: a.store, blobs: file.NewMemoryBlobs()}
		b.begin(nil, b.store, b.blobs)
		content := picture(t)
		early, fine := a.grant(alice, "demo", file.Image, len(content)), a.grant(alice, "demo", file.Image, len(content))
		if _, err := b.Put(t.Context(), upload(t, fine, content)); err != nil {
			t.Fatal(err)
		}
		a.Delivered(shows("demo", 1, "alice", early.URL, fine.URL))
		synctest.Wait()
		if _, err := b.Put(t.Context(), upload(t, early, content)); !errors.Is(err, file.ErrEarly) {
			t.Errorf("%v", err)
		}
	})
}

func TestADismissedGroupsFilesGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, nil)
		old, _ := b.put(alice, "demo")
		blocked, _ := b.put(alice, "demo")
		b.withdraw(chat.Blocked, "demo", 1, shows("demo", 1, "alice", blocked.URL))
		other, otherIs := b.put(alice, "demo2")
		time.Sleep(time.Second)
		b.Dismissed("demo")
		time.Sleep(time.Millisecond) // a group of the same id has begun
		fresh, freshIs := b.put(alice, "demo")
		synctest.Wait()
		b.is("the group's", old, nil, file.ErrNotFound)
		b.is("the next group's", fresh, freshIs, nil)
		b.is("another group's", other, otherIs, nil)
		b.kept(2)
	})
}

// TestFilesAreKeptAsLongAsHistory: and those of groups that ended while nobody looked go with the next sweep.
func TestFilesAreKeptAsLongAsHistory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, func(c *file.Config) { c.UserBytes = 1 << 40 })
		sweep := func() {
			t.Helper()
			if err := b.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		old, oldIs := b.put(alice, "demo")
		blocked, _ := b.put(alice, "demo")
		b.withdraw(chat.Blocked, "demo", 1, shows("demo", 1, "alice", blocked.URL))
		for range 250 { // more than one step removes
			b.put(alice, "")
		}
		time.Sleep(time.Hour)
		young, youngIs := b.put(alice, "demo")
		ended, _ := b.put(alice, "ended")
		time.Sleep(24*time.Hour - time.Second)
		sweep()
		b.is("after 25 hours less a second", old, oldIs, nil)
		b.is("the blocked", blocked, nil, file.ErrGone)
		time.Sleep(time.Second)
		b.is("after 25 hours", old, nil, file.ErrNotFound) // also before the sweep
		time.Sleep(time.Second)
		b.rooms.set(func(r *rooms) { r.gone = map[string]bool{"ended": true} })
		sweep()
		b.is("swept", old, nil, file.ErrNotFound)
		b.is("the blocked", blocked, nil, file.ErrNotFound)
		b.is("of a group that is no more", ended, nil, file.ErrNotFound)
		b.is("the young", young, youngIs, nil)
		b.kept(1)
	})
}

// TestAfterACrash: bytes without a record, and those that should be gone, are removed before anything is taken in.
func TestAfterACrash(t *testing.T) {
	b := start(t, nil)
	g, content := b.put(alice, "demo")
	blocked, _ := b.put(alice, "demo")
	b.stop()
	if _, err := b.store.WithdrawFiles(t.Context(), []string{blocked.ID}); err != nil { // and then it crashed
		t.Fatal(err)
	}
	orphan := file.NewID()
	blob, _ := b.blobs.Create(orphan)
	_, _ = blob.Write(content)
	if err := blob.Commit(); err != nil {
		t.Fatal(err)
	}
	b.begin(nil, b.store, b.blobs)
	b.put(alice, "demo") // waits for what Run does first
	b.kept(2)
	b.is("what was there", g, content, nil)
	b.is("what was blocked", blocked, nil, file.ErrGone)
}

// away is a Store that fails while it is told to.
type away struct {
	file.Store
	fail error
}

func (a *away) AddFile(ctx context.Context, f file.Info) error {
	if a.fail != nil {
		return a.fail
	}
	return a.Store.AddFile(ctx, f)
}

func (a *away) WithdrawFiles(ctx context.Context, ids []string) ([]file.Info, error) {
	if a.fail != nil {
		return nil, a.fail
	}
	return a.Store.WithdrawFiles(ctx, ids)
}

func TestAStoreThatIsAway(t *testing.T) {
	b := &bench{t: t, rooms: &rooms{}, store: file.NewMemory(), blobs: file.NewMemoryBlobs()}
	store := &away{b.store, errors.New("away")}
	b.begin(nil, store, b.blobs)
	content := picture(t)
	g := b.grant(alice, "demo", file.Image, len(content))
	if _, err := b.Put(t.Context(), upload(t, g, content)); !errors.Is(err, file.ErrUnavailable) {
		t.Errorf("put: %v", err)
	}
	b.kept(0)
	store.fail = nil
	if _, err := b.Put(t.Context(), upload(t, g, content)); err != nil {
		t.Fatal(err)
	}
	store.fail = errors.New("away")
	if err := b.Withdrawing(t.Context(), "demo", 1, shows("demo", 1, "alice", g.URL), chat.Blocked); !errors.Is(err, file.ErrUnavailable) {
		t.Errorf("withdrawing: %v", err)
	}
	b.is("not withdrawn", g, content, nil)
}

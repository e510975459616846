package file_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
	"liveroom/chat/file"
)

// held starts uploads that wait for their bytes.
type held struct {
	b    *bench
	gate chan struct{}
	ends chan error
}

func (b *bench) hold() *held {
	return &held{b, make(chan struct{}), make(chan error, 100)}
}

func (h *held) put(who chat.Identity, from string) {
	h.b.t.Helper()
	content := picture(h.b.t)
	u := upload(h.b.t, h.b.grant(who, "demo", file.Image, len(content)), content)
	u.From = netip.MustParsePrefix(from)
	u.Body = during{u.Body, func() { <-h.gate }}
	go func() {
		_, err := h.b.Put(h.b.t.Context(), u)
		h.ends <- err
	}()
	synctest.Wait()
}

// next is the end of one of them, if one ended.
func (h *held) next() error {
	select {
	case err := <-h.ends:
		return err
	default:
		return nil
	}
}

func TestUploadsAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, func(c *file.Config) { c.PerUser, c.PerAddress, c.Running = 2, 3, 4 })
		h := b.hold()
		user := func(n int) chat.Identity { return chat.Identity{User: fmt.Sprint("user", n)} }
		h.put(user(1), "192.0.2.1/32")
		h.put(user(1), "192.0.2.2/32")
		if err := h.next(); err != nil {
			t.Fatal(err)
		}
		h.put(user(1), "192.0.2.3/32")
		if err := h.next(); !errors.Is(err, file.ErrCrowded) {
			t.Errorf("a third of one user: %v", err)
		}
		h.put(user(2), "192.0.2.1/32")
		h.put(user(3), "192.0.2.1/32")
		if err := h.next(); err != nil || b.Stats().Running != 4 {
			t.Fatal(err)
		}
		h.put(user(4), "192.0.2.9/32")
		if err := h.next(); !errors.Is(err, file.ErrCrowded) {
			t.Errorf("a fifth of all: %v", err)
		}
		close(h.gate)
		synctest.Wait()
		for range 4 {
			if err := <-h.ends; err != nil {
				t.Error(err)
			}
		}
		b.kept(4)
		h.gate = make(chan struct{})
		for n := range 3 {
			h.put(user(n), "192.0.2.1/32")
		}
		h.put(user(5), "192.0.2.1/32")
		if err := h.next(); !errors.Is(err, file.ErrCrowded) {
			t.Errorf("a fourth of one address: %v", err)
		}
		close(h.gate)
		synctest.Wait()
	})
}

// TestTheServersOwnUploadsHinderNobody: those of an administrator leave the places of an address to others there.
func TestTheServersOwnUploadsHinderNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, func(c *file.Config) { c.PerUser, c.PerAddress, c.Running = 2, 2, 4 })
		h := b.hold()
		for range 3 {
			h.put(chat.Identity{User: chat.Administrator, Admin: true}, "192.0.2.1/32")
		}
		h.put(alice, "192.0.2.1/32")
		if err := h.next(); err != nil || b.Stats().Running != 4 {
			t.Errorf("%d are running: %v", b.Stats().Running, err)
		}
		close(h.gate)
		synctest.Wait()
		b.kept(4)
	})
}

// TestAnHoursBytes: what a user may send in an hour comes back evenly, what never came is given back, and administrators
// are free.
func TestAnHoursBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const quarter = 256 << 10
		b := start(t, func(c *file.Config) { c.UserBytes = 4 * quarter })
		for range 4 { // tiny ones count as a quarter each
			b.put(alice, "demo")
		}
		_, err := b.Grant(t.Context(), alice, file.Draft{Kind: file.Image, Size: 1})
		var refused *chat.Error
		if !errors.Is(err, file.ErrTooMany) || !errors.As(err, &refused) || time.Until(refused.NextAt).Round(time.Second) != 15*time.Minute {
			t.Fatalf("a fifth: %v", err)
		}
		b.put(chat.Identity{User: "bob"}, "demo")
		for range 5 {
			b.put(chat.Identity{User: chat.Administrator, Admin: true}, "demo")
		}
		time.Sleep(time.Until(refused.NextAt) + time.Second)
		content := picture(t)
		g := b.grant(alice, "demo", file.Image, len(content))
		u := upload(t, g, content)
		u.Body = strings.NewReader("<html>")
		if _, err := b.Put(t.Context(), u); err == nil {
			t.Fatal("a page was taken for a picture")
		}
		if _, err := b.Put(t.Context(), upload(t, g, content)); !errors.Is(err, file.ErrTooMany) {
			t.Errorf("a failed try is free: %v", err)
		}
		time.Sleep(15*time.Minute + time.Second)
		if _, err := b.Grant(t.Context(), alice, file.Draft{Kind: file.Other, Size: 2 * quarter}); !errors.Is(err, file.ErrTooMany) {
			t.Errorf("two quarters: %v", err)
		}
		time.Sleep(time.Hour)
		g = b.grant(alice, "demo", file.Other, 4*quarter)
		u = upload(t, g, make([]byte, 4*quarter))
		u.Body = failing{bytes.NewReader(make([]byte, 1000)), errors.New("reset")}
		if _, err := b.Put(t.Context(), u); !errors.Is(err, file.ErrBroken) {
			t.Fatal(err)
		}
		for range 3 { // of four quarters but one is given back
			b.put(alice, "demo")
		}
	})
}

func TestTheQuota(t *testing.T) {
	b := start(t, func(c *file.Config) { c.Quota = 10_000 })
	first, second := b.grant(alice, "demo", file.Other, 6000), b.grant(alice, "demo", file.Other, 6000)
	if _, err := b.Put(t.Context(), upload(t, first, make([]byte, 6000))); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Put(t.Context(), upload(t, second, make([]byte, 6000))); !errors.Is(err, file.ErrFull) {
		t.Errorf("the second: %v", err)
	}
	if _, err := b.Grant(t.Context(), alice, file.Draft{Kind: file.Other, Size: 4001}); !errors.Is(err, file.ErrFull) {
		t.Errorf("granted: %v", err)
	}
	if n := b.outcome(file.Other, "full"); n != 2 { // also of the wish
		t.Errorf("counted %d times", n)
	}
	b.kept(1)
	if err := b.Withdrawing(t.Context(), "demo", 1, shows("demo", 1, "alice", first.URL), chat.Blocked); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Put(t.Context(), upload(t, second, make([]byte, 6000))); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

// fullDisk is Blobs that have no room after some bytes.
type fullDisk struct {
	file.Blobs
	left int
	at   string
}

func (d *fullDisk) Create(id string) (file.Blob, error) {
	if d.at == "create" {
		return nil, fmt.Errorf("open: %w", syscall.ENOSPC)
	}
	b, err := d.Blobs.Create(id)
	return &fullBlob{b, d}, err
}

type fullBlob struct {
	file.Blob
	d *fullDisk
}

func (b *fullBlob) Write(p []byte) (int, error) {
	if b.d.at == "write" && len(p) > b.d.left {
		return 0, fmt.Errorf("write: %w", syscall.ENOSPC)
	}
	b.d.left -= len(p)
	return b.Blob.Write(p)
}

func (b *fullBlob) Commit() error {
	if b.d.at == "commit" {
		return fmt.Errorf("sync: %w", syscall.ENOSPC)
	}
	return b.Blob.Commit()
}

func TestAFullDisk(t *testing.T) {
	for _, at := range []string{"create", "write", "commit"} {
		t.Run(at, func(t *testing.T) {
			b := &bench{t: t, rooms: &rooms{}, store: file.NewMemory(), blobs: file.NewMemoryBlobs()}
			disk := &fullDisk{b.blobs, 1000, at}
			b.begin(nil, b.store, disk)
			content := picture(t)
			g := b.grant(alice, "demo", file.Image, len(content))
			if _, err := b.Put(t.Context(), upload(t, g, content)); !errors.Is(err, file.ErrFull) {
				t.Errorf("%v", err)
			}
			b.kept(0)
			if n := b.outcome(file.Image, "full"); n != 1 {
				t.Errorf("counted %d times", n)
			}
			disk.at = ""
			if _, err := b.Put(t.Context(), upload(t, g, content)); err != nil {
				t.Errorf("with room again: %v", err)
			}
		})
	}
}

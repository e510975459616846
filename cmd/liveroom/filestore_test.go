package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"liveroom/chat"
	"liveroom/chat/file"
)

var apiAdmin = chat.Identity{User: chat.Administrator, Admin: true}

// keepFiles joins chat and files over the real stores, as the program does, with a room demo. Nothing of it outlives the
// test.
func keepFiles(t *testing.T, dir string, talk chat.Config, cfg file.Config) *program {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	p := &program{log: slog.New(slog.DiscardHandler)}
	var err error
	p.stores, err = openFiles(t.TempDir(), p.log)
	must(err)
	p.watchFiles(&talk)
	p.chat, err = chat.New(talk, p.stores.chat, p.log)
	must(err)
	p.folder, err = file.OpenFolder(dir, 0)
	must(err)
	cfg.Key, cfg.PublicURL = []byte("a key of the tests"), "http://h"
	p.files, err = file.New(cfg, p.chat, p.stores.files, p.folder, p.log)
	must(err)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for _, run := range []func(context.Context) error{p.stores.actors[0].run, p.chat.Run, p.files.Run} {
		wg.Go(func() { _ = run(ctx) })
	}
	t.Cleanup(func() {
		cancel()
		wg.Wait()
		p.close()
	})
	must(p.chat.Create(t.Context(), chat.Group{ID: "demo", Room: "demo", Owner: "anna"}))
	return p
}

// take uploads a file and returns its address and how that went.
func (p *program) take(t *testing.T, k file.Kind, content []byte) (address string, err error) {
	t.Helper()
	g, err := p.files.Grant(t.Context(), apiAdmin, file.Draft{Group: "demo", Kind: k, Size: int64(len(content))})
	if err != nil {
		return "", err
	}
	u, err := url.Parse(g.PutURL)
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.files.Put(t.Context(), file.Upload{ID: g.ID, Token: u.Query().Get("token"), Length: int64(len(content)), Body: bytes.NewReader(content)})
	return g.URL, err
}

// served says why an address does not answer.
func (p *program) served(t *testing.T, address string) error {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	id, name, _ := file.ParsePath(u.Path)
	c, err := p.files.Open(t.Context(), id, name, u.Query().Get("sig"))
	if err == nil {
		_ = c.Close()
	}
	return err
}

// TestAPictureBlockedLate: in a busy room the message is out of the log long before the review of its picture is done.
func TestAPictureBlockedLate(t *testing.T) {
	p := keepFiles(t, t.TempDir(), chat.Config{History: 1, ResumeMessages: 1}, file.Config{})
	address, err := p.take(t, file.Image, testPicture(t))
	if err != nil {
		t.Fatal(err)
	}
	send := func(body string) chat.Ack {
		t.Helper()
		ack, err := p.chat.Send(t.Context(), chat.Message{Group: "demo", From: chat.Administrator, Body: []byte(body)}, apiAdmin)
		if err != nil {
			t.Fatal(err)
		}
		return ack
	}
	shown := send(fmt.Sprintf(`[{"MsgType":"TIMImageElem","MsgContent":{"ImageInfoArray":[{"Type":1,"URL":%q}]}}]`, address))
	for range 3 {
		send(`[{"MsgType":"TIMTextElem","MsgContent":{"Text":"on and on"}}]`)
	}
	eventually(t, "it is noted what the message shows", func() bool {
		s, err := p.stores.files.FilesShown(t.Context(), "demo", shown.Seq)
		return err == nil && len(s.IDs) == 1
	})
	if err := p.served(t, address); err != nil {
		t.Fatal(err)
	}
	if err := p.chat.Verdict(t.Context(), "demo", apiAdmin, shown.Seq, true, ""); err != nil {
		t.Fatal(err)
	}
	if err := p.served(t, address); !errors.Is(err, file.ErrGone) {
		t.Errorf("after the verdict: %v", err)
	}
}

// TestOldFilesLeaveTheDisk: the periodic job removes bytes and records of what is kept no longer.
func TestOldFilesLeaveTheDisk(t *testing.T) {
	dir := t.TempDir()
	p := keepFiles(t, filepath.Join(dir, "files"), chat.Config{}, file.Config{Keep: 200 * time.Millisecond})
	address, err := p.take(t, file.Image, testPicture(t))
	if err != nil {
		t.Fatal(err)
	}
	if n := stored(t, dir); n != 1 {
		t.Errorf("%d files on disk", n)
	}
	eventually(t, "it is gone", func() bool {
		for _, j := range p.allJobs() {
			if j.name == "files" {
				if err := j.run(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
		return stored(t, dir) == 0
	})
	if err := p.served(t, address); !errors.Is(err, file.ErrNotFound) {
		t.Errorf("%v", err)
	}
	if n, size, err := p.stores.files.FilesUsage(t.Context()); n != 0 || size != 0 || err != nil {
		t.Errorf("%d records of %d bytes stay, %v", n, size, err)
	}
}

package redisstore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"liveroom/chat"
	"liveroom/chat/account"
	"liveroom/chat/audit"
	"liveroom/chat/file"
	"liveroom/chat/words"
	"liveroom/internal/redistest"
)

// robbed is a Store whose next n replies to changes are lost after each call of rob.
func robbed(t *testing.T) (s *Store, rob func(n int)) {
	proxy := redistest.Through(t, redistest.Shared(t).Addr)
	return open(t, proxy.URL()), func(n int) { proxy.DropReplies(n, "{lr}:op:") }
}

// TestALostReplyChangesNoAnswer: a change whose reply is lost is done once, and says what it did.
func TestALostReplyChangesNoAnswer(t *testing.T) {
	s, rob := robbed(t)
	ctx := t.Context()
	rob(1)
	if _, created, err := s.Accounts().PutAccount(ctx, account.Account{User: "ann"}, account.Patch{}); err != nil || !created {
		t.Errorf("created %v, %v", created, err)
	}
	rob(1)
	if _, err := s.Accounts().DeleteAccount(ctx, "ann", time.Now()); err != nil {
		t.Errorf("deleted: %v", err)
	}
	rob(1)
	if done, err := s.Words().ChangeWords(ctx, words.Change{Put: []words.Word{{Text: "a"}}, If: new(uint64)}); err != nil || done.Version != 1 {
		t.Errorf("%+v, %v", done, err)
	}
	f := file.Info{ID: file.NewID(), Group: "g", Size: 7}
	rob(1)
	if err := s.Files().AddFile(ctx, f); err != nil {
		t.Errorf("added: %v", err)
	}
	rob(1)
	if gone, err := s.Files().WithdrawFiles(ctx, []string{f.ID}); err != nil || len(gone) != 1 {
		t.Errorf("withdrawn: %v, %v", gone, err)
	}
	rob(1)
	if err := s.Audit().AppendActs(ctx, make([]audit.Entry, 3)); err != nil {
		t.Errorf("appended: %v", err)
	}
	if page, err := s.Audit().Acts(ctx, audit.Query{Limit: 10}); err != nil || len(page.Entries) != 3 {
		t.Errorf("%d acts, %v", len(page.Entries), err)
	}
}

// TestAnOperationIsDoneOnce: asked again after both replies were lost, it is not done again.
func TestAnOperationIsDoneOnce(t *testing.T) {
	s, rob := robbed(t)
	ctx, _ := chat.WithOperation(t.Context())
	rob(2)
	if err := s.Audit().AppendActs(ctx, make([]audit.Entry, 3)); !errors.Is(err, ErrAway) {
		t.Errorf("both replies were lost, but: %v", err)
	}
	if err := s.Audit().AppendActs(ctx, make([]audit.Entry, 3)); err != nil {
		t.Error(err)
	}
	if err := s.Audit().AppendActs(t.Context(), make([]audit.Entry, 2)); err != nil {
		t.Error(err)
	}
	if page, err := s.Audit().Acts(ctx, audit.Query{Limit: 10}); err != nil || len(page.Entries) != 5 {
		t.Errorf("%d acts, %v", len(page.Entries), err)
	}
}

// TestChangesOfSeveralNodes: of changes at the same time each is made of what the one before it left.
func TestChangesOfSeveralNodes(t *testing.T) {
	url, prefix := redistest.Shared(t).URL(), openPrefix(t)
	var wg sync.WaitGroup
	for node := range 4 {
		s := patient(t, openAgain(t, url, prefix))
		wg.Go(func() {
			for i := range 10 {
				text := fmt.Sprint("w", node, i)
				if _, err := s.Words().ChangeWords(context.Background(), words.Change{Put: []words.Word{{Text: text}}}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	l, head, err := openAgain(t, url, prefix).Words().AllWords(t.Context())
	if err != nil || len(l.Words) != 40 || head.Count != 40 || head.Version != 40 {
		t.Errorf("%d words, %+v, %v", len(l.Words), head, err)
	}
}

package redisstore

import (
	"errors"
	"testing"

	"liveroom/chat"
	"liveroom/chat/chattest"
	"liveroom/chat/gift"
	"liveroom/chat/gift/gifttest"
	"liveroom/internal/redistest"
)

// TestAMessageAfterALostSecond: where a group's gifts lost what they wrote last, and its chat did not, the next message is shown
// all the same.
func TestAMessageAfterALostSecond(t *testing.T) {
	s := open(t, redistest.Shared(t).URL())
	g, talk, ctx := s.Gifts(), s.Chat(), t.Context()
	chattest.Create(t, talk, "g")
	give := func(id string) (fresh int) {
		t.Helper()
		gifttest.Settle(t, g, gifttest.Order("g", "alice", id), gifttest.Accept, gifttest.Start)
		for _, m := range gifttest.Shown(t, g, "g") {
			told, err := talk.Append(ctx, "g", gift.Fence, []chat.FencedMessage{{Number: m.Number, Message: chattest.Message("g", chat.Administrator, m.Result.Order, chat.High)}}, chattest.Keep)
			if err != nil {
				t.Fatal(err)
			}
			fresh += len(told)
			if err := g.Ack(ctx, "g", m.Number, 0); err != nil {
				t.Fatal(err)
			}
		}
		return fresh
	}
	give("1")
	book := g.keys("g")[0]
	kept, err := s.rdb.HGetAll(ctx, book).Result()
	if err != nil {
		t.Fatal(err)
	}
	give("2")
	if err := s.rdb.HSet(ctx, book, kept).Err(); err != nil {
		t.Fatal(err)
	}
	if fresh := give("3"); fresh != 1 {
		t.Errorf("%d messages are new to the group, want 1", fresh)
	}
}

// TestMessagesOfOlderVersions: an outbox whose messages have no numbers of their own is read and taken, and goes on.
func TestMessagesOfOlderVersions(t *testing.T) {
	s := open(t, redistest.Shared(t).URL())
	g, ctx := s.Gifts(), t.Context()
	keys := g.keys("g")
	if err := s.rdb.HSet(ctx, keys[0], "s", 7, "a", 5).Err(); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"6", "7"} {
		raw, err := encodeOrder(gifttest.Order("g", "alice", id))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.rdb.RPush(ctx, keys[5], "1796018400123000 s 1 100 0\n"+raw).Err(); err != nil {
			t.Fatal(err)
		}
	}
	gifttest.Settle(t, g, gifttest.Order("g", "alice", "new"), gifttest.Accept, gifttest.Start)
	all := gifttest.Shown(t, g, "g")
	if len(all) != 3 || all[0].Number != 6 || all[1].Number != 7 || all[1].Result.Order != "7" || all[2].Number < 1<<50 {
		t.Fatalf("%+v", all)
	}
	if err := g.Ack(ctx, "g", 6, 0); err != nil {
		t.Fatal(err)
	}
	if left := gifttest.Shown(t, g, "g"); len(left) != 2 || left[0] != all[1] || left[1] != all[2] {
		t.Errorf("%+v", left)
	}
}

// TestGiftsThatPend: orders beyond those that may wait for their settlement are refused until some are settled.
func TestGiftsThatPend(t *testing.T) {
	s := open(t, redistest.Shared(t).URL())
	g, ctx := s.Gifts(), t.Context()
	o := gifttest.Place(t, g, gifttest.Order("g", "alice", "1"))
	if err := s.rdb.HSet(ctx, g.keys("g")[0], "p", gift.MaxPending).Err(); err != nil {
		t.Fatal(err)
	}
	more := gifttest.Order("g", "alice", "2")
	if _, _, err := g.Place(ctx, more, gifttest.Start); !errors.Is(err, gift.ErrPending) {
		t.Errorf("one more: %v", err)
	}
	if _, fresh, err := g.Place(ctx, o, gifttest.Start); err != nil || fresh {
		t.Errorf("one that pends, again: %v, %v", fresh, err)
	}
	if _, _, err := g.Settle(ctx, "g", o.Key(), gifttest.Refuse, gifttest.Start, gifttest.Merge); err != nil {
		t.Fatal(err)
	}
	gifttest.Place(t, g, more)
}

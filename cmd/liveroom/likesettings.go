package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"liveroom/chat"
	"liveroom/chat/like"
	"liveroom/internal/jsonpath"
)

// validLikes says which setting of likes and follows can't be used.
func (s *Settings) validLikes() error {
	if err := s.likes().Validate(); err != nil {
		return fmt.Errorf("like-totals: %w", err)
	}
	if s.FollowLimit < 1 || s.FollowLimit > 100_000 {
		return fmt.Errorf("follow-limit is %d, must be from 1 to 100000", s.FollowLimit)
	}
	_, err := s.likesIn()
	return err
}

// likes is what chat/like is told of the settings.
func (s *Settings) likes() like.Config {
	return like.Config{Rate: s.LikeRate, Burst: s.LikeBurst, Tell: s.LikeTotals, Flush: likesRedisEvery, Shown: 5}
}

// likesIn makes what reads likes out of customers' own messages: how many a message brings, 0 if it brings none.
func (s *Settings) likesIn() (func(m *chat.Message) int, error) {
	if s.LikeMessage == "" {
		return func(*chat.Message) int { return 0 }, nil
	}
	name, value, found := strings.Cut(s.LikeMessage, "=")
	which, err := jsonpath.Parse(strings.TrimSpace(name))
	if err == nil && (!found || which.IsZero()) {
		err = errors.New("must be such as $.type=like")
	}
	if err != nil {
		return nil, fmt.Errorf("like-message: %w", err)
	}
	count, err := jsonpath.Parse(s.LikeCount)
	if err != nil {
		return nil, fmt.Errorf("like-message-count: %w", err)
	}
	value = strings.TrimSpace(value)
	return func(m *chat.Message) int { return likesOf(m, which, value, count) }, nil
}

// likesOf is how many likes the custom elements of a message bring: those in which a path leads to a value count as many as
// another path says, one if it leads nowhere.
func likesOf(m *chat.Message, which jsonpath.Path, value string, count jsonpath.Path) (likes int) {
	if !bytes.Contains(m.Body, []byte("TIMCustomElem")) {
		return 0
	}
	var elements []struct {
		MsgType    string
		MsgContent struct{ Data json.RawMessage }
	}
	if json.Unmarshal(m.Body, &elements) != nil {
		return 0
	}
	for _, e := range elements {
		var data string
		if e.MsgType != "TIMCustomElem" || json.Unmarshal(e.MsgContent.Data, &data) != nil {
			continue
		}
		raw := json.RawMessage(data)
		at, _ := which.Find(raw)
		if is, ok := jsonpath.Text(at); !ok || is != value {
			continue
		}
		n := int64(1)
		if given, there := count.Find(raw); there {
			var whole bool
			if n, whole = jsonpath.Integer(given); !whole || n < 1 {
				continue
			}
		}
		likes = min(likes+int(min(n, like.MaxCount)), like.MaxCount)
	}
	return likes
}

package redisstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"liveroom/chat"
	"liveroom/chat/words"
)

// Words is Redis as words.Store. Its keys:
//
//	{lr}:words       hash: words.Word.Key → storedWord (JSON)
//	{lr}:words:keys  sorted set: the keys, all of score 0, for their order
//	{lr}:words:head  string: words.Head (JSON); it changes with each change
type Words struct {
	s               *Store
	all, keys, head string
}

var _ words.Store = (*Words)(nil)

// storedWord is a word in Redis.
type storedWord struct {
	Text        string       `json:"text"`
	Action      words.Action `json:"action,omitempty"`
	Replacement string       `json:"replacement,omitempty"`
	Whole       bool         `json:"whole,omitempty"`
}

// NewsWords is the kind of news that the words have changed.
const NewsWords = "words"

// Words is the sensitive words' view of Redis.
func (s *Store) Words() *Words {
	return &Words{s: s, all: s.key("lr", "words"), keys: s.key("lr", "words", "keys"), head: s.key("lr", "words", "head")}
}

// ChangeWords implements words.Store.
func (w *Words) ChangeWords(ctx context.Context, c words.Change) (done words.Result, err error) {
	err = w.s.change(ctx, chat.OperationAge, func(ctx context.Context, d *draft) error {
		done = words.Result{}
		text, found, err := d.text(ctx, w.head) // whatever else is read is what it was as long as this is
		if err != nil {
			return err
		}
		head, err := decodeHead(text, found)
		if err != nil {
			return err
		}
		if done.Head, err = c.Apply(head); err != nil {
			return err
		}
		if err := w.write(ctx, d, c, &done); err != nil {
			return err
		}
		if c.Idle(done.Removed) {
			done.Head = head
			return nil
		}
		if done.Count > words.MaxWords {
			return words.ErrTooMany
		}
		next, err := json.Marshal(done.Head)
		d.do("SET", w.head, next)
		d.news(NewsWords)
		return err
	})
	if err != nil {
		return words.Result{}, err
	}
	return done, nil
}

func decodeHead(text string, found bool) (head words.Head, err error) {
	if found {
		if err = json.Unmarshal([]byte(text), &head); err != nil {
			err = fmt.Errorf("decode the head of the words: %w", err)
		}
	}
	return head, err
}

// write notes what goes and comes, and counts in done.
func (w *Words) write(ctx context.Context, d *draft, c words.Change, done *words.Result) error {
	there, err := w.there(ctx, c)
	if err != nil {
		return err
	}
	if c.Whole {
		done.Count = 0
		d.do("UNLINK", w.all)
		d.do("UNLINK", w.keys)
	}
	var gone, values, keys []any
	for _, text := range c.Delete {
		if key := words.Key(text); there[key] {
			there[key] = false
			gone = append(gone, key)
		}
	}
	for _, word := range c.Put {
		key := word.Key()
		if !there[key] {
			there[key] = true
			done.Count++
			keys = append(keys, 0, key)
		}
		value, err := json.Marshal(storedWord(word))
		if err != nil {
			return fmt.Errorf("encode word %q: %w", key, err)
		}
		values = append(values, key, value)
	}
	done.Removed = len(gone)
	done.Count -= len(gone)
	d.each("HDEL", w.all, gone)
	d.each("ZREM", w.keys, gone)
	d.each("HSET", w.all, values)
	d.each("ZADD", w.keys, keys)
	return nil
}

// there says which words of a change are in the list, if it is not given up.
func (w *Words) there(ctx context.Context, c words.Change) (map[string]bool, error) {
	there := map[string]bool{}
	if c.Whole {
		return there, nil
	}
	keys := make([]string, 0, len(c.Delete)+len(c.Put))
	for _, text := range c.Delete {
		keys = append(keys, words.Key(text))
	}
	for _, word := range c.Put {
		keys = append(keys, word.Key())
	}
	values, err := w.s.fields(ctx, w.all, keys...)
	for i, v := range values {
		there[keys[i]] = v != nil
	}
	return there, err
}

// WordsPage implements words.Store.
func (w *Words) WordsPage(ctx context.Context, after string, limit int) (page []words.Word, next string, head words.Head, err error) {
	err = w.read(ctx, &head, func(ctx context.Context) error {
		page, next = nil, ""
		keys, err := w.order(ctx, after, limit+1)
		if err != nil {
			return err
		}
		if len(keys) > limit {
			keys, next = keys[:limit], keys[limit-1]
		}
		page, err = w.words(ctx, keys)
		return err
	})
	return page, next, head, err
}

// AllWords implements words.Store.
func (w *Words) AllWords(ctx context.Context) (l words.List, head words.Head, err error) {
	err = w.read(ctx, &head, func(ctx context.Context) error {
		l = words.List{Loose: head.Loose, Words: make([]words.Word, 0, head.Count)}
		for after := ""; ; {
			keys, err := w.order(ctx, after, 10*maxArgs)
			if err != nil || len(keys) == 0 {
				return err
			}
			some, err := w.words(ctx, keys)
			if err != nil {
				return err
			}
			l.Words = append(l.Words, some...)
			after = keys[len(keys)-1]
		}
	})
	return l, head, err
}

// readTimes is how much longer than a command a list of MaxWords may take to be read.
const readTimes = 10

// read calls f until the list was the same at its end as at its begin. While Redis is away its first command fails.
func (w *Words) read(ctx context.Context, head *words.Head, f func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, readTimes*w.s.cfg.Timeout)
	defer cancel()
	before, err := w.readHead(ctx)
	for {
		if err != nil {
			return err
		}
		*head = before
		if err := f(ctx); err != nil {
			return err
		}
		var now words.Head
		if now, err = w.readHead(ctx); err == nil && now == before {
			return nil
		}
		before = now
	}
}

func (w *Words) readHead(ctx context.Context) (words.Head, error) {
	text, err := w.s.rdb.Get(ctx, w.head).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return words.Head{}, away(err)
	}
	return decodeHead(text, err == nil)
}

// order returns keys after one.
func (w *Words) order(ctx context.Context, after string, limit int) ([]string, error) {
	keys, err := w.s.rdb.ZRangeArgs(ctx, redis.ZRangeArgs{Key: w.keys, ByLex: true, Start: "(" + after, Stop: "+", Count: int64(limit)}).Result()
	return keys, away(err)
}

// words returns the words of keys; of a list that changes meanwhile some may be missing.
func (w *Words) words(ctx context.Context, keys []string) ([]words.Word, error) {
	values, err := w.s.fields(ctx, w.all, keys...)
	if err != nil {
		return nil, err
	}
	var all []words.Word
	for _, v := range values {
		word, found, err := decode[storedWord](v)
		if err != nil {
			return nil, err
		}
		if found {
			all = append(all, words.Word(word))
		}
	}
	return all, nil
}

package boltstore

import (
	"context"
	"slices"
	"strings"

	bolt "go.etcd.io/bbolt"

	"liveroom/chat/words"
)

// Buckets of the sensitive words, made with the first change:
//
//	words       words.Word.Key → storedWord (JSON)
//	words.meta  head → words.Head (JSON)
var (
	bucketWords     = []byte("words")
	bucketWordsMeta = []byte("words.meta")

	keyWordsHead = []byte("head")
)

// storedWord is a word in the file.
type storedWord struct {
	Text        string       `json:"text"`
	Action      words.Action `json:"action,omitempty"`
	Replacement string       `json:"replacement,omitempty"`
	Whole       bool         `json:"whole,omitempty"`
}

// Words is the file as words.Store. Everything is class A.
type Words struct{ s *Store }

var _ words.Store = (*Words)(nil)

// Words is the sensitive words' view of the file.
func (s *Store) Words() *Words { return &Words{s: s} }

// ChangeWords implements words.Store.
func (w *Words) ChangeWords(ctx context.Context, c words.Change) (done words.Result, err error) {
	err = w.s.update(ctx, func(tx *bolt.Tx) error {
		done = words.Result{}
		head, err := wordsHead(tx)
		if err != nil {
			return err
		}
		if done.Head, err = c.Apply(head); err != nil {
			return err
		}
		b, err := wordsBucket(tx, c.Whole)
		if err != nil {
			return err
		}
		if c.Whole {
			done.Count = 0
		}
		if err := changeWords(b, c, &done); err != nil {
			return err
		}
		if c.Idle(done.Removed) {
			done.Head = head
			return nil
		}
		if done.Count > words.MaxWords {
			return words.ErrTooMany
		}
		meta, err := tx.CreateBucketIfNotExists(bucketWordsMeta)
		if err != nil {
			return err
		}
		return putJSON(meta, keyWordsHead, done.Head)
	})
	if err != nil {
		return words.Result{}, err
	}
	return done, nil
}

// wordsBucket is the bucket of the words, emptied if they all go.
func wordsBucket(tx *bolt.Tx, empty bool) (*bolt.Bucket, error) {
	if empty && tx.Bucket(bucketWords) != nil {
		if err := tx.DeleteBucket(bucketWords); err != nil {
			return nil, err
		}
	}
	return tx.CreateBucketIfNotExists(bucketWords)
}

// changeWords deletes and puts words, and counts in done.
func changeWords(b *bolt.Bucket, c words.Change, done *words.Result) error {
	for _, text := range c.Delete {
		key := []byte(words.Key(text))
		if len(key) == 0 || b.Get(key) == nil {
			continue
		}
		if err := b.Delete(key); err != nil {
			return err
		}
		done.Removed++
		done.Count--
	}
	// In order of keys: a page of a transaction grows until its end, and each key in the middle of it moves all behind.
	type keyed struct {
		key  string
		word words.Word
	}
	put := make([]keyed, len(c.Put))
	for i, word := range c.Put {
		put[i] = keyed{word.Key(), word}
	}
	slices.SortStableFunc(put, func(a, b keyed) int { return strings.Compare(a.key, b.key) }) // of one key the last one holds
	for _, p := range put {
		key := []byte(p.key)
		if b.Get(key) == nil {
			done.Count++
		}
		if err := putJSON(b, key, storedWord(p.word)); err != nil {
			return err
		}
	}
	return nil
}

func wordsHead(tx *bolt.Tx) (head words.Head, err error) {
	if meta := tx.Bucket(bucketWordsMeta); meta != nil {
		_, err = getJSON(meta, keyWordsHead, &head)
	}
	return head, err
}

// WordsPage implements words.Store.
func (w *Words) WordsPage(ctx context.Context, after string, limit int) (page []words.Word, next string, head words.Head, err error) {
	err = w.s.view(ctx, func(tx *bolt.Tx) error {
		if head, err = wordsHead(tx); err != nil {
			return err
		}
		return eachWord(tx, after, func(word words.Word) bool {
			if len(page) == limit {
				next = page[limit-1].Key()
				return false
			}
			page = append(page, word)
			return true
		})
	})
	return page, next, head, err
}

// AllWords implements words.Store.
func (w *Words) AllWords(ctx context.Context) (l words.List, head words.Head, err error) {
	err = w.s.view(ctx, func(tx *bolt.Tx) error {
		if head, err = wordsHead(tx); err != nil {
			return err
		}
		l = words.List{Loose: head.Loose, Words: make([]words.Word, 0, head.Count)}
		return eachWord(tx, "", func(word words.Word) bool {
			l.Words = append(l.Words, word)
			return true
		})
	})
	return l, head, err
}

// eachWord calls see for the words whose keys come after a key, in order, until it says no.
func eachWord(tx *bolt.Tx, after string, see func(words.Word) bool) error {
	b := tx.Bucket(bucketWords)
	if b == nil {
		return nil
	}
	c := b.Cursor()
	for k, _ := c.Seek([]byte(after)); k != nil; k, _ = c.Next() {
		if string(k) == after {
			continue
		}
		var word storedWord
		if _, err := getJSON(b, k, &word); err != nil {
			return err
		}
		if !see(words.Word(word)) {
			return nil
		}
	}
	return nil
}

package words

import (
	"context"
	"errors"
	"time"
)

// ErrVersion says that the list is no longer the one a change was meant for.
var ErrVersion = errors.New("the list has changed meanwhile")

// ErrTooMany says that a list would have more than MaxWords words.
var ErrTooMany = errors.New("too many words")

// Head is what is known of a list beside its words.
type Head struct {
	Version   uint64    `json:"version"` // grows with each change
	Count     int       `json:"count"`
	Loose     bool      `json:"loose"` // List.Loose
	ChangedAt time.Time `json:"changedAt,omitzero"`
}

// Change is one change of a list, all or nothing.
type Change struct {
	Whole  bool     // everything else goes
	Put    []Word   // new words, or words that are there and get other actions; each Key once
	Delete []string // texts of words; before Put
	Loose  *bool
	If     *uint64 // the version it is meant for; nil: any
	At     time.Time
}

// Result is what became of a change.
type Result struct {
	Head
	Removed int // of Change.Delete
}

// Store keeps one list of words by Word.Key. Each method is atomic, and what ChangeWords answered is durable (class A).
type Store interface {
	// ChangeWords changes the list unless it refuses with ErrVersion or ErrTooMany. The words are valid. Deleting only what
	// is not there makes no new version.
	ChangeWords(ctx context.Context, c Change) (Result, error)
	// WordsPage returns up to limit words whose keys come after a key, in order of their keys; next is the last one's key,
	// empty on the last page.
	WordsPage(ctx context.Context, after string, limit int) (page []Word, next string, head Head, err error)
	// AllWords returns the list.
	AllWords(ctx context.Context) (List, Head, error)
}

// Idle says whether the change did nothing.
func (c Change) Idle(removed int) bool {
	return removed == 0 && len(c.Put) == 0 && !c.Whole && c.Loose == nil
}

// Apply is what a change makes of a head, the list's count aside.
func (c Change) Apply(h Head) (Head, error) {
	if c.If != nil && *c.If != h.Version {
		return h, ErrVersion
	}
	h.Version++
	h.ChangedAt = c.At
	if c.Loose != nil {
		h.Loose = *c.Loose
	}
	return h, nil
}

package file

import (
	"context"
	"time"
)

// Info is what is known of a file that was uploaded.
type Info struct {
	ID        string    `json:"id"`              // see NewID
	Group     string    `json:"group,omitempty"` // where it was uploaded for; empty: for a message to one user
	User      string    `json:"user"`            // who uploaded it
	Kind      Kind      `json:"kind"`
	Name      string    `json:"name"`           // for people, cleaned
	Type      string    `json:"type"`           // media type, found by looking at the bytes
	Size      int64     `json:"size"`           // bytes
	Node      string    `json:"node,omitempty"` // name of the node that took it, where there are several
	CreatedAt time.Time `json:"createdAt"`
	Withdrawn bool      `json:"withdrawn,omitempty"` // its bytes are gone
}

// Shown are the files of one message.
type Shown struct {
	From string   `json:"from"` // who sent it
	IDs  []string `json:"ids"`
}

// Store keeps records of files. Each method is atomic, and what is changed is durable before it is answered (class A).
type Store interface {
	// AddFile stores a new record; ErrTaken if there is one of its ID.
	AddFile(ctx context.Context, f Info) error
	// File answers a record, also one withdrawn, or ErrUnknown.
	File(ctx context.Context, id string) (Info, error)
	// WithdrawFiles marks files and answers those which were not marked before. Unknown ones are passed over.
	WithdrawFiles(ctx context.Context, ids []string) ([]Info, error)
	// DeleteFiles forgets records, and which messages showed them. Unknown ones are passed over.
	DeleteFiles(ctx context.Context, ids []string) error

	// ShowFiles notes which files a message of a group shows; those that are not the group's are left out.
	ShowFiles(ctx context.Context, group string, seq uint64, s Shown) error
	// FilesShown answers what was noted, less what is forgotten.
	FilesShown(ctx context.Context, group string, seq uint64) (Shown, error)

	// OldFiles answers up to limit records made before a moment, oldest first.
	OldFiles(ctx context.Context, before time.Time, limit int) ([]Info, error)
	// GroupFiles answers up to limit records of a group made before a moment, in no order.
	GroupFiles(ctx context.Context, group string, before time.Time, limit int) ([]Info, error)
	// FileGroups answers the groups of all records.
	FileGroups(ctx context.Context) ([]string, error)
	// FilesSince says since when the store remembers, which is when it was first asked: older files that it does not know it
	// may have forgotten. Zero where it forgets nothing.
	FilesSince(ctx context.Context) (time.Time, error)
	// FilesUsage counts the files that are not withdrawn, and their bytes.
	FilesUsage(ctx context.Context) (files int, bytes int64, err error)
}

// Shared is a Store that several nodes use. A message and an upload may come to different ones of them.
type Shared interface {
	Store
	// ShowEarly notes for at least age that a message showed files that are not there, by id. The newest 10,000 are remembered.
	ShowEarly(ctx context.Context, ids []string, age time.Duration) error
	// ShownEarly says whether that was noted of a file.
	ShownEarly(ctx context.Context, id string) (bool, error)
}

// Package blob keeps large things by name: the segments, indexes, exports and pictures that a stream leaves behind.
//
// Store is all that those who keep them need: objects that are there whole or not at all. Folder keeps them on a disk, S3 with
// a server that speaks its protocol, and Spool takes them before a store that may be away. Who stores what under which names is
// not this package's business. Only a Spool's Run starts goroutines, and waits for them.
package blob

import (
	"context"
	"errors"
	"io"
	"time"
)

// What a Store answers beside fs.ErrNotExist. Compare with errors.Is.
var (
	// ErrFull says that there is no room: the disk's, or as much of it as may be used.
	ErrFull = errors.New("blob: no room left")
	// ErrUnavailable says that the store does not answer at the moment. Nothing is known to have been stored.
	ErrUnavailable = errors.New("blob: store unavailable")
	// ErrName refuses a name that no object can have.
	ErrName = errors.New("blob: not a name")
)

// Store keeps objects by name. A name is one or more elements of [A-Za-z0-9._-], none of which begins with a dot, joined by
// slashes; at most 200 bytes. No object's name is the beginning of another's up to a slash: a folder can't keep both. All
// methods may be called from any goroutine; their contexts bound the calls, not what is read or written after them.
type Store interface {
	// Put stores an object made of these bytes, one after the other, in one step. It is durable when Put returns; one that was
	// there under that name is replaced.
	Put(ctx context.Context, name string, data ...[]byte) error
	// Create begins an object that is too large for memory. Nothing is seen of it before Commit.
	Create(ctx context.Context, name string) (Writer, error)
	// Open reads an object, or answers an error that is fs.ErrNotExist.
	Open(ctx context.Context, name string) (Object, error)
	// Remove removes objects. Who reads one may read on, or gets an error; never other bytes. There being none is no error.
	Remove(ctx context.Context, names ...string) error
	// List calls see for the objects whose names begin with prefix and come after the given name, in order of their names,
	// until it returns an error, which List answers.
	List(ctx context.Context, prefix, after string, see func(Held) error) error
}

// Held is what is known of an object without opening it.
type Held struct {
	Name     string
	Size     int64 // bytes
	Modified time.Time
}

// Object is an open object. Reading may start anywhere. It is to be closed.
type Object interface {
	io.ReadSeeker
	io.ReaderAt
	io.Closer
	Held() Held
}

// Writer is an object being written. It ends with Commit or Discard; Discard after Commit does nothing.
type Writer interface {
	io.Writer
	// Commit makes the object durable and seen.
	Commit() error
	Discard()
}

package file

import (
	"io"
	"time"
)

// Blobs keep bytes by file id. Ids are valid (see NewID).
type Blobs interface {
	// Create begins the bytes of a file. Nothing is to be seen of them before Commit.
	Create(id string) (Blob, error)
	// Open answers the bytes of a file, or an error that is fs.ErrNotExist.
	Open(id string) (Reader, error)
	// Remove removes a file's bytes; who reads them may read on. There being none is no error.
	Remove(id string) error
	// Each calls see for all files, in no order, until it returns an error, which it answers.
	Each(see func(Held) error) error
}

// Held is what is known of a file by its bytes alone.
type Held struct {
	ID   string
	Size int64
	Made time.Time // when the bytes were written
}

// Blob is a file being written. It ends with Commit or Discard; Discard after Commit does nothing.
type Blob interface {
	io.Writer
	// Commit makes the bytes durable and the file to be seen.
	Commit() error
	Discard()
}

// Reader reads a file from any place.
type Reader interface {
	io.ReadSeeker
	io.Closer
}

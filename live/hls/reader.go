package hls

import (
	"errors"
	"io"
)

// fileReader reads a file's parts as one. http.ServeContent answers ranges with it.
type fileReader struct {
	file
	at int64
}

var errSeek = errors.New("seek before the begin")

// Read implements io.Reader.
func (r *fileReader) Read(p []byte) (int, error) {
	at := r.at
	for _, part := range r.parts {
		size := int64(len(part.data))
		if at < size {
			n := copy(p, part.data[at:])
			r.at += int64(n)
			return n, nil
		}
		at -= size
	}
	return 0, io.EOF
}

// Seek implements io.Seeker.
func (r *fileReader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.at
	case io.SeekEnd:
		offset += int64(r.bytes)
	}
	if offset < 0 {
		return 0, errSeek
	}
	r.at = offset
	return offset, nil
}

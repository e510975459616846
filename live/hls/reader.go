package hls

import (
	"errors"
	"io"
	"net"
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

// WriteTo implements io.WriterTo: on a TCP connection, all parts in one system call.
func (r *fileReader) WriteTo(w io.Writer) (int64, error) {
	rest := make(net.Buffers, 0, len(r.parts))
	at := r.at
	for _, part := range r.parts {
		if size := int64(len(part.data)); at < size {
			rest = append(rest, part.data[at:])
			at = 0
		} else {
			at -= size
		}
	}
	n, err := rest.WriteTo(w)
	r.at += n
	return n, err
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

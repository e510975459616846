package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"

	"github.com/minio/minio-go/v7"
)

// Open implements Store. The first request answers the object's bytes already; who reads from elsewhere costs another.
func (s *S3) Open(ctx context.Context, name string) (Object, error) {
	if err := errors.Join(CheckName(name), ctx.Err()); err != nil {
		return nil, err
	}
	o := &s3Object{s: s, ctx: context.WithoutCancel(ctx)}
	reading, cancel := context.WithCancel(o.ctx)
	stop := context.AfterFunc(ctx, cancel)
	body, info, _, err := s.core.GetObject(reading, s.bucket, s.prefix+name, minio.GetObjectOptions{})
	if !stop() && err == nil { // it came too late
		err = errors.Join(context.Cause(ctx), body.Close())
	}
	if err != nil {
		cancel()
		return nil, errors.Join(ctx.Err(), s.said("open "+name, err))
	}
	o.held, o.etag = Held{name, info.Size, info.LastModified}, info.ETag
	o.body, o.cancel = body, cancel
	return o, nil
}

// s3Object reads an object. Read and Seek are for one goroutine at a time, as with files.
type s3Object struct {
	s    *S3
	ctx  context.Context // of the object's whole life
	held Held
	etag string
	at   int64 // where the next Read begins

	mu     sync.Mutex // guards the rest, so that Close ends a Read
	body   io.ReadCloser
	from   int64 // where body stands
	cancel context.CancelFunc
	closed bool
}

// Held implements Object.
func (o *s3Object) Held() Held { return o.held }

// Read implements io.Reader.
func (o *s3Object) Read(p []byte) (int, error) {
	if o.at >= o.held.Size {
		return 0, io.EOF
	}
	if len(p) == 0 {
		return 0, nil
	}
	body, err := o.stand(o.at)
	if err != nil {
		return 0, err
	}
	n, err := body.Read(p)
	o.at += int64(n)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.from = o.at
	switch {
	case o.at >= o.held.Size:
		return n, nil // the next one says that it is the end
	case err == nil || n > 0 && errors.Is(err, io.EOF):
		return n, nil
	case errors.Is(err, io.EOF):
		err = io.ErrUnexpectedEOF
	}
	o.let()
	return n, fmt.Errorf("%w: s3: read %s: %w", ErrUnavailable, o.held.Name, err)
}

// stand answers the object's bytes from a place on.
func (o *s3Object) stand(at int64) (io.Reader, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return nil, fs.ErrClosed
	}
	if o.body != nil && o.from == at {
		return o.body, nil
	}
	o.let()
	ctx, cancel := context.WithCancel(o.ctx)
	body, err := o.get(ctx, at, o.held.Size)
	if err != nil {
		cancel()
		return nil, err
	}
	o.body, o.from, o.cancel = body, at, cancel
	return body, nil
}

// get asks for the bytes from one place to before another.
func (o *s3Object) get(ctx context.Context, from, to int64) (io.ReadCloser, error) {
	var opts minio.GetObjectOptions
	err := opts.SetRange(from, to-1)
	if err == nil && o.etag != "" {
		err = opts.SetMatchETag(o.etag)
	}
	if err != nil {
		return nil, err
	}
	body, info, _, err := o.s.core.GetObject(ctx, o.s.bucket, o.s.prefix+o.held.Name, opts)
	if err == nil && info.ETag != o.etag { // not every server compares it
		_ = body.Close()
		return nil, replaced("read " + o.held.Name)
	}
	return body, o.s.said("read "+o.held.Name, err)
}

// let lets go of the bytes that were coming; o.mu is held.
func (o *s3Object) let() {
	if o.body != nil {
		o.cancel() // else closing reads the rest
		_ = o.body.Close()
		o.body = nil
	}
}

// ReadAt implements io.ReaderAt: a request each.
func (o *s3Object) ReadAt(p []byte, at int64) (int, error) {
	if at < 0 {
		return 0, errors.New("blob: negative offset")
	}
	want := min(int64(len(p)), o.held.Size-at)
	if want <= 0 {
		if len(p) == 0 {
			return 0, nil
		}
		return 0, io.EOF
	}
	ctx, cancel := context.WithCancel(o.ctx)
	defer cancel()
	body, err := o.get(ctx, at, at+want)
	if err != nil {
		return 0, err
	}
	defer body.Close()
	n, err := io.ReadFull(body, p[:want])
	if err != nil {
		return n, fmt.Errorf("%w: s3: read %s: %w", ErrUnavailable, o.held.Name, err)
	}
	if want < int64(len(p)) {
		return n, io.EOF
	}
	return n, nil
}

// Seek implements io.Seeker. Nothing is asked for until the next Read.
func (o *s3Object) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		offset += o.at
	case io.SeekEnd:
		offset += o.held.Size
	default:
		return 0, errors.New("blob: seek from nowhere")
	}
	if offset < 0 {
		return 0, errors.New("blob: seek before the beginning")
	}
	o.at = offset
	return offset, nil
}

// Close implements Object.
func (o *s3Object) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.let()
	o.closed = true
	return nil
}

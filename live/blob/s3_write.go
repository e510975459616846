package blob

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"time"

	"github.com/minio/minio-go/v7"
)

// Create implements Store.
func (s *S3) Create(ctx context.Context, name string) (Writer, error) {
	if err := errors.Join(CheckName(name), ctx.Err()); err != nil {
		return nil, err
	}
	return s.createWithin(context.WithoutCancel(ctx), name), nil
}

// createWithin is Create of an object whose sending a context bounds too.
func (s *S3) createWithin(ctx context.Context, name string) Writer {
	return &s3Writer{s: s, ctx: ctx, name: name}
}

// s3Writer sends an object in parts, each when it is full; what fits into one is sent as Put does.
type s3Writer struct {
	s    *S3
	ctx  context.Context // of the writer's whole life
	name string
	buf  bytes.Buffer
	id   string // of the upload; empty: nothing was sent yet
	sent []minio.CompletePart
	err  error // the first one, or that it is over
}

// Write implements io.Writer.
func (w *s3Writer) Write(p []byte) (n int, err error) {
	for len(p) > 0 && w.err == nil {
		some := min(len(p), partSize-w.buf.Len())
		w.buf.Write(p[:some])
		n, p = n+some, p[some:]
		if w.buf.Len() == partSize {
			w.err = w.send()
		}
	}
	return n, w.err
}

// send sends a part.
func (w *s3Writer) send() error {
	if w.id == "" {
		if err := w.begin(); err != nil {
			return err
		}
	}
	ctx, cancel := w.s.within(w.ctx, int64(w.buf.Len()))
	defer cancel()
	sum := sha256.Sum256(w.buf.Bytes())
	part, err := w.s.core.PutObjectPart(ctx, w.s.bucket, w.s.prefix+w.name, w.id, len(w.sent)+1, bytes.NewReader(w.buf.Bytes()), int64(w.buf.Len()),
		minio.PutObjectPartOptions{Sha256Hex: hex.EncodeToString(sum[:]), DisableContentSha256: true})
	if err != nil {
		return w.s.saidOfWriting("put a part of "+w.name, err)
	}
	w.sent = append(w.sent, minio.CompletePart{PartNumber: part.PartNumber, ETag: part.ETag})
	w.buf.Reset()
	return nil
}

func (w *s3Writer) begin() (err error) {
	ctx, cancel := w.s.within(w.ctx, 0)
	defer cancel()
	w.id, err = w.s.core.NewMultipartUpload(ctx, w.s.bucket, w.s.prefix+w.name, plain)
	return w.s.saidOfWriting("begin "+w.name, err)
}

// Commit implements Writer.
func (w *s3Writer) Commit() error {
	if w.err == nil && w.id == "" {
		err := w.s.Put(w.ctx, w.name, w.buf.Bytes())
		w.err = over
		return err
	}
	if w.err == nil && w.buf.Len() > 0 {
		w.err = w.send()
	}
	if w.err == nil {
		ctx, cancel := w.s.within(w.ctx, 0)
		defer cancel()
		_, err := w.s.core.CompleteMultipartUpload(ctx, w.s.bucket, w.s.prefix+w.name, w.id, w.sent, plain)
		w.err = w.s.saidOfWriting("complete "+w.name, err)
	}
	if err := w.err; err != nil {
		w.Discard()
		return err
	}
	w.err = over
	return nil
}

// over is what a writer answers after its end.
var over = fs.ErrClosed

// Discard implements Writer. What was sent already is given back as far as the server can be reached; most servers are set to
// forget uploads that were not completed after some days.
func (w *s3Writer) Discard() {
	if w.id != "" && !errors.Is(w.err, over) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(w.ctx), min(w.s.stall, 5*time.Second))
		defer cancel()
		_ = w.s.core.AbortMultipartUpload(ctx, w.s.bucket, w.s.prefix+w.name, w.id)
	}
	w.err = over
}

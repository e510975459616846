package blob

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// S3Config is what an S3 is told.
type S3Config struct {
	// Endpoint is the server, such as https://s3.example.com:9000: scheme, host and port alone. Default: Amazon's.
	Endpoint string
	// Region of the bucket. Default: the server is asked.
	Region string
	Bucket string
	// Prefix is what all keys begin with, before a slash: a name, or empty.
	Prefix string
	// PathStyle says whether the bucket is the first element of the path, or of the host's name. Default: as is known of the endpoint.
	PathStyle Style
	AccessKey string
	SecretKey string
	// Stall is how long nothing may move on a connection before it counts as lost. Default 30 s.
	Stall time.Duration
}

// Style is how a bucket is addressed.
type Style string

// The styles.
const (
	Automatic Style = ""
	PathStyle Style = "on"
	HostStyle Style = "off"
)

// buckets are the names that buckets may have, as far as all servers agree.
var buckets = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// Validate says what can't be used.
func (c S3Config) Validate() error {
	if _, err := c.endpoint(); err != nil {
		return err
	}
	if !buckets.MatchString(c.Bucket) {
		return fmt.Errorf("bucket is %q, must be 3 to 63 small letters, digits, dots and hyphens", c.Bucket)
	}
	if c.Prefix != "" {
		if err := CheckName(c.Prefix); err != nil {
			return fmt.Errorf("prefix: %w", err)
		}
	}
	return nil
}

func (c S3Config) endpoint() (*url.URL, error) {
	if c.Endpoint == "" {
		return &url.URL{Scheme: "https", Host: "s3.amazonaws.com"}, nil
	}
	u, err := url.Parse(c.Endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" ||
		u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("endpoint must be such as https://s3.example.com: scheme, host and port alone")
	}
	return u, nil
}

// S3 is a Store on a server that speaks S3's protocol. It tries once: who wants more puts a Spool before it. What it answers for
// an object that can't be reached, and for a server or bucket that refuses, is ErrUnavailable.
type S3 struct {
	core   minio.Core
	line   *http.Transport
	bucket string
	prefix string // ends with a slash, or is empty
	stall  time.Duration
}

var _ Store = (*S3)(nil)

const (
	partSize  = 16 << 20 // bytes of an object that are sent at once; 10,000 of them at most
	maxRemove = 1000     // names removed with one request
	slowest   = 16 << 10 // bytes a second below which a transfer is given up
)

// NewS3 prepares a store. The server is not asked anything.
func NewS3(cfg S3Config) (*S3, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Stall <= 0 {
		cfg.Stall = 30 * time.Second
	}
	u, err := cfg.endpoint()
	if err != nil {
		return nil, err
	}
	s := &S3{bucket: cfg.Bucket, stall: cfg.Stall, line: newLine(cfg.Stall)}
	if cfg.Prefix != "" {
		s.prefix = cfg.Prefix + "/"
	}
	client, err := minio.New(u.Host, &minio.Options{
		Creds: credentials.NewStaticV4(cfg.AccessKey, cfg.SecretKey, ""), Secure: u.Scheme == "https", Region: cfg.Region,
		BucketLookup: map[Style]minio.BucketLookupType{PathStyle: minio.BucketLookupPath, HostStyle: minio.BucketLookupDNS}[cfg.PathStyle],
		Transport:    s.line, MaxRetries: 1,
	})
	if err != nil {
		return nil, err
	}
	s.core = minio.Core{Client: client}
	return s, nil
}

// Close lets go of connections that nobody uses.
func (s *S3) Close() error {
	s.line.CloseIdleConnections()
	return nil
}

// Put implements Store.
func (s *S3) Put(ctx context.Context, name string, data ...[]byte) error {
	if err := errors.Join(CheckName(name), ctx.Err()); err != nil {
		return err
	}
	ctx, cancel := s.within(ctx, sizeOf(data))
	defer cancel()
	body, sum := io.NewSectionReader(pieces(data), 0, sizeOf(data)), sha256.New()
	for _, d := range data {
		sum.Write(d)
	}
	_, err := s.core.PutObject(ctx, s.bucket, s.prefix+name, body, body.Size(), "", hex.EncodeToString(sum.Sum(nil)), plain)
	return s.saidOfWriting("put "+name, err)
}

// plain sends the bytes as they are, with a hash of all of them that is signed and that the server compares. (The library's own
// way is a format of its own around them, which not every server reads.)
var plain = minio.PutObjectOptions{DisableContentSha256: true, ContentType: "application/octet-stream"}

// within bounds how long so many bytes may take.
func (s *S3) within(ctx context.Context, size int64) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, 2*s.stall+time.Duration(size/slowest)*time.Second)
}

// Remove implements Store.
func (s *S3) Remove(ctx context.Context, names ...string) error {
	if err := errors.Join(checkNames(names), ctx.Err()); err != nil {
		return err
	}
	if len(names) == 1 {
		ctx, cancel := s.within(ctx, 0)
		defer cancel()
		err := s.core.RemoveObject(ctx, s.bucket, s.prefix+names[0], minio.RemoveObjectOptions{})
		if notThere(err) {
			return nil
		}
		return s.said("remove "+names[0], err)
	}
	for len(names) > 0 {
		n := min(len(names), maxRemove)
		if err := s.removeSome(ctx, names[:n]); err != nil {
			return err
		}
		names = names[n:]
	}
	return nil
}

func (s *S3) removeSome(ctx context.Context, names []string) error {
	ctx, cancel := s.within(ctx, 0)
	defer cancel()
	all := make(chan minio.ObjectInfo, len(names))
	for _, name := range names {
		all <- minio.ObjectInfo{Key: s.prefix + name}
	}
	close(all)
	var errs error
	for e := range s.core.RemoveObjects(ctx, s.bucket, all, minio.RemoveObjectsOptions{}) { // to its end, which ends what it started
		if errs == nil && !notThere(e.Err) {
			errs = s.said("remove "+strings.TrimPrefix(e.ObjectName, s.prefix), e.Err)
		}
	}
	return errs
}

// List implements Store.
func (s *S3) List(ctx context.Context, prefix, after string, see func(Held) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !mayBegin(prefix) {
		return nil // nothing has such a name
	}
	ctx, cancel := context.WithCancel(ctx)
	opts := minio.ListObjectsOptions{Prefix: s.prefix + prefix, Recursive: true}
	if after != "" {
		opts.StartAfter = s.prefix + after
	}
	all := s.core.Client.ListObjects(ctx, s.bucket, opts)
	defer func() {
		cancel()
		for range all { // what lists ends then
			continue
		}
	}()
	for o := range all {
		if o.Err != nil {
			return s.said("list", o.Err)
		}
		name, ours := strings.CutPrefix(o.Key, s.prefix)
		if !ours || name <= after || CheckName(name) != nil {
			continue // not an object of ours
		}
		if err := see(Held{name, o.Size, o.LastModified}); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// mayBegin says whether there can be names that begin with a prefix.
func mayBegin(prefix string) bool { return prefix == "" || CheckName(prefix+"x") == nil }

// notThere says whether an error is that there is no such object.
func notThere(err error) bool {
	e, answered := errors.AsType[minio.ErrorResponse](err)
	return answered && (e.Code == "NoSuchKey" || e.StatusCode == http.StatusNotFound && e.Code != "NoSuchBucket")
}

// hopeless are the answers that blame the request alone.
var hopeless = map[string]bool{
	"EntityTooLarge": true, "EntityTooSmall": true, "InvalidArgument": true, "KeyTooLongError": true, "XMinioInvalidObjectName": true,
}

// said turns what the library says into what a Store does. What the request alone is to blame for stays as it is: trying again
// changes nothing.
func (s *S3) said(what string, err error) error {
	if err == nil {
		return nil
	}
	e, answered := errors.AsType[minio.ErrorResponse](err)
	kind := ErrUnavailable
	switch {
	case notThere(err):
		return fmt.Errorf("s3: %s: %w", what, fs.ErrNotExist)
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("s3: %s: %w", what, context.Canceled)
	case answered && (e.Code == "XMinioStorageFull" || e.Code == "QuotaExceeded" || e.StatusCode == http.StatusInsufficientStorage):
		kind = ErrFull
	case answered && e.StatusCode == http.StatusPreconditionFailed:
		return replaced(what)
	case answered && hopeless[e.Code]:
		return fmt.Errorf("s3: %s: %s: %w", what, e.Code, err)
	}
	if answered {
		return fmt.Errorf("%w: s3: %s: %s: %s", kind, what, e.Code, e.Message)
	}
	return fmt.Errorf("%w: s3: %s: %w", kind, what, err)
}

// saidOfWriting is said of what was to be stored, which can't be missing: a 404 comes from something before the server, such as
// a balancer that has none behind it just now, or means that an upload was forgotten.
func (s *S3) saidOfWriting(what string, err error) error {
	if notThere(err) {
		return fmt.Errorf("%w: s3: %s: the server knows no such place: %s", ErrUnavailable, what, err.Error())
	}
	return s.said(what, err)
}

func replaced(what string) error { return fmt.Errorf("s3: %s: it was replaced meanwhile", what) }

// pieces are bytes that lie in several places, to be read as one.
type pieces [][]byte

// ReadAt implements io.ReaderAt.
func (p pieces) ReadAt(b []byte, at int64) (n int, err error) {
	for _, d := range p {
		if at >= int64(len(d)) {
			at -= int64(len(d))
			continue
		}
		n += copy(b[n:], d[at:])
		at = 0
		if n == len(b) {
			return n, nil
		}
	}
	return n, io.EOF
}

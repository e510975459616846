package pull

import (
	"bufio"
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"time"

	"liveroom/live/flv"
	"liveroom/live/record"
	"liveroom/live/record/export"
	"liveroom/live/rtmp"
	"liveroom/live/stream"
)

// feed is a source that was opened. Next belongs to one goroutine, Close to it too.
type feed interface {
	// Next returns the next tag: its kind, its time in ms, and its payload as stream.NewBuffer makes it. io.EOF: it is over. It
	// ends with the context that the feed was opened with.
	Next(ctx context.Context) (stream.Kind, int64, []byte, error)
	// Length is how long all of it is, in ms; 0: not known.
	Length() int64
	Close()
}

// open connects to a task's source, at a point of it in ms, which only recordings know. It ends with ctx.
func (s *Service) open(ctx context.Context, t Task, from int64) (feed, error) {
	switch t.source() {
	case fromRTMP:
		u, err := rtmp.ParseURL(t.URL)
		if err != nil {
			return nil, failed("bad_address", "the address "+err.Error())
		}
		in, err := rtmp.Play(ctx, rtmp.ClientConfig{Dial: s.cfg.Dial, Silent: s.cfg.Silent}, u)
		if err != nil {
			return nil, err
		}
		return rtmpFeed{in}, nil
	case fromFLV:
		return s.openFLV(ctx, t)
	case fromHLS:
		return s.openHLS(ctx, t)
	case fromRecording:
		reel, err := export.OpenReel(ctx, s.library, t.Recording, from, t.Loop)
		if err != nil {
			return nil, reelFailure(err)
		}
		return reelFeed{reel}, nil
	default:
		return nil, failed("bad_address", "the address is of a kind that can't be pulled")
	}
}

// patience is how long a task's source may send no media.
func (s *Service) patience(t Task) time.Duration {
	if t.source() == fromHLS { // whose servers need not have anything before the next segment
		return 2 * s.cfg.Silent
	}
	return s.cfg.Silent
}

type rtmpFeed struct{ *rtmp.Incoming }

func (f rtmpFeed) Next(context.Context) (stream.Kind, int64, []byte, error) {
	kind, ms, buf, err := f.Incoming.Next()
	return kind, int64(ms), buf, err
}

func (rtmpFeed) Length() int64 { return 0 }

// Bounds of HTTP-FLV.
const (
	readBytes = 32 << 10
	maxTag    = 8 << 20
)

type flvFeed struct {
	r    *flv.Reader
	body io.Closer
	done func()
}

func (s *Service) openFLV(ctx context.Context, t Task) (feed, error) {
	client, done := s.client(nil, func(error) {})
	resp, err := get(ctx, client, t.URL)
	if err != nil {
		done()
		return nil, httpFailure(err)
	}
	f := &flvFeed{body: resp.Body, done: done}
	if f.r, err = flv.NewReader(bufio.NewReaderSize(resp.Body, readBytes), maxTag); err != nil {
		f.Close()
		return nil, flvFailure(err)
	}
	return f, nil
}

func get(ctx context.Context, client *http.Client, address string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	return client.Do(req)
}

func (f *flvFeed) Next(context.Context) (stream.Kind, int64, []byte, error) {
	for {
		kind, ms, buf, err := f.r.Next()
		if err != nil {
			return 0, 0, nil, flvFailure(err)
		}
		payload := buf[stream.HeaderBytes : len(buf)-stream.TrailerBytes]
		if kind == stream.Script || len(payload) == 0 || stream.Multitrack(kind, payload) {
			continue // what servers tell players, and signs of life
		}
		return kind, int64(ms), buf, nil
	}
}

func (f *flvFeed) Length() int64 { return 0 }

func (f *flvFeed) Close() {
	_ = f.body.Close()
	f.done()
}

// flvFailure puts an error of reading FLV into words; io.EOF stays what it is.
func flvFailure(err error) error {
	switch {
	case err == io.EOF: //nolint:errorlint // a wrapped one is of a header that is cut off
		return err
	case errors.Is(err, flv.ErrFormat), errors.Is(err, flv.ErrTooLarge):
		return failed(CauseFormat, "what the server sends is not FLV, or larger than it may be")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return failed(rtmp.FailClosed, "the server closed the connection in the middle")
	}
	return httpFailure(err)
}

type reelFeed struct{ *export.Reel }

func (f reelFeed) Next(ctx context.Context) (stream.Kind, int64, []byte, error) {
	p, err := f.Reel.Next(ctx)
	if err != nil {
		return 0, 0, nil, reelFailure(err)
	}
	return p.Kind, p.At, p.Buf, nil
}

func (reelFeed) Close() {}

// reelFailure puts an error of reading a recording into words; io.EOF stays what it is.
func reelFailure(err error) error {
	switch {
	case err == io.EOF: //nolint:errorlint // a wrapped one is of a file that is cut off
		return err
	case errors.Is(err, record.ErrUnknown), errors.Is(err, fs.ErrNotExist):
		return failed(CauseGone, "the recording, or a part of it, is gone")
	case export.Unreadable(err):
		return failed(CauseFormat, "the recording can't be read, or FLV has no place for its codec")
	}
	return failed(CauseStore, "the store of recordings does not answer")
}

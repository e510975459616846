package export

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"liveroom/live/blob"
	"liveroom/live/record"
)

// Format is what is made of a recording.
type Format string

// The formats.
const (
	MP4 Format = "mp4"
	FLV Format = "flv"
	Cut Format = "cut" // another recording
)

// next takes the pieces off that make one file: those of one init segment, until it would last longer than most, in ms (0: no limit).
func next(pieces []piece, most int64) (file, rest []piece) {
	var ms int64
	for i, p := range pieces {
		if i > 0 && (p.seg.Init != pieces[0].seg.Init || most > 0 && ms+p.duration() > most) {
			return pieces[:i], pieces[i:]
		}
		ms += p.duration()
	}
	return pieces, nil
}

// made is a file that was written.
type made struct {
	pieces []piece // that are in it
	bytes  int64
}

// counted counts what is written to a blob.
type counted struct {
	blob.Writer
	n int64
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.Writer.Write(p)
	c.n += int64(n)
	return n, err
}

// write makes one file of the first pieces, as many as belong into it, under a name. wrote is told how many ms more are in it.
func write(ctx context.Context, blobs blob.Store, src *source, name string, format Format, pieces []piece, most int64, wrote func(ms int64) error) (made, error) {
	file, _ := next(pieces, most)
	var emit func(to *counted) error
	switch format {
	case FLV:
		emit = func(to *counted) error { return writeFLV(ctx, src, to, file, wrote) }
	case MP4:
		m := &mp4{src: src}
		l := &layer{src: src}
		for i, p := range file {
			fits, err := m.look(ctx, l, p)
			if err != nil {
				return made{}, err
			}
			if !fits {
				file = file[:i]
				break
			}
		}
		emit = func(to *counted) error { return m.write(ctx, to, file, wrote) }
	default:
		return made{}, fmt.Errorf("export: format %q", format)
	}
	if err := room(blobs, file); err != nil {
		return made{}, err
	}
	w, err := blobs.Create(ctx, name)
	if err != nil {
		return made{}, err
	}
	defer w.Discard()
	c := &counted{Writer: w}
	if err := emit(c); err != nil {
		return made{}, err
	}
	if err := ctx.Err(); err != nil {
		return made{}, context.Cause(ctx)
	}
	return made{file, c.n}, w.Commit()
}

// roomy is a store that knows how much room it has (blob.Folder, blob.Spool).
type roomy interface {
	// Room answers an error that is blob.ErrFull where so many bytes more find none.
	Room(more int64) error
}

// room says whether there is room for a file of pieces: one that there is none for would take what live recordings need, before it
// fails.
func room(blobs blob.Store, pieces []piece) error {
	r, ok := blobs.(roomy)
	if !ok {
		return nil
	}
	var size int64
	for _, p := range pieces {
		size += p.seg.Bytes
	}
	return r.Room(size)
}

// outlook says what is to be expected of trying again.
type outlook int

const (
	hopeless outlook = iota // nothing
	doubtful                // that it passes, perhaps: it is tried for some hours
	passing                 // that it passes, if somebody sees to it: it is waited for
)

// errUntold says that a file is there, but not told of yet; errSpooled is that because not all nodes see it yet.
var (
	errUntold  = errors.New("export: nobody could be told of a file")
	errSpooled = fmt.Errorf("%w: it waits on a node for the store", errUntold)
)

// why is what a job that was not made says of an error, in words.
func why(err error) (words string, then outlook) {
	switch {
	case errors.Is(err, errUntold):
		return "the files are made; backends can't be told of them yet", passing
	case errors.Is(err, blob.ErrFull):
		return "no room left where recordings are kept; it goes on when there is", passing
	case errors.Is(err, record.ErrUnknown):
		return "the recording is gone", hopeless
	case errors.Is(err, fs.ErrNotExist):
		return "a segment of the recording is gone", hopeless
	case errors.Is(err, errBroken), errors.Is(err, errChanged):
		return "a segment of the recording can't be read", hopeless
	case errors.Is(err, errCodec):
		return err.Error(), hopeless
	case errors.Is(err, blob.ErrUnavailable):
		return "the store of recordings does not answer", passing
	default:
		return "the store of recordings does not answer", doubtful
	}
}

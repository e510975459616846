package blob

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strconv"
	"sync/atomic"
	"time"

	"liveroom/internal/disk"
)

const (
	// unfinished is the folder of files being written, a folder in it for each owner. No object's name leads into it.
	unfinished = ".unfinished"
	// forgotten is how long a file of an owner that never came back is left there.
	forgotten = 24 * time.Hour
	// lookEvery is how many bytes are written between two looks at how much room is left.
	lookEvery = 4 << 20
	// maxSpares bounds the buffers that are kept for the next who writes.
	maxSpares = 4
)

// ground is a folder on a disk in which files come to be in one step: Folder and Spool stand on it.
type ground struct {
	root   *os.Root // nothing outside of it can be reached, whatever a name is
	own    string   // where this owner's unfinished files are
	spare  int64    // bytes that are left to others
	free   func() (bytes int64, known bool)
	count  counts
	drafts atomic.Uint64 // of which each had a number for a name
	spares chan []byte   // buffers for direct that nobody uses
}

// takeGround makes a folder if it is not there. What owner left unfinished when it was killed is removed, and what any owner did
// that was not heard of for long.
func takeGround(dir, owner string, spare int64) (*ground, error) {
	if !isElement(owner) {
		return nil, fmt.Errorf("owner: %w: %q", ErrName, owner)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	g := &ground{root: root, own: path.Join(unfinished, owner), spare: spare, spares: make(chan []byte, maxSpares)}
	g.free = func() (int64, bool) { return disk.Free(dir) }
	err = root.RemoveAll(g.own)
	if err == nil {
		err = root.MkdirAll(g.own, 0o700)
	}
	if err == nil {
		err = g.tidy()
	}
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return g, nil
}

// tidy removes the unfinished files of owners that are gone.
func (g *ground) tidy() error {
	owners, err := fs.ReadDir(g.root.FS(), unfinished)
	if err != nil {
		return err
	}
	for _, o := range owners {
		dir := path.Join(unfinished, o.Name())
		files, err := fs.ReadDir(g.root.FS(), dir)
		if err != nil || dir == g.own {
			continue // gone meanwhile
		}
		for _, f := range files {
			if info, err := f.Info(); err == nil && time.Since(info.ModTime()) > forgotten {
				_ = g.root.Remove(path.Join(dir, f.Name())) // else the next start does
			}
		}
	}
	return nil
}

// room says whether so many bytes more may be written. Where it is not known how many are free, they may.
func (g *ground) room(more int64) error {
	free, known := g.free()
	if known && free-more < g.spare {
		return fmt.Errorf("%w: %d MiB of the disk are free, %d MiB are left to others", ErrFull, free>>20, g.spare>>20)
	}
	return nil
}

// draft is a file that is not seen yet. It ends with settle or drop.
type draft struct {
	g      *ground
	at     string
	f      *os.File
	unseen int64 // bytes written since there was a look at the room left
	over   bool
}

func (g *ground) begin() (*draft, error) {
	at := path.Join(g.own, strconv.FormatUint(g.drafts.Add(1), 36))
	f, err := g.root.OpenFile(at, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, full(err)
	}
	return &draft{g: g, at: at, f: f}, nil
}

// Write implements io.Writer.
func (d *draft) Write(p []byte) (int, error) {
	if d.unseen += int64(len(p)); d.unseen >= lookEvery {
		d.unseen = 0
		if err := d.g.room(int64(len(p))); err != nil {
			return 0, err
		}
	}
	n, err := d.f.Write(p)
	return n, full(err)
}

// fill writes all of an object, for which there was a look at the room left.
func (d *draft) fill(data [][]byte, write func(*os.File, [][]byte) error) error {
	err := write(d.f, data)
	if err != nil {
		d.drop()
	}
	return full(err)
}

// cached writes pieces, one after the other.
func cached(f *os.File, pieces [][]byte) error {
	for _, p := range pieces {
		if _, err := f.Write(p); err != nil {
			return err
		}
	}
	return nil
}

// finish makes the bytes durable. Only the name is missing then.
func (d *draft) finish() error {
	if d.over {
		return fs.ErrClosed
	}
	d.over = true
	err := errors.Join(d.f.Sync(), d.f.Close())
	if err != nil {
		_ = d.g.root.Remove(d.at)
	}
	return full(err)
}

// drop forgets the file.
func (d *draft) drop() {
	if d.over {
		return
	}
	d.over = true
	_ = d.f.Close()
	_ = d.g.root.Remove(d.at) // else the next start does
}

// sync makes the entries of a folder as durable as what they lead to.
func (g *ground) sync(dir string) error {
	f, err := g.root.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(full(f.Sync()), f.Close())
}

// full says of an error of the disk that there is no room where it means that.
func full(err error) error {
	if err != nil && disk.Full(err) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}

package blob

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"sync"
)

// FolderConfig is what a Folder is told.
type FolderConfig struct {
	Path string // made if it is not there
	// Owner names who writes here, an element of a name: what it left unfinished is removed when it opens the folder again. Those
	// who share a folder have different ones. Default: alone.
	Owner string
	// Spare is how many bytes of the disk are left to others: nothing is stored that would take of them, where it is known how
	// many are free.
	Spare int64
}

// Folder is a Store on a disk: an object is a file of its name. Others may share the folder, from other machines too, with owners
// of their own. A disk that hangs holds up who asks, whatever his context says.
type Folder struct {
	*ground

	mu      sync.Mutex // guards the two below; not held while the disk is asked
	open    map[string]*shared
	durable map[string]bool // folders that are on the disk for sure, at most maxDurable
}

var _ Store = (*Folder)(nil)

const (
	maxDurable = 4096 // folders remembered
	// directLeast is the size, in bytes, from which on an object is written past the page cache: a segment, and no picture.
	directLeast = 256 << 10
	maxTries    = 8 // of giving a file its name, while others remove the folders that lead to it
)

// OpenFolder opens a folder.
func OpenFolder(cfg FolderConfig) (*Folder, error) {
	if cfg.Owner == "" {
		cfg.Owner = "alone"
	}
	g, err := takeGround(cfg.Path, cfg.Owner, cfg.Spare)
	if err != nil {
		return nil, fmt.Errorf("open folder %s: %w", cfg.Path, err)
	}
	return &Folder{ground: g, open: map[string]*shared{}, durable: map[string]bool{}}, nil
}

// Close lets the folder go. Who reads an object may read on.
func (d *Folder) Close() error { return d.root.Close() }

// Stats are what was done here, and how much room there is.
func (d *Folder) Stats() Stats { return d.stats() }

// Room answers an ErrFull where so many bytes more find no room now.
func (d *Folder) Room(more int64) error { return d.room(more) }

// Put implements Store.
func (d *Folder) Put(ctx context.Context, name string, data ...[]byte) (err error) {
	if err := errors.Join(CheckName(name), ctx.Err()); err != nil {
		return err
	}
	size := sizeOf(data)
	defer func() { d.count.put(size, err) }()
	if err := d.room(size); err != nil {
		return err
	}
	w, err := d.begin()
	if err != nil {
		return err
	}
	write := cached
	if size >= directLeast {
		write = d.direct
	}
	if err := w.fill(data, write); err != nil {
		return err
	}
	return d.settle(w, name)
}

// Create implements Store.
func (d *Folder) Create(ctx context.Context, name string) (Writer, error) {
	if err := errors.Join(CheckName(name), ctx.Err()); err != nil {
		return nil, err
	}
	err := d.room(0)
	var w *draft
	if err == nil {
		w, err = d.begin()
	}
	if err != nil {
		d.count.put(0, err)
		return nil, err
	}
	return &folderWriter{draft: w, d: d, name: name}, nil
}

type folderWriter struct {
	*draft
	d    *Folder
	name string
	size int64
	err  error // the first one
}

// Write implements io.Writer.
func (w *folderWriter) Write(p []byte) (int, error) {
	n, err := w.draft.Write(p)
	w.size += int64(n)
	if w.err == nil {
		w.err = err
	}
	return n, err
}

// Commit implements Writer. What could not be written whole is not kept.
func (w *folderWriter) Commit() error {
	err := w.err
	if err != nil {
		w.drop()
	} else {
		err = w.d.settle(w.draft, w.name)
	}
	w.d.count.put(w.size, err)
	return err
}

// Discard implements Writer.
func (w *folderWriter) Discard() { w.drop() }

// settle gives a file its name: the bytes first, then the folders that lead to it, then the name.
func (d *Folder) settle(w *draft, name string) error {
	if err := w.finish(); err != nil {
		return err
	}
	err := d.name(w.at, name)
	if err != nil {
		_ = d.root.Remove(w.at)
		return fmt.Errorf("keep %s: %w", name, full(err))
	}
	return nil
}

func (d *Folder) name(from, name string) (err error) {
	dir := path.Dir(name)
	for range maxTries {
		if err = d.lead(dir); err == nil {
			err = d.root.Rename(from, name)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			break
		}
		d.doubt(dir) // who removed the last object in it removed it too
	}
	if err != nil {
		return err
	}
	if err = d.sync(dir); errors.Is(err, fs.ErrNotExist) {
		return nil // the object was removed at once, and its folder with it
	}
	return err
}

// lead makes a folder and those that lead to it, durably.
func (d *Folder) lead(dir string) error {
	if dir == "." || d.isDurable(dir) {
		return nil
	}
	parent := path.Dir(dir)
	if err := d.lead(parent); err != nil {
		return err
	}
	if err := d.root.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := d.sync(parent); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.durable) >= maxDurable {
		clear(d.durable)
	}
	d.durable[dir] = true
	return nil
}

func (d *Folder) isDurable(dir string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.durable[dir]
}

// doubt forgets that a folder and those that lead to it are there.
func (d *Folder) doubt(dir string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for ; dir != "."; dir = path.Dir(dir) {
		delete(d.durable, dir)
	}
}

// Remove implements Store. Folders that are empty then go too.
func (d *Folder) Remove(ctx context.Context, names ...string) error {
	if err := checkNames(names); err != nil {
		return err
	}
	dirs := map[string]bool{}
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !d.is(name, fs.FileMode.IsRegular) {
			continue
		}
		if err := d.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		d.count.removed.Add(1)
		dirs[path.Dir(name)] = true
	}
	for dir := range dirs {
		left := d.prune(dir)
		if err := d.sync(left); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// prune removes a folder and those that lead to it as far as they are empty, and answers the first that is left.
func (d *Folder) prune(dir string) string {
	for ; dir != "." && d.is(dir, fs.FileMode.IsDir); dir = path.Dir(dir) {
		if d.root.Remove(dir) != nil {
			break
		}
		d.doubt(dir)
	}
	return dir
}

// is says whether there is something of a kind under a name.
func (d *Folder) is(name string, kind func(os.FileMode) bool) bool {
	info, err := d.root.Lstat(name)
	return err == nil && kind(info.Mode())
}

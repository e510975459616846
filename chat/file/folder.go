package file

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"sync"
	"syscall"

	"liveroom/internal/disk"
)

// unfinished is the folder of files being written. What is found there at the start was left by a crash.
const unfinished = "unfinished"

// Folder is Blobs in a folder of their own: ab/abcdef… for the file abcdef…
type Folder struct {
	root  *os.Root // nothing outside of it can be reached, whatever an id is
	spare int64

	mu   sync.Mutex // guards open
	open map[string]*shared
}

var _ Blobs = (*Folder)(nil)

// shared is an open file, one for all who read it: thousands ask for a picture at once.
type shared struct {
	f       *os.File
	size    int64
	readers int
}

// OpenFolder makes the folder if it is not there, and removes what a crash left unfinished. Only one process may use it.
// Spare bytes of the disk are left to others: nothing is begun while fewer are free, where that is known.
func OpenFolder(dir string, spare int64) (*Folder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	err = root.RemoveAll(unfinished)
	if err == nil {
		err = root.Mkdir(unfinished, 0o700)
	}
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return &Folder{root: root, spare: spare, open: map[string]*shared{}}, nil
}

// Close lets the folder go. Who reads a file may read on.
func (d *Folder) Close() error { return d.root.Close() }

func place(id string) (dir, name string) { return id[:2], path.Join(id[:2], id) }

// Create implements Blobs.
func (d *Folder) Create(id string) (Blob, error) {
	if free, known := disk.Free(d.root.Name()); known && free < d.spare {
		return nil, syscall.ENOSPC
	}
	f, err := d.root.OpenFile(path.Join(unfinished, id), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	return &folderBlob{d: d, id: id, f: f}, nil
}

// folderBlob is a file being written.
type folderBlob struct {
	d    *Folder
	id   string
	f    *os.File
	done bool
}

func (b *folderBlob) Write(p []byte) (int, error) { return b.f.Write(p) }

// Commit implements Blob: the bytes first, then the name, then the folders that lead to it.
func (b *folderBlob) Commit() error {
	if err := b.f.Sync(); err != nil {
		return err
	}
	dir, name := place(b.id)
	made := b.d.root.Mkdir(dir, 0o700)
	if made != nil && !errors.Is(made, fs.ErrExist) {
		return made
	}
	if err := b.d.root.Rename(path.Join(unfinished, b.id), name); err != nil {
		return err
	}
	b.done = true
	err := errors.Join(b.f.Close(), b.d.sync(dir))
	if made == nil {
		err = errors.Join(err, b.d.sync("."))
	}
	return err
}

// Discard implements Blob.
func (b *folderBlob) Discard() {
	if b.done {
		return
	}
	b.done = true
	_ = b.f.Close()
	_ = b.d.root.Remove(path.Join(unfinished, b.id)) // else the next start does
}

// sync makes the entries of a folder as durable as what they lead to.
func (d *Folder) sync(dir string) error {
	f, err := d.root.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Open implements Blobs.
func (d *Folder) Open(id string) (Reader, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.open[id]
	if s == nil {
		_, name := place(id)
		f, err := d.root.Open(name)
		if err != nil {
			return nil, err
		}
		info, err := f.Stat()
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		s = &shared{f: f, size: info.Size()}
		d.open[id] = s
	}
	s.readers++
	return &folderReader{SectionReader: io.NewSectionReader(s.f, 0, s.size), d: d, id: id, of: s}, nil
}

// folderReader is one reader of a shared file.
type folderReader struct {
	*io.SectionReader
	d    *Folder
	id   string
	of   *shared
	once sync.Once
}

// Close lets go of the file; the last one closes it.
func (r *folderReader) Close() (err error) {
	r.once.Do(func() {
		r.d.mu.Lock()
		defer r.d.mu.Unlock()
		if r.of.readers--; r.of.readers > 0 {
			return
		}
		if r.d.open[r.id] == r.of {
			delete(r.d.open, r.id)
		}
		err = r.of.f.Close()
	})
	return err
}

// Remove implements Blobs.
func (d *Folder) Remove(id string) error {
	_, name := place(id)
	if err := d.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.open, id) // who comes now finds nothing
	return nil
}

// Each implements Blobs. What has no name of a file is left alone: it is not ours.
func (d *Folder) Each(see func(Held) error) error {
	dirs, err := fs.ReadDir(d.root.FS(), ".")
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		if dir.Name() == unfinished || !dir.IsDir() {
			continue
		}
		files, err := fs.ReadDir(d.root.FS(), dir.Name())
		if err != nil {
			return err
		}
		for _, f := range files {
			id := f.Name()
			if !ValidID(id) || id[:2] != dir.Name() {
				continue
			}
			info, err := f.Info()
			if errors.Is(err, fs.ErrNotExist) {
				continue // removed meanwhile
			}
			if err == nil {
				err = see(Held{id, info.Size(), info.ModTime()})
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

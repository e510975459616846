package blob

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"syscall"
)

// shared is an open file, one for all who read it: thousands watch the same segment at once, and each would need a descriptor.
type shared struct {
	f       *os.File
	info    fs.FileInfo
	readers int // guarded by the Folder's mu; the last one closes the file
}

// Open implements Store.
func (d *Folder) Open(ctx context.Context, name string) (Object, error) {
	if err := errors.Join(CheckName(name), ctx.Err()); err != nil {
		return nil, err
	}
	info, err := d.root.Lstat(name)
	if err != nil {
		return nil, missing(err)
	}
	if s := d.join(name, info); s != nil {
		return newFolderObject(d, s, name), nil
	}
	f, err := d.root.Open(name)
	if err != nil {
		return nil, missing(err)
	}
	if info, err = f.Stat(); err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("open %s: %w", name, fs.ErrNotExist)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	s := &shared{f: f, info: info, readers: 1}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open[name] = s // if there was another, it is open for those who have it
	return newFolderObject(d, s, name), nil
}

// missing says that nothing is there where a name leads through a file.
func missing(err error) error {
	if errors.Is(err, syscall.ENOTDIR) {
		return fmt.Errorf("%w: %w", fs.ErrNotExist, err)
	}
	return err
}

// join takes part in a file that is open and still has its name.
func (d *Folder) join(name string, now fs.FileInfo) *shared {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.open[name]
	if s == nil || !os.SameFile(s.info, now) {
		return nil
	}
	s.readers++
	return s
}

// folderObject is one reader of a shared file.
type folderObject struct {
	*io.SectionReader
	d    *Folder
	name string
	of   *shared
	once sync.Once
}

func newFolderObject(d *Folder, s *shared, name string) *folderObject {
	return &folderObject{SectionReader: io.NewSectionReader(s.f, 0, s.info.Size()), d: d, name: name, of: s}
}

// Held implements Object.
func (o *folderObject) Held() Held { return Held{o.name, o.of.info.Size(), o.of.info.ModTime()} }

// Close implements Object.
func (o *folderObject) Close() (err error) {
	o.once.Do(func() {
		if o.d.leave(o.name, o.of) {
			err = o.of.f.Close()
		}
	})
	return err
}

// leave says whether that was the last reader.
func (d *Folder) leave(name string, s *shared) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s.readers--; s.readers > 0 {
		return false
	}
	if d.open[name] == s {
		delete(d.open, name)
	}
	return true
}

// List implements Store. It holds the entries of one folder of each depth in memory. What has no name of an object is left alone:
// it is not ours.
func (d *Folder) List(ctx context.Context, prefix, after string, see func(Held) error) error {
	dir := "."
	if i := strings.LastIndexByte(prefix, '/'); i >= 0 {
		dir = prefix[:i]
		if CheckName(dir) != nil {
			return ctx.Err() // nothing has such a name
		}
	}
	return d.list(ctx, dir, prefix, after, see)
}

// entry is an entry of a folder under the name that it is sorted by: that of a folder is followed by a slash in all names below it.
type entry struct {
	fs.DirEntry
	key string
}

func (d *Folder) list(ctx context.Context, dir, prefix, after string, see func(Held) error) error {
	read, err := fs.ReadDir(d.root.FS(), dir)
	if err = missing(err); errors.Is(err, fs.ErrNotExist) {
		return ctx.Err()
	}
	if err != nil {
		return err
	}
	entries := make([]entry, 0, len(read))
	for _, e := range read {
		switch name := path.Join(dir, e.Name()); {
		case !isElement(e.Name()):
		case e.IsDir():
			entries = append(entries, entry{e, name + "/"})
		case e.Type().IsRegular() && name > after && strings.HasPrefix(name, prefix):
			entries = append(entries, entry{e, name})
		}
	}
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Compare(a.key, b.key) })
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		if e.IsDir() {
			err = d.descend(ctx, e.key, prefix, after, see)
		} else {
			err = d.show(e, see)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// descend lists a folder, given with its slash, if names that are asked for can be below it.
func (d *Folder) descend(ctx context.Context, dir, prefix, after string, see func(Held) error) error {
	asked := strings.HasPrefix(dir, prefix) || strings.HasPrefix(prefix, dir)
	passed := dir < after && !strings.HasPrefix(after, dir)
	if !asked || passed {
		return nil
	}
	return d.list(ctx, strings.TrimSuffix(dir, "/"), prefix, after, see)
}

func (d *Folder) show(e entry, see func(Held) error) error {
	info, err := e.Info()
	if errors.Is(err, fs.ErrNotExist) {
		return nil // removed meanwhile
	}
	if err != nil || len(e.key) > MaxName {
		return err
	}
	return see(Held{e.key, info.Size(), info.ModTime()})
}

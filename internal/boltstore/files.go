package boltstore

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"liveroom/chat/file"
)

// Buckets of the files' records, made with the first file:
//
//	files        file id → storedFile (JSON)
//	files.age    creation (Unix ns, 8 bytes, big endian), file id → nothing
//	files.group  group id, 0, file id → nothing: files of groups
//	files.shown  group id, 0, message's number (8 bytes, big endian) → file.Shown (JSON)
var (
	bucketFiles      = []byte("files")
	bucketFilesAge   = []byte("files.age")
	bucketFilesGroup = []byte("files.group")
	bucketFilesShown = []byte("files.shown")
)

// storedFile is a record in the file. ShownIn are the messages of its group that show it, by number.
type storedFile struct {
	file.Info
	ShownIn []uint64 `json:"shownIn,omitempty"`
}

// maxShownIn bounds ShownIn: the newest are kept.
const maxShownIn = 50

// Files is the file as file.Store. Everything is class A.
type Files struct{ s *Store }

var _ file.Store = (*Files)(nil)

// Files is the view of the file that uploaded files have.
func (s *Store) Files() *Files { return &Files{s: s} }

func ageKey(f file.Info) []byte {
	return append(number(uint64(f.CreatedAt.UnixNano())), f.ID...)
}

func groupKey(group, id string) []byte {
	return append(append([]byte(group), 0), id...)
}

// AddFile implements file.Store.
func (v *Files) AddFile(ctx context.Context, f file.Info) error {
	return v.s.update(ctx, func(tx *bolt.Tx) error {
		for _, name := range [][]byte{bucketFiles, bucketFilesAge, bucketFilesGroup, bucketFilesShown} {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		if tx.Bucket(bucketFiles).Get([]byte(f.ID)) != nil {
			return file.ErrTaken
		}
		if err := putJSON(tx.Bucket(bucketFiles), []byte(f.ID), storedFile{Info: f}); err != nil {
			return err
		}
		if err := mark(tx.Bucket(bucketFilesAge), ageKey(f), true); err != nil {
			return err
		}
		return mark(tx.Bucket(bucketFilesGroup), groupKey(f.Group, f.ID), f.Group != "")
	})
}

// File implements file.Store.
func (v *Files) File(ctx context.Context, id string) (f file.Info, err error) {
	err = v.s.view(ctx, func(tx *bolt.Tx) error {
		found, err := getFile(tx, id)
		f = found.Info
		return err
	})
	return f, err
}

func getFile(tx *bolt.Tx, id string) (f storedFile, err error) {
	b := tx.Bucket(bucketFiles)
	if b == nil {
		return f, file.ErrUnknown
	}
	if found, err := getJSON(b, []byte(id), &f); err != nil || !found {
		return f, errors.Join(err, file.ErrUnknown)
	}
	return f, nil
}

// eachFile changes those of files that there are.
func eachFile(tx *bolt.Tx, ids []string, change func(storedFile) error) error {
	for _, id := range ids {
		f, err := getFile(tx, id)
		if errors.Is(err, file.ErrUnknown) {
			continue
		}
		if err == nil {
			err = change(f)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// WithdrawFiles implements file.Store.
func (v *Files) WithdrawFiles(ctx context.Context, ids []string) (fresh []file.Info, err error) {
	err = v.s.update(ctx, func(tx *bolt.Tx) error {
		fresh = nil
		return eachFile(tx, ids, func(f storedFile) error {
			if f.Withdrawn {
				return nil
			}
			f.Withdrawn = true
			fresh = append(fresh, f.Info)
			return putJSON(tx.Bucket(bucketFiles), []byte(f.ID), f)
		})
	})
	if err != nil {
		return nil, err
	}
	return fresh, nil
}

// DeleteFiles implements file.Store.
func (v *Files) DeleteFiles(ctx context.Context, ids []string) error {
	return v.s.update(ctx, func(tx *bolt.Tx) error {
		return eachFile(tx, ids, func(f storedFile) error {
			for _, seq := range f.ShownIn {
				if err := unshow(tx.Bucket(bucketFilesShown), roomKey(f.Group, seq), f.ID); err != nil {
					return err
				}
			}
			return errors.Join(
				tx.Bucket(bucketFiles).Delete([]byte(f.ID)),
				tx.Bucket(bucketFilesAge).Delete(ageKey(f.Info)),
				tx.Bucket(bucketFilesGroup).Delete(groupKey(f.Group, f.ID)))
		})
	})
}

// unshow takes a file out of what a message shows.
func unshow(b *bolt.Bucket, key []byte, id string) error {
	var s file.Shown
	if found, err := getJSON(b, key, &s); err != nil || !found {
		return err
	}
	s.IDs = slices.DeleteFunc(s.IDs, func(other string) bool { return other == id })
	if len(s.IDs) == 0 {
		return b.Delete(key)
	}
	return putJSON(b, key, s)
}

// ShowFiles implements file.Store.
func (v *Files) ShowFiles(ctx context.Context, group string, seq uint64, s file.Shown) error {
	return v.s.update(ctx, func(tx *bolt.Tx) error {
		noted := file.Shown{From: s.From}
		err := eachFile(tx, s.IDs, func(f storedFile) error {
			if f.Group != group {
				return nil
			}
			noted.IDs = append(noted.IDs, f.ID)
			if f.ShownIn = append(f.ShownIn, seq); len(f.ShownIn) > maxShownIn {
				if err := unshow(tx.Bucket(bucketFilesShown), roomKey(group, f.ShownIn[0]), f.ID); err != nil {
					return err
				}
				f.ShownIn = f.ShownIn[1:]
			}
			return putJSON(tx.Bucket(bucketFiles), []byte(f.ID), f)
		})
		if err != nil {
			return err
		}
		if len(noted.IDs) == 0 {
			return nil
		}
		return putJSON(tx.Bucket(bucketFilesShown), roomKey(group, seq), noted)
	})
}

// FilesShown implements file.Store.
func (v *Files) FilesShown(ctx context.Context, group string, seq uint64) (s file.Shown, err error) {
	err = v.s.view(ctx, func(tx *bolt.Tx) error {
		if b := tx.Bucket(bucketFilesShown); b != nil {
			_, err := getJSON(b, roomKey(group, seq), &s)
			return err
		}
		return nil
	})
	return s, err
}

// OldFiles implements file.Store.
func (v *Files) OldFiles(ctx context.Context, before time.Time, limit int) (old []file.Info, err error) {
	end := number(uint64(max(before.UnixNano(), 0)))
	err = v.s.view(ctx, func(tx *bolt.Tx) error {
		b := tx.Bucket(bucketFilesAge)
		if b == nil {
			return nil
		}
		c := b.Cursor()
		for k, _ := c.First(); k != nil && len(old) < limit && bytes.Compare(k[:8], end) < 0; k, _ = c.Next() {
			f, err := getFile(tx, string(k[8:]))
			if err != nil {
				return err
			}
			old = append(old, f.Info)
		}
		return nil
	})
	return old, err
}

// GroupFiles implements file.Store.
func (v *Files) GroupFiles(ctx context.Context, group string, before time.Time, limit int) (some []file.Info, err error) {
	err = v.s.view(ctx, func(tx *bolt.Tx) error {
		b := tx.Bucket(bucketFilesGroup)
		if b == nil {
			return nil
		}
		c, prefix := b.Cursor(), groupKey(group, "")
		for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix) && len(some) < limit; k, _ = c.Next() {
			f, err := getFile(tx, string(k[len(prefix):]))
			if err != nil {
				return err
			}
			if f.CreatedAt.Before(before) {
				some = append(some, f.Info)
			}
		}
		return nil
	})
	return some, err
}

// FileGroups implements file.Store.
func (v *Files) FileGroups(ctx context.Context) (groups []string, err error) {
	err = v.s.view(ctx, func(tx *bolt.Tx) error {
		b := tx.Bucket(bucketFilesGroup)
		if b == nil {
			return nil
		}
		c := b.Cursor()
		for k, _ := c.First(); k != nil; {
			group, _, _ := bytes.Cut(k, []byte{0})
			groups = append(groups, string(group))
			k, _ = c.Seek(append(bytes.Clone(group), 1)) // past all of this group
		}
		return nil
	})
	return groups, err
}

// FilesSince implements file.Store: the database is next to the files.
func (v *Files) FilesSince(context.Context) (time.Time, error) { return time.Time{}, nil }

// FilesUsage implements file.Store.
func (v *Files) FilesUsage(ctx context.Context) (files int, size int64, err error) {
	err = v.s.view(ctx, func(tx *bolt.Tx) error {
		b := tx.Bucket(bucketFiles)
		if b == nil {
			return nil
		}
		return b.ForEach(func(k, _ []byte) error {
			f, err := getFile(tx, string(k))
			if err == nil && !f.Withdrawn {
				files++
				size += f.Size
			}
			return err
		})
	})
	return files, size, err
}

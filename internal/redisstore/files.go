package redisstore

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"liveroom/chat"
	"liveroom/chat/file"
)

// Files is Redis as file.Store. Its keys:
//
//	{lr}:files         hash: file id → storedFile (JSON)
//	{lr}:files:age     sorted set: file ids by creation (Unix µs)
//	{lr}:files:group   sorted set: group id, 0, file id, all of score 0: files of groups
//	{lr}:files:shown   hash: group id, 0, message's number → file.Shown (JSON)
//	{lr}:files:early   sorted set: ids of files that a message showed before they were there, by when (Unix ms)
//	{lr}:files:usage   hash: files, bytes: how many are not withdrawn, and their bytes; since: when it was first asked for that
//	                   (Unix s, the clock of Redis)
type Files struct {
	s                                    *Store
	all, age, group, shown, early, usage string
}

var _ file.Shared = (*Files)(nil)

// storedFile is a record in Redis. ShownIn are the messages of its group that show it, by number.
type storedFile struct {
	file.Info
	ShownIn []uint64 `json:"shownIn,omitempty"`
}

// maxShownIn bounds ShownIn: the newest are kept.
const maxShownIn = 50

var (
	scriptFileGroups = load("file_groups")
	scriptFilesSince = load("files_since")
)

// Files is the view of Redis that uploaded files have.
func (s *Store) Files() *Files {
	of := func(parts ...string) string { return s.key("lr", append([]string{"files"}, parts...)...) }
	return &Files{s: s, all: of(), age: of("age"), group: of("group"), shown: of("shown"), early: of("early"), usage: of("usage")}
}

func groupMember(group, id string) string { return group + "\x00" + id }

func shownField(group string, seq uint64) string {
	return groupMember(group, strconv.FormatUint(seq, 10))
}

// AddFile implements file.Store.
func (v *Files) AddFile(ctx context.Context, f file.Info) error {
	return v.change(ctx, []string{f.ID}, func(_ context.Context, d *draft, old []storedFile) error {
		if len(old) > 0 {
			return file.ErrTaken
		}
		d.do("ZADD", v.age, f.CreatedAt.UnixMicro(), f.ID)
		if f.Group != "" {
			d.do("ZADD", v.group, 0, groupMember(f.Group, f.ID))
		}
		if !f.Withdrawn {
			v.count(d, 1, f.Size)
		}
		return d.put(v.all, f.ID, storedFile{Info: f})
	})
}

// change lets f change those of files that there are, each once.
func (v *Files) change(ctx context.Context, ids []string, f func(ctx context.Context, d *draft, old []storedFile) error) error {
	var different []string
	for _, id := range ids {
		if !slices.Contains(different, id) {
			different = append(different, id)
		}
	}
	return v.s.change(ctx, chat.OperationAge, func(ctx context.Context, d *draft) error {
		values, err := d.fields(ctx, v.all, different...)
		if err != nil {
			return err
		}
		old, err := decodeFiles(values)
		if err != nil {
			return err
		}
		return f(ctx, d, old)
	})
}

// decodeFiles leaves out what is not there.
func decodeFiles(values []any) (files []storedFile, err error) {
	for _, value := range values {
		f, found, err := decode[storedFile](value)
		if err != nil {
			return nil, err
		}
		if found {
			files = append(files, f)
		}
	}
	return files, nil
}

// count notes that so many files more or less are kept.
func (v *Files) count(d *draft, files int, size int64) {
	d.do("HINCRBY", v.usage, "files", files)
	d.do("HINCRBY", v.usage, "bytes", size)
}

// File implements file.Store.
func (v *Files) File(ctx context.Context, id string) (file.Info, error) {
	all, err := v.records(ctx, []string{id})
	if err != nil {
		return file.Info{}, err
	}
	if len(all) == 0 {
		return file.Info{}, file.ErrUnknown
	}
	return all[0], nil
}

// records returns those of files that there are.
func (v *Files) records(ctx context.Context, ids []string) ([]file.Info, error) {
	ctx, cancel := v.s.within(ctx)
	defer cancel()
	values, err := v.s.fields(ctx, v.all, ids...)
	if err != nil {
		return nil, err
	}
	files, err := decodeFiles(values)
	infos := make([]file.Info, len(files))
	for i, f := range files {
		infos[i] = f.Info
	}
	return infos, err
}

// WithdrawFiles implements file.Store.
func (v *Files) WithdrawFiles(ctx context.Context, ids []string) (fresh []file.Info, err error) {
	err = v.change(ctx, ids, func(_ context.Context, d *draft, old []storedFile) error {
		fresh = nil
		for _, f := range old {
			if f.Withdrawn {
				continue
			}
			f.Withdrawn = true
			fresh = append(fresh, f.Info)
			v.count(d, -1, -f.Size)
			if err := d.put(v.all, f.ID, f); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return fresh, nil
}

// DeleteFiles implements file.Store.
func (v *Files) DeleteFiles(ctx context.Context, ids []string) error {
	return v.change(ctx, ids, func(ctx context.Context, d *draft, old []storedFile) error {
		left := map[string]*file.Shown{} // by field of shown
		for _, f := range old {
			d.do("HDEL", v.all, f.ID)
			d.do("ZREM", v.age, f.ID)
			d.do("ZREM", v.group, groupMember(f.Group, f.ID))
			if !f.Withdrawn {
				v.count(d, -1, -f.Size)
			}
			for _, seq := range f.ShownIn {
				if err := v.unshow(ctx, d, left, shownField(f.Group, seq), f.ID); err != nil {
					return err
				}
			}
		}
		return v.putShown(d, left)
	})
}

// unshow takes a file out of what a message shows; left has those that were read.
func (v *Files) unshow(ctx context.Context, d *draft, left map[string]*file.Shown, field, id string) error {
	s := left[field]
	if s == nil {
		values, err := d.fields(ctx, v.shown, field)
		if err != nil {
			return err
		}
		read, found, err := decode[file.Shown](values[0])
		if err != nil || !found {
			return err
		}
		s = &read
		left[field] = s
	}
	s.IDs = slices.DeleteFunc(s.IDs, func(other string) bool { return other == id })
	return nil
}

func (v *Files) putShown(d *draft, left map[string]*file.Shown) error {
	for field, s := range left {
		if len(s.IDs) == 0 {
			d.do("HDEL", v.shown, field)
		} else if err := d.put(v.shown, field, s); err != nil {
			return err
		}
	}
	return nil
}

// ShowFiles implements file.Store.
func (v *Files) ShowFiles(ctx context.Context, group string, seq uint64, s file.Shown) error {
	return v.change(ctx, s.IDs, func(ctx context.Context, d *draft, old []storedFile) error {
		left := map[string]*file.Shown{}
		noted := file.Shown{From: s.From}
		for _, f := range old {
			if f.Group != group {
				continue
			}
			noted.IDs = append(noted.IDs, f.ID)
			if f.ShownIn = append(f.ShownIn, seq); len(f.ShownIn) > maxShownIn {
				if err := v.unshow(ctx, d, left, shownField(group, f.ShownIn[0]), f.ID); err != nil {
					return err
				}
				f.ShownIn = f.ShownIn[1:]
			}
			if err := d.put(v.all, f.ID, f); err != nil {
				return err
			}
		}
		if len(noted.IDs) == 0 {
			return nil
		}
		return errors.Join(v.putShown(d, left), d.put(v.shown, shownField(group, seq), noted))
	})
}

// FilesShown implements file.Store.
func (v *Files) FilesShown(ctx context.Context, group string, seq uint64) (file.Shown, error) {
	ctx, cancel := v.s.within(ctx)
	defer cancel()
	values, err := v.s.fields(ctx, v.shown, shownField(group, seq))
	if err != nil {
		return file.Shown{}, err
	}
	s, _, err := decode[file.Shown](values[0])
	return s, err
}

// maxEarly bounds how many files are remembered that were shown too early: the newest.
const maxEarly = 10_000

// ShowEarly implements file.Shared.
func (v *Files) ShowEarly(ctx context.Context, ids []string, age time.Duration) error {
	return v.s.change(ctx, chat.OperationAge, func(_ context.Context, d *draft) error {
		now := time.Now().UnixMilli()
		for _, id := range ids {
			d.do("ZADD", v.early, now, id)
		}
		d.do("ZREMRANGEBYRANK", v.early, 0, -maxEarly-1)
		d.do("PEXPIRE", v.early, age.Milliseconds())
		return nil
	})
}

// ShownEarly implements file.Shared.
func (v *Files) ShownEarly(ctx context.Context, id string) (bool, error) {
	ctx, cancel := v.s.within(ctx)
	defer cancel()
	err := v.s.rdb.ZScore(ctx, v.early, id).Err()
	if errors.Is(err, redis.Nil) {
		return false, nil
	}
	return err == nil, away(err)
}

// OldFiles implements file.Store.
func (v *Files) OldFiles(ctx context.Context, before time.Time, limit int) ([]file.Info, error) {
	ctx, cancel := v.s.within(ctx)
	defer cancel()
	ids, err := v.s.rdb.ZRangeArgs(ctx, redis.ZRangeArgs{Key: v.age, ByScore: true, Start: "-inf", Stop: before.UnixMicro(), Count: int64(limit)}).Result()
	if err != nil {
		return nil, away(err)
	}
	return v.madeBefore(ctx, ids, before)
}

// madeBefore returns the records of files that were made before a moment.
func (v *Files) madeBefore(ctx context.Context, ids []string, before time.Time) ([]file.Info, error) {
	all, err := v.records(ctx, ids)
	return slices.DeleteFunc(all, func(f file.Info) bool { return !f.CreatedAt.Before(before) }), err
}

// GroupFiles implements file.Store.
func (v *Files) GroupFiles(ctx context.Context, group string, before time.Time, limit int) (some []file.Info, err error) {
	ctx, cancel := v.s.within(ctx)
	defer cancel()
	for after := "(" + groupMember(group, ""); len(some) < limit; {
		members, err := v.s.rdb.ZRangeArgs(ctx, redis.ZRangeArgs{Key: v.group, ByLex: true, Start: after, Stop: "(" + group + "\x01", Count: int64(limit)}).Result()
		if err != nil || len(members) == 0 {
			return some, away(err)
		}
		after = "(" + members[len(members)-1]
		for i, m := range members {
			members[i] = m[len(group)+1:]
		}
		page, err := v.madeBefore(ctx, members, before)
		if err != nil {
			return nil, err
		}
		some = append(some, page...)
	}
	return some[:limit], nil
}

// FileGroups implements file.Store.
func (v *Files) FileGroups(ctx context.Context) (groups []string, err error) {
	for after := ""; ; {
		page, err := v.s.run(ctx, scriptFileGroups, []string{v.group}, after, groupsAtOnce).StringSlice()
		if err != nil {
			return nil, away(err)
		}
		groups = append(groups, page...)
		if len(page) < groupsAtOnce {
			return groups, nil
		}
		after = page[len(page)-1]
	}
}

// FilesSince implements file.Store.
func (v *Files) FilesSince(ctx context.Context) (time.Time, error) {
	since, err := v.s.run(ctx, scriptFilesSince, []string{v.usage}).Int64()
	if err != nil {
		return time.Time{}, away(err)
	}
	return time.Unix(since, 0), nil
}

// FilesUsage implements file.Store.
func (v *Files) FilesUsage(ctx context.Context) (files int, size int64, err error) {
	ctx, cancel := v.s.within(ctx)
	defer cancel()
	values, err := v.s.fields(ctx, v.usage, "files", "bytes")
	if err != nil {
		return 0, 0, err
	}
	if files, _, err = decode[int](values[0]); err == nil {
		size, _, err = decode[int64](values[1])
	}
	return files, size, err
}

package blob_test

import (
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"liveroom/live/blob"
	"liveroom/live/blob/blobtest"
)

var plainName = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$`)

func openFolder(t *testing.T, cfg blob.FolderConfig) *blob.Folder {
	t.Helper()
	d, err := blob.OpenFolder(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func TestFolder(t *testing.T) {
	t.Parallel()
	blobtest.Store(t, func(t *testing.T) blob.Store {
		return openFolder(t, blob.FolderConfig{Path: filepath.Join(t.TempDir(), "to", "recordings")})
	})
}

// begun starts an object and leaves it as a crash would.
func begun(t *testing.T, d blob.Store, name string) {
	t.Helper()
	w, err := d.Create(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, "half"); err != nil {
		t.Fatal(err)
	}
}

// filesIn are all files in a folder, and that nobody else may read them.
func filesIn(t *testing.T, dir string) (all []string) {
	t.Helper()
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		want := os.FileMode(0o700)
		if !info.IsDir() {
			all, want = append(all, strings.TrimPrefix(path, dir+"/")), 0o600
		}
		if got := info.Mode().Perm(); got != want && path != dir {
			t.Errorf("%s is %o", path, got)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestWhatACrashLeftIsRemoved: what the owner himself left, and what anyone left long ago, but not what another is writing.
func TestWhatACrashLeftIsRemoved(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	mine, other := blob.FolderConfig{Path: dir, Owner: "mine"}, openFolder(t, blob.FolderConfig{Path: dir, Owner: "other"})
	d := openFolder(t, mine)
	begun(t, d, "a")
	blobtest.Put(t, d, "rec/b", []byte("whole"))
	begun(t, other, "c")
	begun(t, other, "d")
	left := filesIn(t, dir)
	if len(left) != 4 {
		t.Fatalf("%v", left)
	}
	i := slices.IndexFunc(left, func(name string) bool { return strings.HasPrefix(name, ".unfinished/other/") })
	old := time.Now().Add(-25 * time.Hour)
	if err := os.Chtimes(filepath.Join(dir, left[i]), old, old); err != nil {
		t.Fatal(err)
	}
	d = openFolder(t, mine)
	want := []string{left[i+1], "rec/b"}
	if got := filesIn(t, dir); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := blobtest.Names(t, d, "", ""); !slices.Equal(got, []string{"rec/b"}) {
		t.Errorf("%v", got)
	}
}

// TestEmptyFoldersGo: of a recording that was removed nothing is left.
func TestEmptyFoldersGo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := openFolder(t, blob.FolderConfig{Path: dir})
	for _, name := range []string{"rec/1/chat/a", "rec/1/b", "rec/2/a"} {
		blobtest.Put(t, d, name, nil)
	}
	if err := d.Remove(t.Context(), "rec/1/chat/a", "rec/1/b"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "rec", "1")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("its folder is left: %v", err)
	}
	if err := d.Remove(t.Context(), "rec/2/a"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "rec")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder of all is left: %v", err)
	}
	blobtest.Put(t, d, "rec/1/b", []byte("again"))
}

// TestStrangersFilesAreLeftAlone: what an operator or another program put into the folder is no object.
func TestStrangersFilesAreLeftAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := openFolder(t, blob.FolderConfig{Path: dir})
	if err := os.MkdirAll(filepath.Join(dir, "rec", "lost+found"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"read me", ".nfs0001", "rec/.hidden", "rec/lost+found/x"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got := blobtest.Names(t, d, "", ""); got != nil {
		t.Errorf("%v", got)
	}
}

// TestNothingOutsideIsReached: a folder follows no link out of itself, whoever made it.
func TestNothingOutsideIsReached(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	secret := filepath.Join(base, "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(base, "recordings")
	d := openFolder(t, blob.FolderConfig{Path: dir})
	for link, to := range map[string]string{"file": secret, "dir": base} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"file", "dir/secret"} {
		if o, err := d.Open(t.Context(), name); err == nil {
			t.Errorf("%s was opened: %v", name, o)
		}
		_ = d.Remove(t.Context(), name)
	}
	if err := d.Put(t.Context(), "dir/made", []byte("x")); err == nil {
		t.Error("put something outside")
	}
	if got := blobtest.Names(t, d, "", ""); got != nil {
		t.Errorf("%v", got)
	}
	if got, err := os.ReadFile(secret); string(got) != "secret" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := os.Lstat(filepath.Join(dir, "dir")); err != nil {
		t.Errorf("the operator's link was removed: %v", err)
	}
}

// TestTheDiskIsNotFilled: the database on it needs room too.
func TestTheDiskIsNotFilled(t *testing.T) {
	t.Parallel()
	d := openFolder(t, blob.FolderConfig{Path: t.TempDir(), Spare: math.MaxInt64 / 2})
	if err := d.Put(t.Context(), "a", []byte("x")); !errors.Is(err, blob.ErrFull) {
		t.Errorf("put with less free than is to be left: %v", err)
	}
	if _, err := d.Create(t.Context(), "a"); !errors.Is(err, blob.ErrFull) {
		t.Errorf("begun with less free than is to be left: %v", err)
	}
	if st := d.Stats(); st.Full != 2 || st.Failed != 0 || !st.IsFull() {
		t.Errorf("%+v", st)
	}
}

// TestOneDescriptorForAllReaders, and none left open.
func TestOneDescriptorForAllReaders(t *testing.T) {
	t.Parallel()
	d := openFolder(t, blob.FolderConfig{Path: t.TempDir()})
	blobtest.Put(t, d, "a", []byte("first"))
	var open []blob.Object
	for range 3000 {
		o, err := d.Open(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, o)
	}
	blobtest.Put(t, d, "a", []byte("second"))
	if got := blobtest.Get(t, d, "a"); string(got) != "second" {
		t.Errorf("%q", got)
	}
	for _, o := range open {
		if got, err := io.ReadAll(o); string(got) != "first" || err != nil {
			t.Fatalf("%q, %v", got, err)
		}
		if err := errors.Join(o.Close(), o.Close()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := open[0].ReadAt(make([]byte, 1), 0); !errors.Is(err, os.ErrClosed) {
		t.Errorf("still open: %v", err)
	}
}

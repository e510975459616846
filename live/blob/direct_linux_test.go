package blob

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// TestPastThePageCache: whatever an object's size and pieces are, it is what was put.
func TestPastThePageCache(t *testing.T) {
	t.Parallel()
	g := &ground{spares: make(chan []byte, maxSpares)}
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, size := range []int{0, 1, directBlock - 1, directBlock, directBlock + 1, directStep - 1, directStep, directStep + directBlock, 3*directStep + 5} {
		data := make([]byte, size)
		for i := range data {
			data[i] = byte(rnd.Uint32())
		}
		path := filepath.Join(t.TempDir(), fmt.Sprint(size))
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := g.direct(f, append(slices.Collect(slices.Chunk(data, 83_001)), nil)); err != nil {
			t.Errorf("%d bytes: %v", size, err)
		}
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%d of %d bytes are there, or others, %v", len(got), size, err)
		}
		if flags, err := unix.FcntlInt(f.Fd(), unix.F_GETFL, 0); err != nil || flags&unix.O_DIRECT != 0 {
			t.Errorf("the rest would be written past the page cache: %o, %v", flags, err)
		}
	}
}

// TestWhatCannotPassThePageCache is written through it.
func TestWhatCannotPassThePageCache(t *testing.T) {
	t.Parallel()
	data := bytes.Repeat([]byte("0123456789abcdef"), directStep/8)
	f, err := os.Create(filepath.Join(t.TempDir(), "x"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	g := &ground{spares: make(chan []byte, maxSpares)}
	g.spares <- g.buffer()[1:] // disks don't read from there
	if err := g.direct(f, [][]byte{data}); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(f.Name()); err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d of %d bytes are there, or others, %v", len(got), len(data), err)
	}
}

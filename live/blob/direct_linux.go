package blob

import (
	"errors"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// directStep is how much is written past the page cache at once, directBlock what both that and where it lies in memory are a
	// multiple of: no disk's blocks are larger.
	directStep  = 1 << 20
	directBlock = 4096
)

// direct writes pieces, one after the other, past the page cache as far as the disk's file system does so: what is recorded is seldom
// read soon, and to keep it in memory costs more than to copy it here into one buffer, and takes memory from what is read.
func (g *ground) direct(f *os.File, pieces [][]byte) error {
	buf := g.buffer()
	defer func() {
		select {
		case g.spares <- buf:
		default:
		}
	}()
	past := setDirect(f, true) == nil
	write := func(b []byte) error {
		n, err := f.Write(b)
		if past && errors.Is(err, syscall.EINVAL) { // not here, or not so
			past = false
			if err = setDirect(f, false); err == nil {
				_, err = f.Write(b[n:])
			}
		}
		return err
	}
	at := 0
	for _, p := range pieces {
		for len(p) > 0 {
			n := copy(buf[at:], p)
			p = p[n:]
			if at += n; at == len(buf) {
				if err := write(buf); err != nil {
					return err
				}
				at = 0
			}
		}
	}
	whole := at - at%directBlock
	if whole > 0 {
		if err := write(buf[:whole]); err != nil {
			return err
		}
	}
	if past {
		if err := setDirect(f, false); err != nil {
			return err
		}
	}
	if whole == at {
		return nil
	}
	_, err := f.Write(buf[whole:at]) // what fills no block
	return err
}

// buffer is directStep bytes where the disk can read them.
func (g *ground) buffer() []byte {
	select {
	case b := <-g.spares:
		return b
	default:
	}
	b := make([]byte, directStep+directBlock)
	skip := -uintptr(unsafe.Pointer(unsafe.SliceData(b))) % directBlock
	return b[skip:][:directStep]
}

// setDirect has a file written past the page cache, or not.
func setDirect(f *os.File, on bool) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		var flags int
		if flags, failed = unix.FcntlInt(fd, unix.F_GETFL, 0); failed != nil {
			return
		}
		if flags &^= unix.O_DIRECT; on {
			flags |= unix.O_DIRECT
		}
		_, failed = unix.FcntlInt(fd, unix.F_SETFL, flags)
	})
	return errors.Join(err, failed)
}

package ffmpeg

import (
	"io"
	"os"
	"time"
)

// outputs are the pipes that a process writes to.
type outputs struct {
	ours  []*os.File
	write []*os.File // the process's ends
}

func pipes(n int) (*outputs, error) {
	o := &outputs{}
	for range n {
		r, w, err := os.Pipe()
		if err != nil {
			return o, err
		}
		o.ours, o.write = append(o.ours, r), append(o.write, w)
	}
	return o, nil
}

// started lets go of the process's ends, which it has by now.
func (o *outputs) started() {
	for _, f := range o.write {
		_ = f.Close()
	}
	o.write = nil
}

// close lets go of everything.
func (o *outputs) close() {
	o.started()
	for _, f := range o.ours {
		_ = f.Close()
	}
}

// read begins to read all outputs, each up to limit bytes; over is called where one has more. The returned function waits
// for them, and says whether each was read to its end.
func (o *outputs) read(limit int, over func()) func() (all [][]byte, whole bool) {
	type one struct {
		at   int
		data []byte
		err  error
	}
	done := make(chan one)
	for i, f := range o.ours {
		go func() {
			data, err := io.ReadAll(io.LimitReader(f, int64(limit)+1))
			if len(data) > limit {
				over()
			}
			done <- one{i, data, err}
		}()
	}
	return func() ([][]byte, bool) {
		all, whole := make([][]byte, len(o.ours)), true
		for range o.ours {
			d := <-done
			all[d.at] = d.data
			whole = whole && d.err == nil
		}
		return all, whole
	}
}

// hurry ends reading at a time at the latest.
func (o *outputs) hurry(at time.Time) {
	for _, f := range o.ours {
		_ = f.SetReadDeadline(at)
	}
}

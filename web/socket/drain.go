package socket

// replyPause is how many bytes of answers may wait before the next frame of the client is read.
const replyPause = 64 << 10

// next says what a writer does after take.
type next uint8

const (
	writeOn  next = iota // write what was taken and come again
	rest                 // end; another one is started when there is something again
	finished             // end; nothing will ever follow
)

// take moves what the next write takes into bufs.
func (q *queue) take(bufs [][]byte) ([][]byte, next) {
	q.mu.Lock()
	defer q.mu.Unlock()
	defer q.wake()
	n, size := 0, 0
	for n < len(q.entries) && n < maxWriteFrames && size < maxWriteBytes {
		e := &q.entries[n]
		b := e.b
		if left := maxWriteBytes - size; len(b) > left {
			b = b[:left]
			q.split(e, left)
		} else {
			q.count(*e, -len(b))
			q.partial = false
			n++
		}
		bufs, size = append(bufs, b), size+len(b)
	}
	q.shift(n)
	switch {
	case size > 0:
		return bufs, writeOn
	case q.closed:
		q.writing = false
		return bufs, finished
	}
	q.writing = false
	return bufs, rest
}

// split keeps the rest of an entry of which n bytes are being written: from now on it cannot be dropped.
func (q *queue) split(e *entry, n int) {
	q.count(*e, -len(e.b))
	e.b, e.class = e.b[n:], reply
	q.count(*e, len(e.b))
	q.partial = true
}

func (q *queue) count(e entry, n int) {
	if e.class == reply {
		q.replyBytes += n
	} else {
		q.batchBytes += n
	}
}

// shift forgets the first n entries, and the space that a busy moment needed once it is over.
func (q *queue) shift(n int) {
	const keep = 4
	left := copy(q.entries, q.entries[n:])
	clear(q.entries[left:])
	q.entries = q.entries[:left]
	if left == 0 && cap(q.entries) > keep {
		q.entries = nil
	}
}

// wake tells those who wait that something moved. The lock is held.
func (q *queue) wake() {
	if q.moved != nil {
		close(q.moved)
		q.moved = nil
	}
}

// await returns a channel that is closed when something moved, or nil if there is nothing to wait for: the writer rests,
// or, unless all must be written, few bytes of answers wait.
func (q *queue) await(all bool) <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.writing || !all && q.replyBytes < replyPause {
		return nil
	}
	if q.moved == nil {
		q.moved = make(chan struct{})
	}
	return q.moved
}

// close queues the last frames (nil is none) and takes nothing more. With abandon, what waited is given up for them. First is false,
// and nothing happens, if the queue was closed before; start asks the caller to start a writer.
func (q *queue) close(abandon bool, last ...[]byte) (first, start bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return false, false
	}
	q.closed = true
	q.held = nil
	if abandon {
		q.abandon()
	}
	for _, b := range last {
		if b != nil {
			q.append(b, reply)
		}
	}
	return true, q.start()
}

// abandon gives up what waits, but for the rest of a frame that is written in part. The lock is held.
func (q *queue) abandon() {
	keep := 0
	if q.partial {
		keep = 1
	}
	for _, e := range q.entries[keep:] {
		q.count(e, -len(e.b))
	}
	clear(q.entries[keep:])
	q.entries = q.entries[:keep]
}

// broken ends the writer after an error: nobody will read what waits.
func (q *queue) broken() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed, q.writing, q.partial = true, false, false
	q.abandon()
	q.held = nil
	q.wake()
}

// isClosed says whether nothing more is taken.
func (q *queue) isClosed() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed
}

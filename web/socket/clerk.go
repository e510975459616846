package socket

import "sync"

// idleClerks is how many clerks wait for work; more end when theirs is done.
const idleClerks = 64

// clerks handle the frames that readers read. What a frame needs goes deep (JSON, the chat, the store): were it done where
// it was read, each of thousands of connections would grow its stack for its first frames, and keep it until the garbage
// collector has looked twice. Clerks have grown theirs, and there are as many as frames being handled.
type clerks struct {
	wg   sync.WaitGroup
	mu   sync.Mutex
	idle []*clerk // the one that worked last is taken first
}

// clerk is a goroutine that handles one frame at a time. It ends when in is closed.
type clerk struct {
	in  chan frameOf
	out chan struct{} // has a token when the frame is handled
}

// frameOf is a frame and the session that read it.
type frameOf struct {
	s       *session
	payload []byte
}

// handle has a frame handled and waits for that, so that a session's frames come one after the other.
func (c *clerks) handle(s *session, payload []byte) {
	one := c.take()
	one.in <- frameOf{s, payload}
	<-one.out
	c.put(one)
}

func (c *clerks) take() *clerk {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := len(c.idle); n > 0 {
		one := c.idle[n-1]
		c.idle = c.idle[:n-1]
		return one
	}
	one := &clerk{in: make(chan frameOf), out: make(chan struct{})}
	c.wg.Go(one.work)
	return one
}

func (c *clerks) put(one *clerk) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.idle) < idleClerks {
		c.idle = append(c.idle, one)
		return
	}
	close(one.in)
}

// dismiss ends those that are idle, and waits. No session is left that could hand over a frame.
func (c *clerks) dismiss() {
	c.mu.Lock()
	for _, one := range c.idle {
		close(one.in)
	}
	c.idle = nil
	c.mu.Unlock()
	c.wg.Wait()
}

func (c *clerk) work() {
	for f := range c.in {
		f.handle()
		c.out <- struct{}{}
	}
}

// handle ends the session if its frame makes the program panic, and no other.
func (f frameOf) handle() {
	defer f.s.recovered()
	f.s.handle(f.payload)
}

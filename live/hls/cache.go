package hls

import (
	"container/list"
	"context"
	"sync"
	"time"
)

// maxFlights is how much may be asked of other nodes at a time; what goes beyond is told to come back.
const maxFlights = 1024

// remotes are the streams of other nodes that are played here: where they are, what of them is kept, and what is being
// asked. What many want is asked once.
type remotes struct {
	mu      sync.Mutex // guards what follows
	streams map[string]*remote
	flights map[string]*flight

	limit  int
	bytes  int
	order  *list.List // of *kept, the one used last in front
	byName map[string]*list.Element

	hits uint64
}

// kept is a file of another node.
type kept struct {
	key     string
	file    file
	expires time.Time
}

// flight is a question on its way, for all who ask the same.
type flight struct {
	done  chan struct{}
	value any
	err   error
}

func newRemotes(limit int) *remotes {
	return &remotes{
		streams: make(map[string]*remote), flights: make(map[string]*flight),
		limit: limit, order: list.New(), byName: make(map[string]*list.Element),
	}
}

// get returns a file that is kept.
func (c *remotes) get(key string, now time.Time) (file, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.byName[key]
	if e == nil {
		return file{}, false
	}
	k := e.Value.(*kept)
	if !now.Before(k.expires) {
		c.drop(e)
		return file{}, false
	}
	c.order.MoveToFront(e)
	c.hits++
	return k.file, true
}

// put keeps a file for some time; what was not used for longest makes room.
func (c *remotes) put(key string, f file, age time.Duration, now time.Time) {
	if age <= 0 || f.bytes > c.limit {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.byName[key]; e != nil {
		c.drop(e)
	}
	c.byName[key] = c.order.PushFront(&kept{key, f, now.Add(age)})
	c.bytes += f.bytes
	for c.bytes > c.limit {
		c.drop(c.order.Back())
	}
}

// drop forgets a file. The mutex is held.
func (c *remotes) drop(e *list.Element) {
	k := e.Value.(*kept)
	c.order.Remove(e)
	delete(c.byName, k.key)
	c.bytes -= k.file.bytes
}

// once has ask answer a question for all who have it at the same time. It goes on when the first of them has left; ask
// bounds itself.
func (c *remotes) once(ctx context.Context, key string, ask func(context.Context) (any, error)) (any, error) {
	c.mu.Lock()
	f := c.flights[key]
	if f == nil && len(c.flights) >= maxFlights {
		c.mu.Unlock()
		return nil, errStalled
	}
	if f != nil {
		c.mu.Unlock()
		select {
		case <-f.done:
			return f.value, f.err
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	f = &flight{done: make(chan struct{}), err: errStalled} // if ask panics
	c.flights[key] = f
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		delete(c.flights, key)
		c.mu.Unlock()
		close(f.done)
	}()
	f.value, f.err = ask(context.WithoutCancel(ctx))
	return f.value, f.err
}

// remoteKept is how long a stream is remembered that nobody asks for.
const remoteKept = 2 * time.Minute

// sweep forgets what nobody asks for, and files that are too old.
func (c *remotes) sweep(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, m := range c.streams {
		if m.idle(now) {
			delete(c.streams, name)
		}
	}
	for e := c.order.Back(); e != nil; {
		before := e.Prev()
		if k := e.Value.(*kept); !now.Before(k.expires) {
			c.drop(e)
		}
		e = before
	}
}

// count adds the figures.
func (c *remotes) count(st *Stats) {
	c.mu.Lock()
	defer c.mu.Unlock()
	st.Remotes, st.CacheBytes, st.CacheHits = len(c.streams), c.bytes, c.hits
}

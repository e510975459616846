package callback

import (
	"context"
	"sync"
	"time"
)

// asker asks receivers, each only as much at a time as it bears (desk).
type asker struct {
	client    *Client
	receivers *Registry

	mu    sync.Mutex
	desks map[string]*desk // by endpoint
}

// receiver is the one that is asked: the first that names the command.
func (a *asker) receiver(command string) (Endpoint, bool) {
	to := a.receivers.Wants(command)
	if len(to) == 0 {
		return Endpoint{}, false
	}
	return to[0], true
}

// ask asks a receiver; the questions of one group are bounded together. post sends the question, and read says whether what
// came is an answer. The error is a *failure, of whyBusy or whyOpen where nothing was sent, or that of ctx.
func (a *asker) ask(ctx context.Context, to Endpoint, group string, post func() (answer, error), read func(answer) error) error {
	d := a.desk(to)
	if why := d.enter(group, time.Now()); why != "" {
		return &failure{why: why}
	}
	got, err := post()
	if ctx.Err() != nil {
		d.abandoned(group)
		return ctx.Err()
	}
	if err == nil {
		err = read(got)
	}
	d.leave(group, err == nil, time.Now())
	return err
}

// desk is where a receiver is asked. Those of receivers that are gone go when a new one comes.
func (a *asker) desk(to Endpoint) *desk {
	a.mu.Lock()
	defer a.mu.Unlock()
	if d := a.desks[to.ID]; d != nil && d.url == to.URL {
		return d
	}
	for id := range a.desks {
		if _, known := a.receivers.Endpoint(id); !known {
			delete(a.desks, id)
		}
	}
	d := &desk{url: to.URL, groups: map[string]int{}}
	a.desks[to.ID] = d
	return d
}

// open is how many receivers are left alone now.
func (a *asker) open() (n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, d := range a.desks {
		if d.open() {
			n++
		}
	}
	return n
}

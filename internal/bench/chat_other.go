//go:build !linux

package bench

import (
	"context"
	"errors"
	"sync"
	"time"
)

// listeners need epoll: thousands of connections on one thread.
type listeners struct {
	crowdCounts
	workers []*worker
}

type worker struct {
	tally
	all        *listeners
	window     *window
	mine       []*listener
	memos      []memo
	unfinished int
}

func newListeners(context.Context, *chatRun) (*listeners, error) {
	return nil, errors.New("the load of a chat needs Linux (epoll); the server may run anywhere")
}

func (*listeners) rampTime() time.Duration                { return 0 }
func (all *listeners) settled() int64                     { return all.in.Load() + all.failed.Load() }
func (*listeners) start(context.Context, *sync.WaitGroup) {}
func (*listeners) close()                                 {}

package redisstore

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"liveroom/chat"
)

// chatFeed holds the subscriptions of a node: one connection to each server that has groups which are followed.
//
// A server refuses a command that names channels of different slots, and go-redis's own reconnecting sends one; so a
// connection is used once, and begun anew by us, one command for each group. Nothing lies between a connection and the
// followers that could be full: who does not keep up makes Redis close the connection, which is told as Missed.
type chatFeed struct {
	s *Store
	c *Chat

	ping, silence time.Duration // a connection is asked so often, and dead after having said nothing for so long

	running chan struct{} // closed when run begins
	wg      sync.WaitGroup

	mu     sync.Mutex // guards what follows
	ctx    context.Context
	ended  bool                  // no link begins any more
	groups map[string]*following // by channel
	links  map[string]*feedLink  // by address; "" without a cluster
}

// following is one group that somebody on this node follows.
type following struct {
	group, channel string

	telling sync.Mutex // held while followers are told
	own     []position // that they were told by the operation itself, newest last

	// Guarded by chatFeed.mu.
	link      *feedLink
	followers []*chatFollower
	ready     chan struct{} // closed while it is subscribed
	subbed    bool
	lost      bool // it was subscribed before
}

type chatFollower struct{ chat.Follower }

type position struct {
	epoch string
	pos   uint64
}

// ownKept is how many positions of own operations are remembered until they come by the subscription.
const ownKept = 64

func newChatFeed(s *Store, c *Chat) *chatFeed {
	return &chatFeed{s: s, c: c, ping: time.Second, silence: 3 * time.Second, running: make(chan struct{}), groups: make(map[string]*following), links: make(map[string]*feedLink)}
}

// run keeps the subscriptions until ctx ends.
func (f *chatFeed) run(ctx context.Context) error {
	f.mu.Lock()
	f.ctx = ctx
	f.mu.Unlock()
	close(f.running)
	<-ctx.Done()
	f.mu.Lock()
	f.ended = true
	f.mu.Unlock()
	f.wg.Wait()
	return context.Cause(ctx)
}

// Follow implements chat.Feed.
func (c *Chat) Follow(ctx context.Context, group string, follower chat.Follower) (stop func(), err error) {
	ctx, cancel := c.s.within(ctx)
	defer cancel()
	f := c.feed
	select {
	case <-f.running:
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: nothing is received yet", ErrAway)
	}
	one := &chatFollower{follower}
	fl, err := f.join(ctx, group, c.key(group, "feed"), one)
	if err != nil {
		return nil, err
	}
	for {
		f.mu.Lock()
		ready, subscribed := fl.ready, fl.subbed
		f.mu.Unlock()
		if subscribed {
			return func() { f.leave(fl, one) }, nil
		}
		select {
		case <-ready:
		case <-ctx.Done():
			f.leave(fl, one)
			return nil, fmt.Errorf("%w: no subscription to group %q", ErrAway, group)
		}
	}
}

// follows says whether somebody follows a group.
func (f *chatFeed) follows(group string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.groups[f.s.key("g:"+group, "feed")] != nil
}

// join adds a follower, and subscribes to its group if nobody has.
func (f *chatFeed) join(ctx context.Context, group, channel string, one *chatFollower) (*following, error) {
	rdb, addr, err := f.owner(ctx, channel)
	if err != nil {
		return nil, away(err)
	}
	f.mu.Lock()
	fl := f.groups[channel]
	if fl == nil {
		fl = &following{group: group, channel: channel, ready: make(chan struct{})}
		f.groups[channel] = fl
	}
	fl.followers = append(slices.Clone(fl.followers), one)
	var link *feedLink
	if fl.link == nil {
		if link, err = f.attach(fl, rdb, addr); err != nil {
			delete(f.groups, channel)
			f.mu.Unlock()
			return nil, err
		}
	}
	f.mu.Unlock()
	if link != nil {
		link.subscribe(channel)
	}
	return fl, nil
}

// attach gives a group to the link of a server. The lock is held.
func (f *chatFeed) attach(fl *following, rdb *redis.Client, addr string) (*feedLink, error) {
	if f.ended {
		return nil, fmt.Errorf("%w: nothing is received any more", ErrAway)
	}
	l := f.links[addr]
	if l == nil {
		l = &feedLink{f: f, addr: addr, rdb: rdb, wants: make(map[string]*following)}
		f.links[addr] = l
		f.wg.Go(func() { l.run(f.ctx) })
	}
	fl.link, l.wants[fl.channel] = l, fl
	return l, nil
}

// leave removes a follower; it waits for a call under way.
func (f *chatFeed) leave(fl *following, one *chatFollower) {
	if link := f.drop(fl, one); link != nil {
		link.unsubscribe(fl.channel)
	}
}

// drop returns the link that need not hold the group any more, if there is one.
func (f *chatFeed) drop(fl *following, one *chatFollower) (link *feedLink) {
	fl.telling.Lock() // nobody is being told
	defer fl.telling.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	fl.followers = slices.DeleteFunc(slices.Clone(fl.followers), func(other *chatFollower) bool { return other == one })
	if len(fl.followers) > 0 || f.groups[fl.channel] != fl {
		return nil
	}
	delete(f.groups, fl.channel)
	if link = fl.link; link != nil {
		delete(link.wants, fl.channel)
		fl.link = nil
	}
	return link
}

// owner is the server that has a channel.
func (f *chatFeed) owner(ctx context.Context, channel string) (*redis.Client, string, error) {
	switch c := f.s.rdb.(type) {
	case *redis.Client:
		return c, "", nil
	case *redis.ClusterClient:
		rdb, err := c.MasterForKey(ctx, channel)
		if err != nil {
			return nil, "", err
		}
		return rdb, rdb.Options().Addr, nil
	}
	return nil, "", fmt.Errorf("redis: %T has no sharded channels", f.s.rdb)
}

// took tells the followers of an entry that an operation of this node made.
func (f *chatFeed) took(group string, e chat.Entry) {
	f.mu.Lock()
	fl := f.groups[f.s.key("g:"+group, "feed")]
	f.mu.Unlock()
	if fl == nil {
		return
	}
	fl.telling.Lock()
	defer fl.telling.Unlock()
	if len(fl.own) == ownKept {
		fl.own = slices.Delete(fl.own, 0, ownKept/2)
	}
	fl.own = append(fl.own, position{e.Epoch, e.Pos})
	for _, one := range f.followersOf(fl) {
		one.Took(e)
	}
}

func (f *chatFeed) followersOf(fl *following) []*chatFollower {
	f.mu.Lock()
	defer f.mu.Unlock()
	return fl.followers
}

// came tells the followers of what came by the subscription.
func (f *chatFeed) came(fl *following, payload string) error {
	fl.telling.Lock()
	defer fl.telling.Unlock()
	e, told, err := decodePublished(fl.group, payload, func(epoch string, pos uint64, op string) bool {
		f.c.group(fl.group).came(known{epoch, pos, op})
		at := slices.Index(fl.own, position{epoch, pos})
		if at >= 0 {
			fl.own = slices.Delete(fl.own, at, at+1)
		}
		return at >= 0
	})
	if err != nil || told {
		return err
	}
	for _, one := range f.followersOf(fl) {
		one.Took(e)
	}
	return nil
}

// missed tells the followers that something may have been missed.
func (f *chatFeed) missed(fl *following) {
	f.c.group(fl.group).resubscribed()
	fl.telling.Lock()
	defer fl.telling.Unlock()
	for _, one := range f.followersOf(fl) {
		one.Missed()
	}
}

// feedPause is how long a link waits before it tries again.
const feedPause = 100 * time.Millisecond

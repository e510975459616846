package redisstore

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/redis/go-redis/v9"
)

var errSilent = errors.New("the subscription was silent for too long")

// feedLink is the connection for subscriptions to one server.
type feedLink struct {
	f    *chatFeed
	addr string

	// Guarded by chatFeed.mu.
	rdb      *redis.Client
	settling bool                  // soon; see later
	wants    map[string]*following // by channel
	ps       *redis.PubSub         // nil: not connected
}

// run connects again and again, until ctx ends or nobody needs the server any more.
func (l *feedLink) run(ctx context.Context) {
	for {
		err := l.session(ctx)
		if ctx.Err() != nil {
			return
		}
		if l.f.broken(l) {
			return
		}
		l.f.s.log.Debug("chat subscriptions were lost", "server", l.addr, "err", err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(feedPause):
		}
		l.f.settle(ctx, l)
	}
}

// session is one connection, from its subscriptions to its end.
func (l *feedLink) session(ctx context.Context) error {
	l.f.mu.Lock()
	rdb := l.rdb
	l.f.mu.Unlock()
	ps := rdb.SSubscribe(ctx)
	defer ps.Close()
	defer context.AfterFunc(ctx, func() { _ = ps.Close() })()
	if err := ps.Ping(ctx); err != nil { // connects
		return err
	}
	l.f.mu.Lock()
	l.ps = ps
	channels := make([]string, 0, len(l.wants))
	for channel := range l.wants {
		channels = append(channels, channel)
	}
	l.f.mu.Unlock()
	for _, channel := range channels {
		if err := ps.SSubscribe(ctx, channel); err != nil {
			return err
		}
	}
	heard := time.Now()
	for {
		got, err := ps.ReceiveTimeout(ctx, l.f.ping)
		var timeout net.Error
		switch {
		case err == nil:
			heard = time.Now()
			err = l.receive(ctx, got)
		case errors.As(err, &timeout) && timeout.Timeout():
			if err = ps.Ping(ctx); time.Since(heard) > l.f.silence {
				err = errSilent
			}
		default:
			var reply redis.Error
			if errors.As(err, &reply) { // of a channel that moved, or can't be had yet
				heard, err = time.Now(), nil
				l.f.s.log.Debug("a chat subscription was refused", "err", reply)
				l.later(ctx)
			}
		}
		if err != nil {
			return err
		}
	}
}

// receive handles what a connection said.
func (l *feedLink) receive(ctx context.Context, got any) error {
	switch v := got.(type) {
	case *redis.Message:
		if fl := l.f.wanted(l, v.Channel); fl != nil {
			return l.f.came(fl, v.Payload)
		}
	case *redis.Subscription:
		switch v.Kind {
		case "ssubscribe":
			l.f.subscribed(l, v.Channel)
		case "sunsubscribe":
			if l.f.moved(l, v.Channel) {
				l.later(ctx)
			}
		}
	}
	return nil
}

// later looks in a moment where the groups are that are not subscribed to.
func (l *feedLink) later(ctx context.Context) {
	l.f.mu.Lock()
	defer l.f.mu.Unlock()
	if l.settling {
		return
	}
	l.settling = true
	l.f.wg.Go(func() {
		select {
		case <-ctx.Done():
		case <-time.After(feedPause):
			l.f.settle(ctx, l)
		}
	})
}

// subscribe asks for a channel, if there is a connection; else the next one will.
func (l *feedLink) subscribe(channel string) { l.ask(channel, (*redis.PubSub).SSubscribe) }

// unsubscribe is the reverse.
func (l *feedLink) unsubscribe(channel string) { l.ask(channel, (*redis.PubSub).SUnsubscribe) }

func (l *feedLink) ask(channel string, what func(*redis.PubSub, context.Context, ...string) error) {
	l.f.mu.Lock()
	ps, ctx := l.ps, l.f.ctx
	l.f.mu.Unlock()
	if ps != nil {
		_ = what(ps, ctx, channel) // a connection that fails is noticed by who reads it
	}
}

// wanted is what is followed by a channel of a link.
func (f *chatFeed) wanted(l *feedLink, channel string) *following {
	f.mu.Lock()
	defer f.mu.Unlock()
	return l.wants[channel]
}

// subscribed notes that a channel is there. If it was before, something may have been missed.
func (f *chatFeed) subscribed(l *feedLink, channel string) {
	f.mu.Lock()
	fl := l.wants[channel]
	if fl == nil {
		f.mu.Unlock()
		return
	}
	missed := fl.lost || fl.subbed
	if !fl.subbed {
		close(fl.ready)
	}
	fl.subbed, fl.lost = true, false
	f.mu.Unlock()
	if missed {
		f.missed(fl)
	}
}

// moved notes that a server gave up a channel, and says whether it is still wanted.
func (f *chatFeed) moved(l *feedLink, channel string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	fl := l.wants[channel]
	if fl == nil || !fl.subbed { // we gave it up
		return false
	}
	fl.lose()
	return true
}

// lose notes that a subscription is gone. chatFeed.mu is held.
func (fl *following) lose() {
	if fl.subbed {
		fl.subbed, fl.lost, fl.ready = false, true, make(chan struct{})
	}
}

// broken notes that a connection ended, and says whether its link ends with it, because nobody needs it.
func (f *chatFeed) broken(l *feedLink) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	l.ps = nil
	for _, fl := range l.wants {
		fl.lose()
	}
	if len(l.wants) > 0 {
		return false
	}
	delete(f.links, l.addr)
	return true
}

// settle finds out where the groups of a link are that are not subscribed to, and asks there.
func (f *chatFeed) settle(ctx context.Context, l *feedLink) {
	if c, ok := f.s.rdb.(*redis.ClusterClient); ok {
		c.ReloadState(ctx)
	}
	f.mu.Lock()
	l.settling = false
	var some []*following
	for _, fl := range l.wants {
		if !fl.subbed {
			some = append(some, fl)
		}
	}
	f.mu.Unlock()
	for _, fl := range some {
		rdb, addr, err := f.owner(ctx, fl.channel)
		if err != nil {
			l.subscribe(fl.channel) // which is refused, so that it is tried again
			continue
		}
		if link := f.move(fl, l, rdb, addr); link != nil {
			link.subscribe(fl.channel)
		}
	}
}

// move gives a group to the link of another server, and returns who must ask for it.
func (f *chatFeed) move(fl *following, from *feedLink, rdb *redis.Client, addr string) *feedLink {
	f.mu.Lock()
	defer f.mu.Unlock()
	if fl.link != from || fl.subbed {
		return nil // settled meanwhile
	}
	if addr == from.addr {
		from.rdb = rdb // the client may have been made anew
		return from
	}
	delete(from.wants, fl.channel)
	link, err := f.attach(fl, rdb, addr)
	if err != nil {
		return nil
	}
	return link
}

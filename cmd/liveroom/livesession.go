package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"liveroom/chat"
	"liveroom/status"
)

// groupWait is how long what is known of a group may take to be read, if it is not in memory.
const groupWait = 2 * time.Second

// liveSession is the id of the live session that a group's room is in, be it paused; empty: it is in none. It is what the
// group's members were told last, as far as this node can read it.
func (p *program) liveSession(group string) string {
	r := p.statusOf(group)
	if r.Code != status.Live && r.Code != status.Paused {
		return ""
	}
	return r.Session
}

// newestSession is the live session that a group's room is in, or else was in last; empty: there was none.
func (p *program) newestSession(group string) string { return p.statusOf(group).Session }

// statusOf is what the members of a group were told last of its room's status. While that can't be read it is what was read
// last.
func (p *program) statusOf(group string) status.Record {
	ctx, cancel := context.WithTimeout(context.Background(), groupWait)
	defer cancel()
	r, err := p.toldStatus(ctx, group)
	return p.lastStatus.newest(group, r, err)
}

// toldStatus reads what the members of a group were told last of its room's status; the zero one: nothing, or there is no such
// group.
func (p *program) toldStatus(ctx context.Context, group string) (r status.Record, err error) {
	found, err := p.chat.Attributes(ctx, group, []string{chat.StatusKey})
	if errors.Is(err, chat.ErrNoGroup) {
		return r, nil
	}
	if err != nil {
		return r, err
	}
	text := found.All[chat.StatusKey]
	if text == "" {
		return r, nil
	}
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return status.Record{}, fmt.Errorf("status of group %s: %w", group, err)
	}
	return r, nil
}

// lastStatuses remembers what groups were told last, as this node read it. The zero value is ready.
type lastStatuses struct {
	mu  sync.Mutex // guards all
	all map[string]status.Record
}

// lastStatusesMost is of how many groups that is remembered; beyond, any are forgotten.
const lastStatusesMost = 10_000

// newest is a record that was read, or the one before it where it could not be.
func (l *lastStatuses) newest(group string, r status.Record, err error) status.Record {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err != nil:
		return l.all[group]
	case r.Session == "": // no session is known, so none can be missed
		delete(l.all, group)
		return r
	case l.all == nil || len(l.all) >= lastStatusesMost && l.all[group].Room == "":
		l.all = map[string]status.Record{}
	}
	l.all[group] = r
	return r
}

// anchorOf is the account of a group's owner; it may be empty.
func (p *program) anchorOf(group string) string {
	ctx, cancel := context.WithTimeout(context.Background(), groupWait)
	defer cancel()
	g, err := p.chat.Group(ctx, group)
	if err != nil {
		return ""
	}
	return g.Owner
}

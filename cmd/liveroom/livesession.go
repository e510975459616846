package main

import (
	"context"
	"encoding/json"
	"time"

	"liveroom/chat"
	"liveroom/status"
)

// groupWait is how long what is known of a group may take to be read, if it is not in memory.
const groupWait = 2 * time.Second

// liveSession is the id of the live session that a group's room is in, be it paused; empty: it is in none. It is what the
// group's members were told last.
func (p *program) liveSession(group string) string {
	r := p.statusOf(group)
	if r.Code != status.Live && r.Code != status.Paused {
		return ""
	}
	return r.Session
}

// newestSession is the live session that a group's room is in, or else was in last; empty: there was none.
func (p *program) newestSession(group string) string { return p.statusOf(group).Session }

// statusOf is what the members of a group were told last of its room's status.
func (p *program) statusOf(group string) (r status.Record) {
	ctx, cancel := context.WithTimeout(context.Background(), groupWait)
	defer cancel()
	found, err := p.chat.Attributes(ctx, group, []string{chat.StatusKey})
	if err == nil {
		err = json.Unmarshal([]byte(found.All[chat.StatusKey]), &r)
	}
	if err != nil {
		return status.Record{}
	}
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

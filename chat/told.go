package chat

import (
	"context"
	"encoding/json"
	"net/netip"
)

// told is what one node tells the others of a group that is stored nowhere: one of its fields.
type told struct {
	Kick         *kick         `json:"kick,omitempty"`
	Notification *notification `json:"notification,omitempty"`
}

// kick takes users out of a group.
type kick struct {
	Users  []string `json:"users"`
	By     teller   `json:"by"`
	Reason string   `json:"reason,omitempty"`
}

// notification is what Service.Notify tells all, or some.
type notification struct {
	By      string   `json:"by"`
	Content string   `json:"content"`
	Time    int64    `json:"time"` // Unix seconds
	Users   []string `json:"users,omitempty"`
}

// teller is who stands behind what other nodes are told, as far as they need to know him.
type teller struct {
	User     string     `json:"user"`
	Platform string     `json:"platform,omitempty"`
	Addr     netip.Addr `json:"addr,omitzero"`
}

func tellerOf(by Identity) teller { return teller{by.User, by.Platform, by.Addr} }

func (t teller) identity(c *Config) Identity {
	who := c.who(t.User)
	who.Platform, who.Addr = t.Platform, t.Addr
	return who
}

// note is what the maker of a change adds to its entry (WithNote).
type note struct {
	By    teller            `json:"by,omitzero"`
	Nicks map[string]string `json:"nicks,omitempty"` // of users who are muted, as members see them
	Role  Role              `json:"role,omitempty"`  // that Users were given by a new profile; empty: it is no matter of roles
	Users []string          `json:"users,omitempty"`
}

// noting is ctx for a change, with what its maker knows.
func (s *Service) noting(ctx context.Context, n note) context.Context {
	if s.feed == nil {
		return ctx
	}
	raw, err := json.Marshal(n)
	if err != nil {
		panic(err) // of strings only
	}
	return WithNote(ctx, raw)
}

// tellNodes tells all nodes, this one included, in the group's order.
func (s *Service) tellNodes(ctx context.Context, group string, t told) error {
	raw, err := json.Marshal(t)
	if err != nil {
		panic(err) // of strings and numbers only
	}
	return s.storeError(s.feed.Tell(ctx, group, raw), "tell")
}

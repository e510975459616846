package chat

import (
	"context"
	"encoding/json"
	"time"
)

// Neighbours are the other nodes of a cluster, as far as a Service needs them: who is where, and a way to speak with each
// other. A Service without is alone. All of it is class C (design §7): a node says it anew whenever it may be lost, and what
// a node said is worth something only while the node lives.
//
// Nodes have names that none had before: who comes back after a crash is another node. No method blocks for longer than
// its ctx, nor than an answer may take there.
type Neighbours interface {
	// Attend tells l what the others say, until ctx ends. It is called once.
	Attend(ctx context.Context, l Listener) error
	// Node is the name of this node, Others those of the others that live. They ask nobody.
	Node() string
	Others() []string
	// Tell says something to one node, or to all others that live (empty). What one node says comes in its order.
	Tell(ctx context.Context, node string, news json.RawMessage) error

	Registry

	// PutCounts says how many are in groups on this node, in place of what was said of those before; zero: nobody.
	PutCounts(ctx context.Context, counts map[string]Headcount) error
	// Counts is what the others said, by node.
	Counts(ctx context.Context) (map[string]map[string]Headcount, error)

	// PutBanished remembers who may not watch, until that is over, for nodes that do not hear of it: the newest 10,000 at
	// least. Doing it twice does nothing more. Banished returns what is remembered of all groups.
	PutBanished(ctx context.Context, b Banishment) error
	Banished(ctx context.Context) ([]Banishment, error)
	// Pardon forgets what is remembered for the bans of some users from a group.
	Pardon(ctx context.Context, group string, users []string) error
}

// Registry knows on which nodes named users are. Anonymous guests are not in it.
type Registry interface {
	// PutUsers says where users are on this node, in place of what was said of those before, and answers where else they are.
	// Nodes that live no more are not in the answer.
	PutUsers(ctx context.Context, here map[string]Whereabouts) (map[string]Elsewhere, error)
	// Users answers where users are besides this node; who is nowhere is not in the answer.
	Users(ctx context.Context, users []string) (map[string]Elsewhere, error)
	// EndUser remembers that a user was sent away, so long ago, for EndedAge.
	EndUser(ctx context.Context, user string, ago time.Duration) error
	// Inherit takes over what nodes said of some users that live no more: each is given to one node, once. Empty: there is
	// nothing at present.
	Inherit(ctx context.Context) (map[string]Whereabouts, error)
}

// Listener hears what other nodes say. Its methods must not block. They are called one at a time.
type Listener interface {
	// Told is news from another node.
	Told(node string, news json.RawMessage)
	// Missed says that this node hears the others from now on, and may not have heard everything before: it comes first, and
	// again whenever the connection was lost and is there again.
	Missed()
}

// Headcount is how many are in a group on one node.
type Headcount struct {
	Members int `json:"m,omitempty"` // anonymous guests, and those named users who do not count on another node
	Viewers int `json:"v,omitempty"` // play sessions
	Linked  int `json:"l,omitempty"` // play sessions anywhere of those who are members here
	Robots  int `json:"r,omitempty"` // robots of the group
	Manned  int `json:"h,omitempty"` // those of them who are there and among Members
}

// Whereabouts is where a user is on one node. The zero one is nowhere.
type Whereabouts struct {
	Devices []DeviceAt `json:"d,omitempty"` // in the order they came
	Seats   []Seat     `json:"s,omitempty"`
}

// DeviceAt is a session that has signed in.
type DeviceAt struct {
	Platform string `json:"p,omitempty"`
	Instance string `json:"i,omitempty"`
	Since    int64  `json:"t"` // Unix microseconds; no two of a user's have the same
}

// Seat is a user's place in a group: he is there with one session or more, or his line fell and he may come back.
type Seat struct {
	Group string `json:"g"`
	Since int64  `json:"t"`           // when the first of his sessions came, Unix microseconds
	Bound int64  `json:"b,omitempty"` // when the newest came that is in one room at a time; 0: there is none
	Own   bool   `json:"o,omitempty"` // the group is his
	Live  bool   `json:"l,omitempty"` // one that Bound speaks of has signed in
	Pages bool   `json:"w,omitempty"` // he is there with web instances
	Apps  bool   `json:"x,omitempty"` // and with others

	AwaySince time.Time `json:"a,omitzero"`   // when something was heard of him last; zero: he is there
	AwayTold  bool      `json:"at,omitempty"` // the Observer knows
}

// Elsewhere is what the registry knows of a user besides this node.
type Elsewhere struct {
	Nodes map[string]Whereabouts `json:"n,omitempty"`
	Ended time.Duration          `json:"e,omitempty"` // how long ago he was sent away; 0: not lately
}

package summary

import (
	"context"
	"errors"
	"time"
)

// ErrGone is what Config.State and Config.Group answer of a room that does not exist any more.
var ErrGone = errors.New("summary: no such room")

// Config tunes a Service and says where things are read and told. The zero value of a duration or a number means its default;
// of the functions, those for which nothing is said must be there.
type Config struct {
	Look   time.Duration // from one look at how many are there to the next (10s)
	Write  time.Duration // from one write of what was counted to the next (1s)
	Settle time.Duration // from the end of a session until it is closed: what was counted or given comes a little late (5s)
	Give   time.Duration // for which likes and gifts that can't be read are waited for; then they are left out (5m)
	Keep   int           // summaries kept of a room, the newest (100)
	Age    time.Duration // for which they are kept (90 days)

	// Now is the clock by which statuses change.
	Now func(ctx context.Context) (time.Time, error)
	// Session is that of a group which runs now, or was over a moment ago; empty: none. It is asked once a write.
	Session func(ctx context.Context, group string) (string, error)
	// Group is that of a room, or ErrGone.
	Group func(ctx context.Context, room string) (string, error)
	// State is the newest record of a room, or ErrGone; Live are those of all rooms whose session runs.
	State func(ctx context.Context, room string) (Turn, error)
	Live  func(ctx context.Context) ([]Turn, error)

	// Heads tells how many are in a group, on all nodes; Popularity the scores of groups. Who has none is not in the answer. Nil:
	// nobody has any.
	Heads      func(group string) Sample
	Popularity func(ctx context.Context, groups []string) (map[string]int64, error)
	// Here are the named users who are in a group on this node. Nil: nobody.
	Here func(group string) []string

	// Likes and Gifts are those of a session. They are asked once, after its end. Nil: there are none.
	Likes func(ctx context.Context, group, session string) (int64, error)
	Gifts func(ctx context.Context, group, session string) (Gifts, error)

	// Message tells the room, once however often it is called with a number (Summary.Number), and Report tells backends, who
	// know a session they were told of before. Of a group numbers come in order; what a room will never take is no error. Nil:
	// they are not told.
	Message func(ctx context.Context, s Summary) error
	Report  func(ctx context.Context, s Summary) error
}

func (c Config) withDefaults() Config {
	def(&c.Look, 10*time.Second)
	def(&c.Write, time.Second)
	def(&c.Settle, 5*time.Second)
	def(&c.Give, 5*time.Minute)
	def(&c.Keep, 100)
	def(&c.Age, 90*24*time.Hour)
	if c.Popularity == nil {
		c.Popularity = func(context.Context, []string) (map[string]int64, error) { return nil, nil }
	}
	if c.Here == nil {
		c.Here = func(string) []string { return nil }
	}
	if c.Likes == nil {
		c.Likes = func(context.Context, string, string) (int64, error) { return 0, nil }
	}
	if c.Gifts == nil {
		c.Gifts = func(context.Context, string, string) (Gifts, error) { return Gifts{}, nil }
	}
	none := func(context.Context, Summary) error { return nil }
	if c.Message == nil {
		c.Message = none
	}
	if c.Report == nil {
		c.Report = none
	}
	return c
}

func def[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

package like

import (
	"context"
	"fmt"
	"time"
)

// MaxCount is how many likes one call may bring of one person.
const MaxCount = 1000

// MaxBulk is how many likes a backend may bring in one call that it collected itself.
const MaxBulk = 1_000_000

// Config tunes a Service. The zero value of a field means its default.
type Config struct {
	Rate  float64 // likes a person may give in a second, over all rooms of a node (10)
	Burst int     // and at once (30)

	Flush time.Duration // from one batch of a room to the next (1s); what a process that is killed may lose
	Tell  time.Duration // from one telling of changed totals to the next (4s)

	// Shown is how many messages that show likes a node hands to a room in a second; what is beyond is only counted (5). None
	// are handed to a room that delivers nearly as much as it may: they would take the place of what people say.
	Shown int

	// Session is the live session a group is in; empty: none. It is asked for each batch. Nil: there are none.
	Session func(group string) string

	// Liked is told of likes that were accepted here; User is empty if a backend collected them. It must not block. Nil: nobody
	// wants to know.
	Liked func(group, user string, n int)

	// Raise tells a group its total, which never shrinks. While a group is liked, and a few times after that, it is called each
	// Config.Tell, with what may be told already, by one node of a cluster. Nil: nobody is told. An error that is chat.ErrNoGroup
	// says that the group is gone, and its likes go too, some minutes later.
	Raise func(ctx context.Context, group string, likes int64) error
}

// Validate names the first field that is out of bounds.
func (c Config) Validate() error {
	for _, f := range []struct {
		name string
		ok   bool
		must string
		got  any
	}{
		{"Rate", c.Rate >= 0.01 && c.Rate <= 1000, "0.01–1000", c.Rate},
		{"Burst", c.Burst >= 1 && c.Burst <= MaxCount, fmt.Sprintf("1–%d", MaxCount), c.Burst},
		{"Flush", c.Flush >= 10*time.Millisecond && c.Flush <= time.Minute, "10ms–1m", c.Flush},
		{"Tell", c.Tell >= 10*time.Millisecond && c.Tell <= time.Hour, "10ms–1h", c.Tell},
		{"Shown", c.Shown >= 1 && c.Shown <= 1000, "1–1000", c.Shown},
	} {
		if !f.ok {
			return fmt.Errorf("like: %s is %v, must be %s", f.name, f.got, f.must)
		}
	}
	return nil
}

// interval is the time in which somebody gets another like to give.
func (c Config) interval() time.Duration { return time.Duration(float64(time.Second) / c.Rate) }

// withDefaults fills what was left zero.
func (c Config) withDefaults() Config {
	def(&c.Rate, 10)
	def(&c.Burst, 30)
	def(&c.Flush, time.Second)
	def(&c.Tell, 4*time.Second)
	def(&c.Shown, 5)
	if c.Session == nil {
		c.Session = func(string) string { return "" }
	}
	if c.Liked == nil {
		c.Liked = func(string, string, int) {}
	}
	if c.Raise == nil {
		c.Raise = func(context.Context, string, int64) error { return nil }
	}
	return c
}

func def[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

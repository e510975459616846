package popularity

import (
	"context"
	"fmt"
	"time"
)

// Weights are what things add to a score, each from 0 to 1,000,000; 0: it does not count.
type Weights struct {
	Minute  float64 // somebody who is there for a minute, in the chat or watching
	Join    float64 // somebody who comes
	Message float64 // a member's message that was delivered
	Like    float64
	Gift    float64 // 100 minor units of a gift's value
}

// DefaultWeights are those of a Config whose own are all zero.
func DefaultWeights() Weights {
	return Weights{Minute: 1, Join: 1, Message: 1, Like: 0.2, Gift: 1}
}

// Config tunes a Service. The zero value of a field means its default.
type Config struct {
	HalfLife time.Duration // in which what happened loses half its weight (10m; 10s to 30 days)
	Weights  Weights       // DefaultWeights, if all are zero

	Every time.Duration // from one write to the next (1s)
	Tend  time.Duration // from one count of those who are there to the next (10s)

	// Now is the clock that all nodes have in common; nil: this machine's. It is asked as often as Tend says; between, it is this
	// machine's with the difference.
	Now func(ctx context.Context) (time.Time, error)

	// Present lists the groups of rooms that are live or paused, and Online tells how many are in one, on all nodes. Only the
	// node that runs Tend asks. Nil: nobody is anywhere.
	Present func(ctx context.Context) ([]string, error)
	Online  func(group string) int

	// Publish tells a group its score; ErrGone answers that there is no such group any more. Only the node that runs Tend
	// calls it. Nil: nobody wants to know.
	Publish func(ctx context.Context, group string, score int64) error
}

func (c Config) withDefaults() Config {
	if c.HalfLife == 0 {
		c.HalfLife = 10 * time.Minute
	}
	if c.Weights == (Weights{}) {
		c.Weights = DefaultWeights()
	}
	if c.Every == 0 {
		c.Every = time.Second
	}
	if c.Tend == 0 {
		c.Tend = 10 * time.Second
	}
	if c.Now == nil {
		c.Now = func(context.Context) (time.Time, error) { return time.Now(), nil }
	}
	if c.Present == nil {
		c.Present = func(context.Context) ([]string, error) { return nil, nil }
	}
	if c.Online == nil {
		c.Online = func(string) int { return 0 }
	}
	if c.Publish == nil {
		c.Publish = func(context.Context, string, int64) error { return nil }
	}
	return c
}

// Validate names the first field that is out of bounds. Zero means the default.
func (c Config) Validate() error {
	if c.HalfLife != 0 && (c.HalfLife < 10*time.Second || c.HalfLife > 30*24*time.Hour) {
		return fmt.Errorf("popularity: HalfLife is %s, must be from 10s to 720h", c.HalfLife)
	}
	for _, w := range []struct {
		name string
		v    float64
	}{
		{"Minute", c.Weights.Minute},
		{"Join", c.Weights.Join},
		{"Message", c.Weights.Message},
		{"Like", c.Weights.Like},
		{"Gift", c.Weights.Gift},
	} {
		if !(w.v >= 0 && w.v <= 1e6) { // nor what is no number
			return fmt.Errorf("popularity: Weights.%s is %v, must be from 0 to 1000000", w.name, w.v)
		}
	}
	return nil
}

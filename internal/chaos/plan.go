package chaos

import (
	"math/rand/v2"
	"time"
)

// Kind is a kind of fault that a test can do.
type Kind struct {
	Name        string
	Targets     []string // what it may be done to
	Least, Most time.Duration
	Weight      int // how often it comes, beside the others
}

// Step is one fault of a plan.
type Step struct {
	At     time.Duration // since the plan began
	Kind   string
	Target string
	For    time.Duration // after which it is mended
}

// Plan makes the faults of a time from a seed. What is broken is whole again before it is broken anew; different things may be
// broken at once. Every fault is over within length.
func Plan(seed uint64, length time.Duration, kinds []Kind) []Step {
	rng := rand.New(rand.NewPCG(seed, 1))
	var bag []Kind
	for _, k := range kinds {
		for range k.Weight {
			bag = append(bag, k)
		}
	}
	between := func(least, most time.Duration) time.Duration {
		return least + time.Duration(rng.Int64N(int64(most-least)+1))
	}
	var steps []Step
	broken := map[string]time.Duration{} // until when
	for now := between(500*time.Millisecond, 2*time.Second); now < length; now += between(300*time.Millisecond, 3*time.Second) {
		k := bag[rng.IntN(len(bag))]
		s := Step{At: now, Kind: k.Name, Target: k.Targets[rng.IntN(len(k.Targets))], For: between(k.Least, k.Most)}
		if s.At+s.For > length || broken[s.Target] >= now {
			continue
		}
		broken[s.Target] = s.At + s.For
		steps = append(steps, s)
	}
	return steps
}

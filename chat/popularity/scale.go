package popularity

import (
	"math"
	"time"
)

// landmark is the moment that levels refer to. It never changes: what is stored would change its meaning.
var landmark = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// None is the level of what nothing was ever added to.
var None = math.Inf(-1)

// Scale measures scores that halve in a half-life. A score's level is the base-2 logarithm of what it would have been at the
// landmark: it changes only when something is added.
type Scale struct{ HalfLife time.Duration }

// lives is how many half-lives lie between the landmark and a moment.
func (s Scale) lives(at time.Time) float64 {
	return float64(at.Sub(landmark)) / float64(s.HalfLife)
}

// Level is that of a weight that was added at a moment, and nothing else. A weight that is not positive has none.
func (s Scale) Level(weight float64, at time.Time) float64 {
	if !(weight > 0) { // nor what is no number
		return None
	}
	return math.Log2(weight) + s.lives(at)
}

// Score is what is left of a level at a moment, which may also lie before events that are in it.
func (s Scale) Score(level float64, now time.Time) float64 {
	return math.Exp2(level - s.lives(now))
}

// Sum is the level of two scores together.
func Sum(a, b float64) float64 {
	if a < b {
		a, b = b, a
	}
	if math.IsInf(b, -1) {
		return a
	}
	return a + math.Log1p(math.Exp2(b-a))/math.Ln2
}

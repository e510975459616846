package popularity

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestScoreIsTheSumOfWhatIsLeft: over any time and half-life the level says what adding up all decayed events says, within
// what floating point rounds.
func TestScoreIsTheSumOfWhatIsLeft(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		scale := Scale{time.Duration(rapid.Int64Range(int64(time.Second), int64(60*24*time.Hour)).Draw(rt, "half-life"))}
		span := rapid.Int64Range(int64(time.Minute), int64(50*365*24*time.Hour)).Draw(rt, "span")
		type event struct {
			weight float64
			at     time.Time
		}
		begin := landmark.Add(time.Duration(rapid.Int64Range(-span/4, span).Draw(rt, "begin")))
		var events []event
		level, now := None, begin
		for range rapid.IntRange(1, 60).Draw(rt, "events") {
			// Mostly as near to each other as half-lives, sometimes years away, sometimes late.
			step := rapid.OneOf(rapid.Int64Range(0, int64(scale.HalfLife)), rapid.Int64Range(-int64(scale.HalfLife), 0), rapid.Int64Range(0, span)).Draw(rt, "step")
			now = now.Add(time.Duration(step))
			e := event{rapid.Float64Range(1e-3, 1e9).Draw(rt, "weight"), now}
			events = append(events, e)
			level = Sum(level, scale.Level(e.weight, e.at))
		}
		now = now.Add(time.Duration(rapid.Int64Range(0, 20*int64(scale.HalfLife)).Draw(rt, "later")))
		direct := 0.0
		for _, e := range events {
			direct += e.weight * math.Exp2(-float64(now.Sub(e.at))/float64(scale.HalfLife))
		}
		got := scale.Score(level, now)
		if math.IsInf(level, 0) || math.IsNaN(level) || math.IsInf(got, 0) || math.IsNaN(got) {
			rt.Fatalf("level %v, score %v", level, got)
		}
		// Each addition rounds the level to its last place, and the distance to the landmark is rounded once more.
		place := math.Nextafter(math.Abs(level)+100, math.Inf(1)) - (math.Abs(level) + 100)
		if tolerance := math.Ln2 * place * float64(len(events)+4) * direct; math.Abs(got-direct) > tolerance+1e-300 {
			rt.Fatalf("score %v, the sum is %v: off by %v, may be %v", got, direct, got-direct, tolerance)
		}
	})
}

// TestYearsOfEventsOverflowNothing: a score that is fed all the time stays what it must be, a hundred years long.
func TestYearsOfEventsOverflowNothing(t *testing.T) {
	scale := Scale{10 * time.Minute}
	level := None
	now := landmark
	for range 200_000 { // steps of more than four hours, in which something happens at once and then nothing
		now = now.Add(263 * time.Minute)
		level = Sum(level, scale.Level(1e6, now))
	}
	if got := scale.Score(level, now); math.Abs(got-1e6) > 1 {
		t.Errorf("score %v after %s, want 1e6", got, now.Sub(landmark))
	}
	if got := scale.Score(level, now.Add(20*time.Minute)); math.Abs(got-25e4) > 1 {
		t.Errorf("score %v two half-lives later, want 250000", got)
	}
}

func TestNothingAddsNothing(t *testing.T) {
	scale := Scale{time.Minute}
	for _, w := range []float64{0, -1, math.NaN()} {
		if got := scale.Level(w, time.Now()); got != None {
			t.Errorf("weight %v has level %v", w, got)
		}
	}
	one := scale.Level(1, landmark)
	if Sum(None, one) != one || Sum(one, None) != one || Sum(None, None) != None {
		t.Error("nothing changes a level")
	}
}

// BenchmarkSum is what an event costs, whatever came before it.
func BenchmarkSum(b *testing.B) {
	scale := Scale{10 * time.Minute}
	level, now := None, time.Now()
	for b.Loop() {
		now = now.Add(time.Millisecond)
		level = Sum(level, scale.Level(1, now))
	}
}

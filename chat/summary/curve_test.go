package summary

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestACurveKeepsItsPeaksWithinItsBound: whatever its length, a curve has few points, none is lost, and the greatest is there.
func TestACurveKeepsItsPeaksWithinItsBound(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var c Curve
		most, since := 0, time.Duration(0)
		for range rapid.IntRange(1, 400).Draw(rt, "samples") {
			since += time.Duration(rapid.Int64Range(0, int64(3*time.Minute)).Draw(rt, "pause"))
			online := rapid.IntRange(0, 10_000).Draw(rt, "online")
			most = max(most, online)
			before := slices.Clone(c.Points)
			next := c.Add(since, Point{Online: online, Popularity: int64(2 * online)})
			if !slices.Equal(c.Points, before) {
				rt.Fatal("a curve changed that was not asked to")
			}
			c = next
		}
		if len(c.Points) > MaxPoints || time.Duration(len(c.Points))*c.Step <= since-c.Step {
			rt.Fatalf("%d points of %s for %s", len(c.Points), c.Step, since)
		}
		if slices.Max(c.Online()) != int64(most) || slices.Max(c.Popularity()) != int64(2*most) {
			rt.Fatalf("the most is %d, want %d", slices.Max(c.Online()), most)
		}
	})
}

func TestACurveGoesOnWhereNobodyLooked(t *testing.T) {
	c := Curve{}.Add(0, Point{3, 30}).Add(41*time.Second, Point{5, 50}).Add(42*time.Second, Point{4, 60})
	if got, want := c.Online(), []int64{3, 3, 3, 3, 5}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got, want := c.Popularity(), []int64{30, 30, 30, 30, 60}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestThreeHoursAreHalvedTwice: the bound is met by steps that double.
func TestThreeHoursAreHalvedTwice(t *testing.T) {
	var c Curve
	for since := time.Duration(0); since < 3*time.Hour; since += 10 * time.Second {
		c = c.Add(since, Point{1, 1})
	}
	if c.Step != 40*time.Second || len(c.Points) != 270 {
		t.Errorf("%d points of %s", len(c.Points), c.Step)
	}
}

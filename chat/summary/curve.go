package summary

import "time"

// MaxPoints is how many points a curve has at most. When it is full, two become one.
const MaxPoints = 360

// FirstStep is what one point stands for in the beginning.
const FirstStep = 10 * time.Second

// Point is the most there was within one step: of people, and of popularity. Nothing known is -1.
type Point struct {
	Online     int   `json:"o"`
	Popularity int64 `json:"p"`
}

var unknown = Point{-1, -1}

// with is the most of two points.
func (p Point) with(other Point) Point {
	return Point{max(p.Online, other.Online), max(p.Popularity, other.Popularity)}
}

// Curve is a session from its beginning, step by step. The zero one has begun with nothing.
type Curve struct {
	Step   time.Duration `json:"step,omitempty"`
	Points []Point       `json:"points,omitempty"`
}

// Add enters what was there at a time since the beginning. The curve shares nothing with what it was.
func (c Curve) Add(since time.Duration, p Point) Curve {
	if c.Step <= 0 {
		c.Step = FirstStep
	}
	c.Points = append([]Point(nil), c.Points...)
	at := max(0, since) / c.Step
	for ; at >= MaxPoints; at = max(0, since) / c.Step {
		c.halve()
	}
	for int(at) >= len(c.Points) {
		c.Points = append(c.Points, unknown)
	}
	c.Points[at] = c.Points[at].with(p)
	return c
}

// halve makes one point of two. Points are the curve's own.
func (c *Curve) halve() {
	half := c.Points[:0]
	for i := 0; i < len(c.Points); i += 2 {
		p := c.Points[i]
		if i+1 < len(c.Points) {
			p = p.with(c.Points[i+1])
		}
		half = append(half, p)
	}
	c.Points, c.Step = half, 2*c.Step
}

// Popularity and Online are the curve as numbers, in which a step of which nothing is known is like the one before.
func (c Curve) Popularity() []int64 {
	return series(c.Points, func(p Point) int64 { return p.Popularity })
}

// Online is how many were there.
func (c Curve) Online() []int64 {
	return series(c.Points, func(p Point) int64 { return int64(p.Online) })
}

func series(points []Point, of func(Point) int64) []int64 {
	all, last := make([]int64, len(points)), int64(0)
	for i, p := range points {
		if v := of(p); v >= 0 {
			last = v
		}
		all[i] = last
	}
	return all
}

package level

import "math"

// Source is what points are earned by.
type Source uint8

// The sources, and what one of each is.
const (
	Online     Source = iota // a minute of the clock in which somebody was in a room, on however many devices
	Messages                 // a delivered message
	Likes                    // an accepted like
	Gifts                    // 1/100 of the currency: gifts have their value in minor units
	Membership               // a point that a tier gives on a day on which its member was in a room
	Sources    = 5
)

// Name is how the API and the settings call a source.
func (s Source) Name() string {
	return [Sources]string{"onlineMinutes", "messages", "likes", "giftValue", "membership"}[s]
}

// most is the greatest number that any amount, cap or score has: beyond, nothing more is earned. JSON and Redis know it exactly.
const most = math.MaxInt64 >> 10

// Amounts are so much of each source.
type Amounts [Sources]int64

// add adds two numbers that are not negative, and stops at most.
func add(a, b int64) int64 { return min(a+min(b, most), most) }

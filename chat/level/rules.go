package level

import (
	"fmt"
	"math"
	"slices"
	"time"
	"unicode/utf8"
)

// Bounds of Rules.
const (
	MaxLevels     = 100
	MaxTiers      = 20
	MaxNameRunes  = 32
	MaxBadgeBytes = 64
)

// Rules say what is how much worth. They do not change.
type Rules struct {
	Weights    [Sources]float64 // points for one of a source; of Gifts for 100 minor units
	Caps       Amounts          // how much of a source counts in a day (UTC); 0: all
	Thresholds []int64          // the scores from which on levels 1, 2, 3 … are reached
	Tiers      []Tier           // of membership
}

// Tier is a kind of membership.
type Tier struct {
	ID    string
	Name  string // as people read it
	Badge string // what stands beside a member's messages; empty: nothing
	Daily int64  // of Membership, on each day on which the member is in a room
}

// Standing is a user's level and badge, as they go with messages and cards.
type Standing struct {
	Level int
	Badge string
}

// DefaultRules are those of an installation that has set none.
func DefaultRules() Rules {
	return Rules{
		Weights:    [Sources]float64{Online: 1, Messages: 2, Likes: 0.1, Gifts: 1, Membership: 1},
		Caps:       Amounts{Online: 480, Messages: 100, Likes: 1000},
		Thresholds: []int64{20, 100, 300, 700, 1500, 3000, 6000, 12_000, 25_000, 50_000, 100_000, 200_000, 400_000, 800_000, 1_600_000},
		Tiers: []Tier{
			{ID: "silver", Name: "Silver", Badge: "silver", Daily: 10},
			{ID: "gold", Name: "Gold", Badge: "gold", Daily: 30},
		},
	}
}

// Validate names the first rule that can't be used.
func (r *Rules) Validate() error {
	for i := range Source(Sources) {
		if w := r.Weights[i]; !(w >= 0 && w <= 1e6) {
			return fmt.Errorf("weight of %s is %v, must be from 0 to 1000000", i.Name(), w)
		}
		if c := r.Caps[i]; c < 0 || c > most {
			return fmt.Errorf("cap of %s is %d, must be from 0 (none) to %d", i.Name(), c, int64(most))
		}
	}
	if len(r.Thresholds) == 0 || len(r.Thresholds) > MaxLevels {
		return fmt.Errorf("there are %d thresholds, must be from 1 to %d", len(r.Thresholds), MaxLevels)
	}
	for i, t := range r.Thresholds {
		if t < 0 || t > most || i > 0 && t <= r.Thresholds[i-1] {
			return fmt.Errorf("threshold of level %d is %d, must be greater than that of the level below, and at most %d", i+1, t, int64(most))
		}
	}
	return r.validTiers()
}

func (r *Rules) validTiers() error {
	if len(r.Tiers) > MaxTiers {
		return fmt.Errorf("there are %d tiers, must be at most %d", len(r.Tiers), MaxTiers)
	}
	known := map[string]bool{}
	for _, t := range r.Tiers {
		switch {
		case !IsTier(t.ID):
			return fmt.Errorf("tier %.40q: the id must be 1 to 32 letters, digits, _ and -", t.ID)
		case known[t.ID]:
			return fmt.Errorf("tier %s is there twice", t.ID)
		case !utf8.ValidString(t.Name) || utf8.RuneCountInString(t.Name) > MaxNameRunes:
			return fmt.Errorf("tier %s: the name must be at most %d characters", t.ID, MaxNameRunes)
		case !utf8.ValidString(t.Badge) || len(t.Badge) > MaxBadgeBytes:
			return fmt.Errorf("tier %s: the badge must be at most %d bytes", t.ID, MaxBadgeBytes)
		case t.Daily < 0 || t.Daily > most:
			return fmt.Errorf("tier %s gives %d points a day, must be from 0 to %d", t.ID, t.Daily, int64(most))
		}
		known[t.ID] = true
	}
	return nil
}

// IsTier says whether this may be a tier's id.
func IsTier(id string) bool {
	for _, c := range []byte(id) {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '_' && c != '-' {
			return false
		}
	}
	return id != "" && len(id) <= 32
}

// Score is what a record is worth, never negative.
func (r *Rules) Score(rec *Record) int64 {
	points := float64(rec.Adjusted)
	for i, w := range r.Weights {
		n := float64(rec.Earned[i])
		if Source(i) == Gifts {
			n /= 100
		}
		points += w * n
	}
	return int64(min(max(math.Floor(points+1e-6), 0), most)) // 0.1 × 10 is a little less than 1
}

// Level is the level that a score makes; 0: not even the first.
func (r *Rules) Level(score int64) int {
	level, found := slices.BinarySearch(r.Thresholds, score)
	if found {
		level++
	}
	return level
}

// Next is the score that the level above needs; false: there is none.
func (r *Rules) Next(level int) (int64, bool) {
	if level >= len(r.Thresholds) {
		return 0, false
	}
	return r.Thresholds[level], true
}

// Tier finds a tier; false: there is none of that id (any more).
func (r *Rules) Tier(id string) (Tier, bool) {
	for _, t := range r.Tiers {
		if t.ID == id {
			return t, true
		}
	}
	return Tier{}, false
}

// Badge is that of a membership, if it is in force.
func (r *Rules) Badge(m Member, now time.Time) string {
	if !m.InForce(now) {
		return ""
	}
	t, _ := r.Tier(m.Tier)
	return t.Badge
}

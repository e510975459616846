package chaos

import "fmt"

// Invariants of HLS (RFC 8216 §6.2).
const (
	ListsGoOn = "lists go on"       // who stays at a node and in a session never gets an older list after a newer one
	OneFile   = "one file per name" // a segment's name is in its session the same bytes for ever, at one place, after as many breaks
	Breaks    = "a break per push"  // between segments of two pushes there is a discontinuity
)

// playlists: HLS viewers get lists that go on, of files that stay what they are.
func (c *checker) playlists() {
	type segment struct{ session, file string }
	placed, sums := map[segment]uint64{}, map[segment]string{}
	last := map[string]Listed{}
	each(c, func(e Event, l Listed) {
		if before, ok := last[e.Who]; ok && before.Visit == l.Visit && before.Session == l.Session &&
			(l.First < before.First || l.Breaks < before.Breaks || l.First+uint64(len(l.Files)) < before.First+uint64(len(before.Files))) {
			c.fail(ListsGoOn, "%s got %d to %d from node %s at %s after %d to %d; %d breaks were before, and %d",
				e.Who, l.First, l.First+uint64(len(l.Files)), e.Node, at(e.At), before.First, before.First+uint64(len(before.Files)), l.Breaks, before.Breaks)
		}
		last[e.Who] = l
		breaks, push := l.Breaks, uint64(0)
		for i, f := range l.Files {
			var generation, number uint64
			if _, err := fmt.Sscanf(f.File, "%d-%d.", &generation, &number); err != nil || number != l.First+uint64(i) {
				c.fail(OneFile, "%s got %s as number %d from node %s at %s", e.Who, f.File, l.First+uint64(i), e.Node, at(e.At))
			}
			if f.Breaks {
				breaks++
			} else if i > 0 && generation != push {
				c.fail(Breaks, "%s got %s after one of push %d without a discontinuity, from node %s at %s", e.Who, f.File, push, e.Node, at(e.At))
			}
			push = generation
			if old, ok := placed[segment{l.Session, f.File}]; ok && old != breaks {
				c.fail(OneFile, "%s got %s with discontinuity number %d from node %s at %s, it was %d", e.Who, f.File, breaks, e.Node, at(e.At), old)
			}
			placed[segment{l.Session, f.File}] = breaks
		}
	})
	each(c, func(e Event, l Loaded) {
		of := segment{l.Session, l.File}
		if old, ok := sums[of]; ok && old != l.Sum {
			c.fail(OneFile, "%s got %s from node %s at %s with other bytes than before", e.Who, l.File, e.Node, at(e.At))
		}
		sums[of] = l.Sum
	})
}

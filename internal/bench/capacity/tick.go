package capacity

import "time"

// The tick of a room, as the server has it by default (chat.Config). The chat's tests hold these two against it.
const (
	tickMin, tickMax, tickSlow = 25 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond
	tickLarge                  = 1200 // members from which on tickMax holds
)

// Tick is how long a room collects, from the beginning of one flush to that of the next, after a flush that took so long.
func Tick(members int, took time.Duration) time.Duration {
	d := tickMin + (tickMax-tickMin)*time.Duration(min(members, tickLarge))/tickLarge
	return min(max(d, took*9/5), tickSlow)
}

// Pause is what is left of a tick after that flush.
func Pause(members int, took time.Duration) time.Duration {
	return max(Tick(members, took)-took, took/4)
}

// fanOut is how long it takes to hand a batch to members on so many cores: the server shares it among as many as have 512 each.
func fanOut(members float64, cores int) time.Duration {
	return seconds(members * writeCost / float64(max(1, min(cores, int(members)/512))))
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

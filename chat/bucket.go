package chat

import "time"

// bucket is a token bucket: it holds so many tokens, and gets one more in each interval. What is remembered of one is when
// it is full again.
type bucket struct {
	burst    int
	interval time.Duration
}

// take takes a token out of a bucket that is full at a time, and returns when it is full then. If there is no token, wait
// is when there is one, else zero. One that was larger or slower before is taken for an empty one of this size at most.
func (b bucket) take(full, now time.Time) (then, wait time.Time) {
	if most := now.Add(time.Duration(b.burst) * b.interval); full.Before(now) {
		full = now
	} else if full.After(most) {
		full = most // it was a larger one, or a slower
	}
	if at := full.Add(-time.Duration(b.burst-1) * b.interval); now.Before(at) {
		return full, at
	}
	return full.Add(b.interval), time.Time{}
}

// buckets are those of users. Whoever has it guards it.
type buckets struct {
	full map[string]time.Time // when each is full again; one that is not there is full
}

// take takes a token out of a user's bucket, or says when there is one. Of at most so many users something is remembered:
// beyond, somebody is forgotten, who at worst may do a little more.
func (b *buckets) take(user string, now time.Time, size bucket, most int) (wait time.Time) {
	full, known := b.full[user]
	full, wait = size.take(full, now)
	if !wait.IsZero() {
		if known {
			b.full[user] = full
		}
		return wait
	}
	if !known && len(b.full) >= most {
		b.trim(now, 100)
		for some := range b.full {
			if len(b.full) < most {
				break
			}
			delete(b.full, some)
		}
	}
	if b.full == nil {
		b.full = make(map[string]time.Time)
	}
	b.full[user] = full
	return wait
}

// giveBack puts a token back into a user's bucket.
func (b *buckets) giveBack(user string, interval time.Duration) {
	if full, known := b.full[user]; known {
		b.full[user] = full.Add(-interval)
	}
}

// trim looks at some and forgets those that are full.
func (b *buckets) trim(now time.Time, look int) {
	for user, full := range b.full { // from a random place
		if look--; look < 0 {
			return
		}
		if !full.After(now) {
			delete(b.full, user)
		}
	}
}

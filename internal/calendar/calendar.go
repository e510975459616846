// Package calendar says when something that comes again and again comes first. Who can read an expression is not its matter.
package calendar

import (
	"errors"
	"fmt"
	"time"
)

// Next is the first moment after one that an expression names, zero where it names none; an error says what is wrong with it.
type Next func(expression string, after time.Time) (time.Time, error)

// looked is how many times are looked at that follow the first.
const looked = 60

// First is when an expression is due first after now. One that is due twice within least is refused. The error says in words what is
// wrong; a nil next reads nothing.
func First(next Next, expression string, now time.Time, least time.Duration) (time.Time, error) {
	if next == nil {
		return time.Time{}, errors.New("this server knows no calendar")
	}
	first, err := next(expression, now)
	if err != nil {
		return time.Time{}, err
	}
	if first.IsZero() {
		return time.Time{}, errors.New("there is no such day")
	}
	for at, i := first, 0; i < looked; i++ {
		following, err := next(expression, at)
		if err != nil || following.IsZero() {
			break
		}
		if following.Sub(at) < least {
			return time.Time{}, fmt.Errorf("comes twice within %s", least)
		}
		at = following
	}
	return first, nil
}

package calendar_test

import (
	"errors"
	"testing"
	"time"

	"liveroom/internal/calendar"
)

func TestFirst(t *testing.T) {
	now := time.Date(2030, 1, 1, 0, 0, 30, 0, time.UTC)
	every := func(expression string, after time.Time) (time.Time, error) {
		switch expression {
		case "never":
			return time.Time{}, nil
		case "once":
			if after.After(now) {
				return time.Time{}, nil
			}
			return now.Add(time.Hour), nil
		case "late": // a minute apart at first, and 30 s apart from the tenth minute on
			step := time.Minute
			if after.Sub(now) > 10*time.Minute {
				step = 30 * time.Second
			}
			return after.Truncate(step).Add(step), nil
		}
		d, err := time.ParseDuration(expression)
		if err != nil {
			return time.Time{}, errors.New("must be a duration")
		}
		return after.Truncate(d).Add(d), nil
	}
	for _, tt := range []struct {
		next             calendar.Next
		expression, want string
		in               time.Duration
	}{
		{every, "1m", "", 30 * time.Second},
		{every, "24h", "", 24*time.Hour - 30*time.Second},
		{every, "once", "", time.Hour},
		{every, "59s", "comes twice within 1m0s", 0},
		{every, "late", "comes twice within 1m0s", 0},
		{every, "never", "there is no such day", 0},
		{every, "x", "must be a duration", 0},
		{nil, "1m", "this server knows no calendar", 0},
	} {
		first, err := calendar.First(tt.next, tt.expression, now, time.Minute)
		if tt.want != "" {
			if err == nil || err.Error() != tt.want {
				t.Errorf("%s: %v, want %s", tt.expression, err, tt.want)
			}
			continue
		}
		if err != nil || first.Sub(now) != tt.in {
			t.Errorf("%s: %v %v, want in %v", tt.expression, first, err, tt.in)
		}
	}
}

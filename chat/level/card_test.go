package level_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat/level"
)

func TestBackendsAreHeldToBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := over(t, level.NewMemory(), nil)
		long := make([]byte, 201)
		for i := range long {
			long[i] = 'x'
		}
		for _, tc := range []struct {
			field string
			err   func() error
		}{
			{"points", func() error { _, err := n.Adjust(t.Context(), "bob", level.Adjustment{}, "x"); return err }},
			{"points", func() error {
				_, err := n.Adjust(t.Context(), "bob", level.Adjustment{Points: level.MaxPoints + 1}, "x")
				return err
			}},
			{"reason", func() error { _, err := n.Adjust(t.Context(), "bob", level.Adjustment{Points: 1}, ""); return err }},
			{"reason", func() error {
				_, err := n.Adjust(t.Context(), "bob", level.Adjustment{Points: 1}, string(long))
				return err
			}},
			{"id", func() error {
				_, err := n.Adjust(t.Context(), "bob", level.Adjustment{Points: 1, ID: string(long)}, "x")
				return err
			}},
			{"user", func() error { _, err := n.Adjust(t.Context(), "_anon", level.Adjustment{Points: 1}, "x"); return err }},
			{"tier", func() error { _, err := n.SetMember(t.Context(), "bob", level.Member{Tier: "iron"}); return err }},
			{"until", func() error {
				_, err := n.SetMember(t.Context(), "bob", level.Member{Tier: "gold", Until: time.Now()})
				return err
			}},
		} {
			var refused *level.Error
			if err := tc.err(); !errors.As(err, &refused) || refused.Field != tc.field {
				t.Errorf("%s: %v", tc.field, err)
			}
		}
		n.score("bob", 0)
		for range 3 {
			if c, err := n.Adjust(t.Context(), "bob", level.Adjustment{Points: 150, ID: "one"}, "x"); err != nil || c.Score != 150 {
				t.Errorf("%+v, %v", c, err)
			}
		}
	})
}

func TestGuestsAreSwept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := over(t, level.NewMemory(), nil)
		n.Earn("guest", level.Likes, 1)
		n.Earn("bob", level.Likes, 1)
		time.Sleep(time.Hour)
		if err := n.SweepGuests(t.Context(), time.Minute); err != nil {
			t.Fatal(err)
		}
		n.score("guest", 0)
		n.score("bob", 1)
	})
}

func TestLevelsAreReadForDecisions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &lossy{Store: level.NewMemory()}
		n := over(t, s, nil)
		var users []string
		for i := range 450 { // more than the store is asked for at once
			users = append(users, fmt.Sprint("u", i))
			n.Earn(users[i], level.Gifts, int64(100*i))
		}
		settle()
		got, err := n.Levels(t.Context(), append(users, "nobody"))
		if err != nil || got["u0"] != 0 || got["u99"] != 0 || got["u100"] != 1 || got["u449"] != 4 || got["nobody"] != 0 {
			t.Errorf("%v, %v", got, err)
		}
		s.set(0, true)
		if got, err := n.Levels(t.Context(), users); !errors.Is(err, errLost) {
			t.Errorf("while the store is away: %v, %v", got, err)
		}
	})
}

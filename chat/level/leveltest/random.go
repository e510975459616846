package leveltest

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"liveroom/chat/level"
)

// random compares a store with a model that knows nothing of steps: per user, day and source a sum within its cap. Two makers
// take turns; each step is asked as often as answers are lost.
func random(t *testing.T, s level.Store) {
	rules, run := Rules(), 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		m := model{rules: rules, sums: map[sumOf]int64{}, adjusted: map[string]int64{}, ids: map[string]bool{}}
		now, numbers := at, [2]uint64{}
		user := rapid.Custom(func(rt *rapid.T) string { return fmt.Sprintf("u%d.%d", rapid.IntRange(0, 2).Draw(rt, "user"), run) })
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			now = now.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 9 * 60, 30 * 60 * 60}).Draw(rt, "later")) * time.Second)
			node := rapid.IntRange(0, 1).Draw(rt, "node")
			one := level.Step{Maker: fmt.Sprintf("n%d.%d", node, run), Time: now, Rules: rules}
			if numbers[node]++; rapid.Bool().Draw(rt, "numbered") {
				one.Number = numbers[node]
			}
			for _, name := range rapid.SliceOfNDistinct(user, 1, 3, rapid.ID[string]).Draw(rt, "users") {
				d := level.Deed{User: name}
				for _, by := range []level.Source{level.Messages, level.Likes, level.Gifts} {
					d.Earned[by] = rapid.Int64Range(0, 700).Draw(rt, by.Name())
				}
				if rapid.IntRange(0, 3).Draw(rt, "adjust") == 0 {
					d.Adjust = &level.Adjustment{ID: rapid.SampledFrom([]string{"x", "y", "z"}).Draw(rt, "id"), Points: rapid.Int64Range(-300, 300).Draw(rt, "points")}
				}
				one.Deeds = append(one.Deeds, d)
			}
			times := 1
			if one.Number > 0 {
				times += rapid.IntRange(0, 2).Draw(rt, "lost answers")
			}
			var changes []level.Change
			for range times {
				var err error
				if changes, err = s.Take(t.Context(), one); err != nil {
					rt.Fatal(err)
				}
			}
			m.step(rt, s, one, changes)
		}
	})
}

type sumOf struct {
	user string
	day  int64
	by   level.Source
}

type model struct {
	rules    *level.Rules
	sums     map[sumOf]int64
	adjusted map[string]int64
	ids      map[string]bool
	levels   map[string]int
}

// step does one in the model, and compares.
func (m *model) step(rt *rapid.T, s level.Store, one level.Step, changes []level.Change) {
	told := map[string]level.Change{}
	for _, c := range changes {
		told[c.User] = c
	}
	if m.levels == nil {
		m.levels = map[string]int{}
	}
	for _, d := range one.Deeds {
		for by, n := range d.Earned {
			m.sums[sumOf{d.User, one.Time.Unix() / 86400, level.Source(by)}] += n
		}
		if a := d.Adjust; a != nil && !m.ids[d.User+" "+a.ID] {
			m.ids[d.User+" "+a.ID] = true
			m.adjusted[d.User] += a.Points
		}
		score := m.score(d.User)
		all, err := s.Records(rt.Context(), []string{d.User})
		if err != nil || len(all) != 1 || m.rules.Score(&all[0]) != score {
			rt.Fatalf("%s has %+v, %v, want a score of %d", d.User, all, err, score)
		}
		now := m.rules.Level(score)
		c, changed := told[d.User]
		if before := m.levels[d.User]; changed != (before != now) || changed && (c.From != before || c.Level != now || c.Score != score) {
			rt.Fatalf("%s went from level %d to %d with %d, told %+v", d.User, before, now, score, c)
		}
		m.levels[d.User] = now
	}
}

func (m *model) score(user string) int64 {
	points := float64(m.adjusted[user])
	for of, n := range m.sums {
		if of.user != user {
			continue
		}
		if limit := m.rules.Caps[of.by]; limit > 0 {
			n = min(n, limit)
		}
		if of.by == level.Gifts {
			points += float64(n) / 100
		} else {
			points += float64(n)
		}
	}
	if points < 0 {
		return 0
	}
	return int64(points + 1e-6)
}

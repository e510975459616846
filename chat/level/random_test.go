package level_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"liveroom/chat/level"
	"liveroom/chat/level/leveltest"
)

// TestScoresAreWhatWasEarned on two nodes whose store loses answers and goes away at random: per user, day and source a sum
// within its cap; of minutes, those in which he was on either node.
func TestScoresAreWhatWasEarned(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		type doing struct {
			node, user int
			by         level.Source
			n          int64
			pause      time.Duration
			lose       int
			away       bool
		}
		doings := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) doing {
			return doing{
				rapid.IntRange(0, 1).Draw(rt, "node"), rapid.IntRange(0, 2).Draw(rt, "user"),
				rapid.SampledFrom([]level.Source{level.Messages, level.Likes, level.Gifts}).Draw(rt, "by"), rapid.Int64Range(0, 400).Draw(rt, "n"),
				time.Duration(rapid.SampledFrom([]int{0, 0, 1, 7, 7, 0, 1, 0, 600, 0, 2 * 3600}).Draw(rt, "pause")) * time.Second,
				rapid.SampledFrom([]int{0, 0, 1, 3}).Draw(rt, "lose"), rapid.IntRange(0, 5).Draw(rt, "away") == 0,
			}
		}), 1, 15).Draw(rt, "doings")
		wrong := ""
		synctest.Test(t, func(t *testing.T) {
			shared := level.NewMemory()
			s := &lossy{Store: shared}
			time.Sleep(time.Until(time.Date(2000, 1, 1, 21, 30, 0, 0, time.UTC))) // so that some see another day
			nodes := []*node{over(t, s, shared), over(t, s, shared)}
			sums := map[string]map[int64]level.Amounts{}
			for _, d := range doings {
				settled := d.pause >= time.Minute
				if settled { // what is earned on a day is stored on it, so that the model knows the day
					s.set(0, false)
					settle()
				}
				time.Sleep(d.pause)
				s.set(d.lose, d.away)
				user, day := fmt.Sprint("u", d.user), time.Now().Unix()/86400
				nodes[d.node].Earn(user, d.by, d.n)
				if sums[user] == nil {
					sums[user] = map[int64]level.Amounts{}
				}
				amounts := sums[user][day]
				amounts[d.by] += d.n
				sums[user][day] = amounts
			}
			s.set(0, false)
			settle()
			rules := leveltest.Rules()
			for user, days := range sums {
				total := level.Record{}
				for _, amounts := range days {
					for by, n := range amounts {
						if limit := rules.Caps[by]; limit > 0 {
							n = min(n, limit)
						}
						total.Earned[by] += n
					}
				}
				score := rules.Score(&total)
				if c, err := nodes[0].Card(t.Context(), user); err != nil || c.Score != score {
					wrong = fmt.Sprintf("%s has %+v, %v, want a score of %d", user, c, err, score)
				}
				for i, n := range nodes {
					n.Came(user)
					synctest.Wait()
					if got, want := n.Standing(user), rules.Level(score); got.Level != want {
						wrong = fmt.Sprintf("on node %d %s stands at %+v, want level %d", i, user, got, want)
					}
				}
			}
		})
		if wrong != "" {
			rt.Fatal(wrong)
		}
	})
}

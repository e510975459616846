package main

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestAudienceIsAskedAtMostTwiceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		a := newAudience(func(group string) (int, []string) {
			asked++
			return asked, []string{group}
		})
		for range 100 {
			if n, linked := a.of("g"); n != 1 || !slices.Equal(linked, []string{"g"}) {
				t.Fatalf("got %d %v", n, linked)
			}
		}
		time.Sleep(audienceFresh)
		if n, _ := a.of("g"); n != 2 || asked != 2 {
			t.Fatalf("after a while got %d, asked %d times", n, asked)
		}
	})
}

func TestAudienceForgetsWhatIsOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		watching := 1
		a := newAudience(func(string) (int, []string) { return watching, nil })
		for i := range audienceKept {
			a.of(fmt.Sprint(i))
		}
		time.Sleep(2 * audienceFresh)
		a.of("one more")
		if len(a.seen) != 1 {
			t.Errorf("%d answers are kept, want only the new one", len(a.seen))
		}
		watching = 0
		for i := range 2 * audienceKept {
			a.of(fmt.Sprint("nobody watches ", i))
		}
		if len(a.seen) != 1 {
			t.Errorf("%d answers are kept of rooms that nobody watches", len(a.seen)-1)
		}
	})
}

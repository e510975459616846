package chattest

import (
	"fmt"
	"slices"
	"testing"

	"liveroom/chat"
)

// Vicinity is a cluster for one test: its nodes, and what may befall them.
type Vicinity struct {
	Node func(name string) chat.Neighbours // a node that none had before; while its Attend runs, it lives
	Kill func(name string)                 // the node says and hears nothing any more
	Away func(bool)                        // nobody says or hears anything; what is said meanwhile is lost

	// Fast says that time costs nothing (testing/synctest): tests about minutes run too.
	Fast bool
}

// Neighbours runs the suite of what several Services are together. Run calls a test with a cluster of its own, whose store
// the nodes share.
func Neighbours(t *testing.T, run func(t *testing.T, test func(t *testing.T, v Vicinity))) {
	for _, tc := range []struct {
		name string
		test func(*testing.T, *town)
	}{
		{"members of all nodes are counted", testCountOverNodes},
		{"a user on two nodes counts once", testCountOnce},
		{"a storm of joins", testJoinStorm},
		{"a node dies", testNodeDies},
		{"who watches on another node counts once", testViewersOverNodes},
		{"devices over nodes", testDevicesOverNodes},
		{"the same device comes back on another node", testInstanceOverNodes},
		{"the same device goes to and fro", testInstanceToAndFro},
		{"one room over nodes", testOneRoomOverNodes},
		{"quitting takes devices on other nodes along", testQuitOverNodes},
		{"kicked everywhere", testCloseOverNodes},
		{"letters over nodes", testLettersOverNodes},
		{"told to a user over nodes", testTellUserOverNodes},
		{"another name over nodes", testRenameOverNodes},
		{"silenced everywhere", testSilenceOverNodes},
		{"lists over nodes", testListsOverNodes},
		{"marks over nodes", testMarksOverNodes},
		{"told of comings and goings over nodes", testTipsOverNodes},
		{"going on by another node", testResumeOverNodes},
		{"to all groups, whose members are elsewhere", testBroadcastOverNodes},
		{"the others are away", testAwayAndBack},
		{"kicked while a node heard nothing", testKickMissed},
		{"back after a kick that comes late", testKickLate},
	} {
		t.Run(tc.name, func(t *testing.T) {
			run(t, func(t *testing.T, v Vicinity) {
				tw := &town{t: t, v: v, store: chat.NewMemory(), nodes: map[string]*node{}, stops: map[string]func(){}}
				defer tw.close()
				tc.test(t, tw)
			})
		})
	}
	t.Run("who never comes back is told of once", func(t *testing.T) {
		run(t, func(t *testing.T, v Vicinity) {
			tw := &town{t: t, v: v, store: chat.NewMemory(), nodes: map[string]*node{}, stops: map[string]func(){}}
			defer tw.close()
			testHeirs(t, tw)
		})
	})
}

// NeighboursOver says that nodes know all of each other again after what befell what they share.
func NeighboursOver(t *testing.T, v Vicinity, befall func()) {
	tw := &town{t: t, v: v, store: chat.NewMemory(), nodes: map[string]*node{}, stops: map[string]func(){}}
	defer tw.close()
	a, b, c := tw.three(chat.Config{OneRoom: chat.OneRoomNever}, "r")
	tw.enter(a, "r", user("vera", "Web"))
	tw.enter(b, "r", user("otto", "Web"))
	anna := tw.enter(c, "r", user("anna", "Web"))
	for i := range 2 {
		tw.awaitCount("r", people(3+i), a, b, c)
		befall()
		tw.await("all know where anna is", func() bool {
			return len(a.platforms("anna")) == 1 && len(b.platforms("anna")) == 1
		})
		tw.enter(b, "r", user(fmt.Sprint("late", i), "Web"))
	}
	tw.awaitCount("r", people(5), a, b, c)
	tw.enter(b, "r", user("vera", "iOS"))
	tw.enter(b, "r", user("emil", "iOS"))
	tw.awaitCount("r", people(6), a, b, c)
	a.CloseUser("anna", chat.Closing{Reason: chat.CloseKicked})
	tw.await("anna closed", func() bool { return slices.Equal(anna.closedFor(), []string{chat.CloseKicked}) })
	if n := tw.told("vera", isOffline) + tw.told("otto", isOffline) + tw.told("vera", isWent); n != 0 {
		t.Errorf("%d goings were told though nobody went", n)
	}
}

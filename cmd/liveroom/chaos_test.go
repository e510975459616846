package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"liveroom/chat/account"
	"liveroom/internal/chaos"
)

// chaosSeeds are those of a run: LIVEROOM_CHAOS_SEED, to repeat one, or fixed ones.
func chaosSeeds(t *testing.T, fixed ...uint64) []uint64 {
	t.Helper()
	text := os.Getenv("LIVEROOM_CHAOS_SEED")
	if text == "" {
		return fixed
	}
	seed, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("LIVEROOM_CHAOS_SEED: %v", err)
	}
	return []uint64{seed}
}

// chaosLimits let members speak as often as they do.
var chaosLimits = []string{"--chat-user-rate", "20", "--chat-user-burst", "40"}

// TestChaosOnOneNode kills, stops and halts a server with the embedded store again and again under load. Nothing that is
// promised is broken, and nobody has to do anything about it.
func TestChaosOnOneNode(t *testing.T) {
	t.Parallel()
	for _, seed := range chaosSeeds(t, 1) {
		n := startNode(t, chaosLimits...)
		run := newChaos(t, seed, []*node{n})
		run.rules.ChatMayRepeat = true
		run.faults = map[string]func(time.Duration){
			"kill n1":      func(d time.Duration) { n.kill(); time.Sleep(d); n.start() },
			"terminate n1": func(d time.Duration) { n.stop(); time.Sleep(d); n.start() },
			"halt n1":      func(d time.Duration) { n.freeze(); time.Sleep(d); n.goOn() },
		}
		run.play(time.Duration(scale())*12*time.Second, []chaos.Kind{
			{Name: "kill", Targets: []string{"n1"}, Least: 0, Most: 2 * time.Second, Weight: 3},
			{Name: "terminate", Targets: []string{"n1"}, Least: 0, Most: time.Second, Weight: 1},
			{Name: "halt", Targets: []string{"n1"}, Least: 200 * time.Millisecond, Most: 4 * time.Second, Weight: 1},
		})
	}
}

// TestRestartsUnderLoad restarts a server as an operator does, again and again under load. No message that was answered is lost
// or comes twice, nobody is told of a gap, and no room ends.
func TestRestartsUnderLoad(t *testing.T) {
	t.Parallel()
	for _, seed := range chaosSeeds(t, 2) {
		n := startNode(t, chaosLimits...)
		run := newChaos(t, seed, []*node{n})
		run.rules.NoGaps = true
		run.faults = map[string]func(time.Duration){"restart n1": func(d time.Duration) { n.stop(); time.Sleep(d); n.start() }}
		run.play(time.Duration(scale())*8*time.Second, []chaos.Kind{{Name: "restart", Targets: []string{"n1"}, Most: 500 * time.Millisecond, Weight: 1}})
	}
}

// chaosRun is one play of the whole cast while things break.
type chaosRun struct {
	t      *testing.T
	seed   uint64
	world  *chaos.World
	rules  chaos.Rules
	faults map[string]func(time.Duration) // by kind and target: each breaks something for a time and mends it
}

// newChaos prepares a run on nodes that are there.
func newChaos(t *testing.T, seed uint64, nodes []*node) *chaosRun {
	t.Helper()
	signer := account.Signer{AppID: nodes[0].secrets.SDKAppID, Key: nodes[0].secrets.AppSecret}
	w := &chaos.World{
		Seed: seed, Token: nodes[0].secrets.APIToken, History: chaos.NewHistory(),
		Sign: func(user string) string {
			sig, err := signer.Sign(user, time.Now(), time.Hour)
			if err != nil {
				t.Errorf("sign: %v", err)
			}
			return sig
		},
	}
	for i, n := range nodes {
		w.Nodes = append(w.Nodes, chaos.Node{Name: fmt.Sprint("n", i+1), HTTP: n.http, RTMP: n.rtmp})
	}
	for _, room := range chaosRooms {
		nodes[0].createRoom(map[string]any{"id": room, "anchor": "anchor_" + room, "grace": "10m", "pauseLimit": "10m"})
	}
	t.Cleanup(w.Close)
	return &chaosRun{t: t, seed: seed, world: w}
}

var chaosRooms = []string{"r1", "r2", "r3"}

const chaosMembers = 4 // of each room

// settling is how long everything may take to be as it should be, after the last fault.
const settling = 2 * time.Minute

// play lets the cast act for a while, with the faults of the seed's plan, and checks what they saw.
func (r *chaosRun) play(length time.Duration, kinds []chaos.Kind) {
	r.t.Helper()
	r.t.Logf("chaos: LIVEROOM_CHAOS_SEED=%d, %s", r.seed, length)
	r.while(true, func() { r.breakThings(chaos.Plan(r.seed, length, kinds)) })
}

// while lets the cast act, rooms driven or not, until breaking is done and everything has come to rest, and checks what they
// saw.
func (r *chaosRun) while(driven bool, breaking func()) []chaos.Event {
	r.t.Helper()
	ctx, cancel := context.WithCancel(r.t.Context())
	defer cancel()
	active, rest := context.WithCancel(ctx) // those who change things rest before the end
	defer rest()
	var busy, cast sync.WaitGroup
	w := r.world
	var members []*chaos.Member
	var viewers []*chaos.Viewer
	cast.Go(func() { w.Listener(ctx, "listener") })
	for i, room := range chaosRooms {
		of := func(who string) string { return fmt.Sprint(who, "_", room) }
		if i == 0 {
			cast.Go(func() { w.Encoder(ctx, of("anchor"), room) })
		} else {
			cast.Go(func() { w.Anchor(ctx, of("anchor"), room) })
		}
		cast.Go(func() { w.Poller(ctx, of("poller"), room) })
		cast.Go(func() { w.Waiter(ctx, of("waiter"), room) })
		if driven && i > 0 { // one room never is
			busy.Go(func() { w.Driver(active, of("driver"), room) })
		}
		for k := range 2 {
			busy.Go(func() { w.Moderator(active, of(fmt.Sprint("mod", k)), room, k == 0) })
		}
		w.History.Add("director", "", room, chaos.Cast{Members: chaosMembers})
		for k := range chaosMembers {
			m := w.Member(of(fmt.Sprint("m", k)), room)
			members = append(members, m)
			cast.Go(func() { m.Run(ctx) })
		}
		for _, v := range []*chaos.Viewer{w.Viewer(of("flv0"), room), w.Viewer(of("flv1"), room), w.HLSViewer(of("hls0"), room), w.HLSViewer(of("hls1"), room)} {
			viewers = append(viewers, v)
			cast.Go(func() { v.Run(ctx) })
		}
	}
	breaking()
	w.History.Add("plan", "", "", chaos.Healed{})
	rest()
	busy.Wait()
	for _, m := range members {
		m.Hush()
	}
	calm, stop := context.WithTimeout(ctx, settling)
	defer stop()
	for _, room := range chaosRooms {
		if !w.Perform(calm, room) {
			r.t.Errorf("room %s is not live %s after the last fault", room, settling)
		}
	}
	watchAll(ctx, viewers)
	w.Settle(calm, chaosRooms, r.rules)
	for _, v := range viewers {
		r.t.Logf("%s: nothing came for %s at most", v.Name, v.Stall().Round(time.Millisecond))
	}
	events := w.History.Events()
	cancel()
	cast.Wait()
	r.report(events)
	return events
}

// breakThings does a plan. Faults of different things overlap.
func (r *chaosRun) breakThings(plan []chaos.Step) {
	var faults sync.WaitGroup
	begun := time.Now()
	locks := map[string]*sync.Mutex{} // a fault may take longer than planned
	for _, s := range plan {
		if locks[s.Target] == nil {
			locks[s.Target] = &sync.Mutex{}
		}
		lock := locks[s.Target]
		time.Sleep(time.Until(begun.Add(s.At)))
		faults.Go(func() {
			lock.Lock()
			defer lock.Unlock()
			r.world.History.Add("plan", s.Target, "", chaos.Fault{Text: fmt.Sprint(s.Kind, " for ", s.For)})
			r.faults[s.Kind+" "+s.Target](s.For)
			r.world.History.Add("plan", s.Target, "", chaos.Fault{Text: s.Kind + " is over"})
		})
	}
	faults.Wait()
}

// watchAll notes what viewers get from now on, once each got something, or after a while.
func watchAll(ctx context.Context, viewers []*chaos.Viewer) {
	before := make([]int64, len(viewers))
	for i, v := range viewers {
		before[i] = v.Bytes()
	}
	for until := time.Now().Add(30 * time.Second); time.Now().Before(until) && ctx.Err() == nil; time.Sleep(100 * time.Millisecond) {
		all := true
		for i, v := range viewers {
			all = all && v.Bytes() > before[i]
		}
		if all {
			break
		}
	}
	for i, v := range viewers {
		v.Watched(before[i])
	}
}

// report checks the history, and keeps it where something is wrong.
func (r *chaosRun) report(events []chaos.Event) {
	r.t.Helper()
	violations := chaos.Check(events, r.rules)
	for _, v := range violations {
		r.t.Errorf("seed %d: %s", r.seed, v)
	}
	if len(violations) > 0 || os.Getenv("LIVEROOM_CHAOS_KEEP") != "" {
		path := filepath.Join(os.TempDir(), fmt.Sprintf("liveroom-chaos-%d.txt", r.seed))
		f, err := os.Create(path)
		if err == nil {
			err = chaos.Write(f, events)
			_ = f.Close()
		}
		r.t.Logf("the history is in %s (%v)", path, err)
	}
	r.t.Logf("%d events", len(events))
}

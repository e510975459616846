package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"time"
)

// run is one measurement under way.
type run struct {
	plan   Plan
	drain  *drain
	ingest *ingest
	crowds []*crowd
	window *window

	before    Usage // the server without viewers
	serverErr error
	health    []Health
	healthErr error
	begin     snapshot // of the window
	end       snapshot
}

// snapshot is the state of everything at a moment.
type snapshot struct {
	at      time.Time
	server  Usage
	own     time.Duration
	drained time.Duration
	idle    time.Duration
	pushed  int64
	bytes   [][]int64 // of each viewer of each crowd
	stalls  [][]int32
}

// warm is how long publishers send before viewers come, beyond one GOP.
const warm = 300 * time.Millisecond

// Run measures as planned. When ctx ends early the report has what was measured until then. An error means that nothing
// could be measured at all.
func Run(ctx context.Context, plan Plan) (Report, error) {
	if err := plan.Validate(); err != nil {
		return Report{}, err
	}
	r := &run{plan: plan.withDefaults(), window: newWindow()}
	var err error
	if r.drain, err = newDrain(); err != nil {
		return Report{}, err
	}
	alive, stop := context.WithCancel(context.WithoutCancel(ctx)) // the load goes on while the end is being measured
	var load sync.WaitGroup
	load.Go(func() { r.drain.run(alive) })
	r.gather()
	r.phases(ctx, alive, &load)
	interrupted := ctx.Err() != nil
	report := r.report(interrupted) // before the end of the load looks like the server's
	stop()
	load.Wait()
	return report, nil
}

// phases does everything from the first publisher to the end of the window.
func (r *run) phases(ctx, alive context.Context, load *sync.WaitGroup) {
	if !r.publishers(ctx, alive, load) {
		return
	}
	r.before, r.serverErr = r.usage(ctx)
	if !r.viewers(ctx, alive, load) || !pause(ctx, r.plan.Settle) {
		return
	}
	r.plan.Progress(fmt.Sprintf("measuring for %s", r.plan.Duration))
	r.begin = r.snap(ctx)
	r.window.from.Store(r.begin.at.UnixNano())
	pause(ctx, r.plan.Duration)
	r.end = r.snap(context.WithoutCancel(ctx))
	r.window.to.Store(r.end.at.UnixNano())
	if r.plan.Health != nil {
		r.health, r.healthErr = r.plan.Health(context.WithoutCancel(ctx))
	}
}

// pause waits; it says false when ctx ended.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// gather makes the viewers.
func (r *run) gather() {
	r.ingest = &ingest{window: r.window}
	if len(r.plan.Push) > 0 {
		r.ingest.stream = newSynthetic(r.plan.Format)
	}
	for _, a := range r.plan.Audiences {
		if a.Viewers == 0 {
			continue
		}
		c := &crowd{protocol: a.Protocol, window: r.window}
		every := max(1, min(r.plan.Sample, a.Viewers/minSample))
		for i := range a.Viewers {
			v := &viewer{crowd: c, run: r, address: a.Addresses[i%len(a.Addresses)], sampled: i%every == 0}
			v.patient.Store(int64(patience))
			c.viewers = append(c.viewers, v)
		}
		r.crowds = append(r.crowds, c)
	}
	slices.SortStableFunc(r.crowds, func(a, b *crowd) int {
		return cmp.Compare(slices.Index(protocols, a.protocol), slices.Index(protocols, b.protocol))
	})
}

// publishers starts them over the ramp and waits until each is accepted or is not; false when there is nothing to watch.
func (r *run) publishers(ctx, alive context.Context, load *sync.WaitGroup) bool {
	n := len(r.plan.Push)
	if n == 0 {
		return true
	}
	r.plan.Progress(fmt.Sprintf("%d publishing %s each", n, r.plan.Format.Bitrate))
	var asked sync.WaitGroup
	for i, address := range r.plan.Push {
		if i > 0 && !pause(ctx, r.plan.Ramp/time.Duration(n)) {
			return false
		}
		asked.Add(1)
		load.Go(func() { r.ingest.publish(alive, r, address, asked.Done) })
	}
	settled := make(chan struct{})
	load.Go(func() { asked.Wait(); close(settled) })
	select {
	case <-ctx.Done():
		return false
	case <-settled:
	}
	if r.ingest.accepted.Load() == 0 {
		return false
	}
	return pause(ctx, r.plan.Format.GOP+warm) && r.playlists(ctx)
}

// playlists waits until HLS can be played: the first segment takes its time.
func (r *run) playlists(ctx context.Context) bool {
	for _, c := range r.crowds {
		if c.protocol != HLS && c.protocol != LLHLS {
			continue
		}
		for deadline := time.Now().Add(beginTimeout); time.Now().Before(deadline); {
			status, err := r.probe(ctx, c.viewers[0].address)
			if ctx.Err() != nil {
				return false
			}
			if err != nil || status != http.StatusNotFound {
				break
			}
			pause(ctx, 200*time.Millisecond)
		}
	}
	return true
}

// probe asks once for an address.
func (r *run) probe(ctx context.Context, address string) (status int, err error) {
	ctx, cancel := context.WithTimeout(ctx, beginTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, err
	}
	transport := &http.Transport{TLSClientConfig: r.plan.TLS.Clone(), DisableKeepAlives: true}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}

// viewers starts them over the ramp, the protocols side by side.
func (r *run) viewers(ctx, alive context.Context, load *sync.WaitGroup) bool {
	type place struct {
		v  *viewer
		at float64 // of the ramp
	}
	var order []place
	for _, c := range r.crowds {
		for i, v := range c.viewers {
			order = append(order, place{v, float64(i) / float64(len(c.viewers))})
		}
	}
	slices.SortStableFunc(order, func(a, b place) int { return cmp.Compare(a.at, b.at) })
	if len(order) > 0 {
		r.plan.Progress(fmt.Sprintf("%d viewers coming within %s", len(order), r.plan.Ramp))
	}
	begun := time.Now()
	for _, p := range order {
		due := time.Duration(p.at * float64(r.plan.Ramp))
		if !pause(ctx, time.Until(begun.Add(due))) {
			return false
		}
		load.Go(func() { p.v.watch(alive) })
	}
	return true
}

// usage is what the server has used.
func (r *run) usage(ctx context.Context) (Usage, error) {
	if r.plan.Server == nil {
		return Usage{}, errNotMeasured
	}
	return r.plan.Server.Usage(ctx)
}

var errNotMeasured = errors.New("not measured")

// snap takes a snapshot.
func (r *run) snap(ctx context.Context) snapshot {
	s := snapshot{}
	var err error
	if s.server, err = r.usage(ctx); err != nil && r.serverErr == nil {
		r.serverErr = err
	}
	s.at = time.Now()
	s.own, s.drained, s.pushed = ownCPU(), time.Duration(r.drain.busy.Load()), r.ingest.bytes.Load()
	s.idle, _ = machineIdle()
	for _, c := range r.crowds {
		bytes, stalls := make([]int64, len(c.viewers)), make([]int32, len(c.viewers))
		for i, v := range c.viewers {
			bytes[i], stalls[i] = v.bytes.Load(), v.stalls.Load()
		}
		s.bytes, s.stalls = append(s.bytes, bytes), append(s.stalls, stalls)
	}
	return s
}

// cores is how many this process may use.
func cores() int { return runtime.GOMAXPROCS(0) }

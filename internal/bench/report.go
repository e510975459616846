package bench

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Report is what was measured. Percentages are of 100, times in seconds or, where the name says so, in milliseconds.
type Report struct {
	StartedAt   time.Time `json:"startedAt,omitzero"` // of the window
	Seconds     float64   `json:"windowSeconds"`      // 0: it was never reached
	Interrupted bool      `json:"interrupted"`
	Bitrate     int64     `json:"bitrate"` // expected of each stream, bit/s; 0: unknown

	Publishers *Publishers `json:"publishers,omitempty"`
	Health     []Health    `json:"ingestHealth,omitempty"` // as the server sees the pushes
	Protocols  []Figures   `json:"protocols"`
	Total      Figures     `json:"total"`
	Server     *Server     `json:"server,omitempty"`
	Unmeasured string      `json:"serverUnmeasured,omitempty"` // why there is no Server
	Load       Load        `json:"load"`
	Capacity   *Capacity   `json:"capacity,omitempty"`

	// Distrust says what in the load itself spoils the figures.
	Distrust []string `json:"distrust"`
	// Hints say what probably is behind failures.
	Hints []string `json:"hints"`
}

// Publishers are how the pushes went.
type Publishers struct {
	Asked    int      `json:"asked"`
	Accepted int      `json:"accepted"`
	Refused  int      `json:"refused"`
	Lost     int      `json:"lost"` // not connected, or closed before the end
	Mbps     float64  `json:"mbps"` // media sent in the window
	Late     Spread   `json:"lateMs"`
	Blocked  Spread   `json:"blockedMs"` // in writing: the server reads slowly
	Reasons  []Reason `json:"reasons"`
}

// Figures are what the viewers of one protocol, or all, saw.
type Figures struct {
	Protocol Protocol `json:"protocol"`
	Viewers  int      `json:"viewers"`
	Refused  int      `json:"refused"` // answered with a reason
	Never    int      `json:"never"`   // no media came, for other reasons
	Dead     int      `json:"dead"`    // media came, and then the connection ended
	Stalls   int      `json:"stalls"`  // times one got nothing for more than 2 s (HLS: more than a segment and 2 s)

	Gbit     float64 `json:"gbit"`
	Expected float64 `json:"percentOfExpected"`        // 0: unknown
	Slowest  float64 `json:"slowestPercentOfExpected"` // of those who got media and are there

	First      Spread   `json:"firstFrameMs"`
	Latency    Spread   `json:"latencyMs"`
	LongestGap float64  `json:"longestGapMs"`
	Checked    int64    `json:"framesChecked"`
	Lost       int64    `json:"framesLost"`
	Reasons    []Reason `json:"reasons"`
}

// Spread is how durations lie, in ms.
type Spread struct {
	Count uint64  `json:"count"`
	P50   float64 `json:"p50"`
	P99   float64 `json:"p99"`
	Max   float64 `json:"max"`
}

// Server is what the server's process used in the window. 100 % is one core.
type Server struct {
	CPUSeconds     float64 `json:"cpuSeconds"`
	CPUPercent     float64 `json:"cpuPercent"`
	PerGbit        float64 `json:"cpuSecondsPerGbit"` // delivered; without viewers: taken in
	Per100Viewers  float64 `json:"cpuPercentPer100Viewers"`
	RSSBefore      int64   `json:"rssBytesBefore"` // with publishers, without viewers
	RSSAfter       int64   `json:"rssBytesAfter"`
	BytesPerViewer int64   `json:"bytesPerViewer"` // 0: it did not grow
}

// Load is what this process used in the window.
type Load struct {
	CPUPercent     float64 `json:"cpuPercent"`     // of one core
	PercentOfCores float64 `json:"percentOfCores"` // of all it may use
	DrainPercent   float64 `json:"drainPercent"`   // of the one goroutine that drops what most viewers get
	MachinePercent float64 `json:"machinePercent"` // how busy this machine was
	Cores          int     `json:"cores"`
}

// Failed says whether a viewer or publisher did not get what it should.
func (r Report) Failed() bool {
	t, p := r.Total, r.Publishers
	return t.Refused+t.Never+t.Dead+t.Stalls > 0 || p != nil && p.Accepted < p.Asked || p != nil && p.Lost > 0
}

// round keeps digits after the point.
func round(v float64, digits int) float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0
	}
	p := math.Pow(10, float64(digits))
	return math.Round(v*p) / p
}

// report puts the figures together while the load still runs.
func (r *run) report(interrupted bool) Report {
	out := Report{
		StartedAt: r.begin.at, Interrupted: interrupted, Health: r.health, Bitrate: int64(r.plan.Expected),
		Protocols: []Figures{}, Distrust: []string{}, Hints: []string{},
	}
	measured := !r.end.at.IsZero()
	if measured {
		out.Seconds = round(r.end.at.Sub(r.begin.at).Seconds(), 3)
	}
	if len(r.plan.Push) > 0 {
		out.Publishers = r.publishing()
	}
	for i, c := range r.crowds {
		out.Protocols = append(out.Protocols, r.figures(i, c, measured))
	}
	out.Total = r.total(out.Protocols)
	if measured {
		r.measureServer(&out)
		out.Load = r.load()
		out.Capacity = capacityOf(out, r.plan.Network)
	}
	r.judge(&out)
	return out
}

// publishing are the figures of ingest.
func (r *run) publishing() *Publishers {
	g := r.ingest
	p := &Publishers{
		Asked: len(r.plan.Push), Accepted: int(g.accepted.Load()), Refused: int(g.refused.Load()), Lost: int(g.lost.Load()),
		Late: g.late.spread(), Blocked: g.blocked.spread(),
	}
	if d := r.end.at.Sub(r.begin.at).Seconds(); d > 0 && !r.end.at.IsZero() {
		p.Mbps = round(float64(r.end.pushed-r.begin.pushed)*8/1e6/d, 3)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	p.Reasons = append([]Reason{}, g.reasons...)
	return p
}

// figures are those of crowd i.
func (r *run) figures(i int, c *crowd, measured bool) Figures {
	f := Figures{
		Protocol: c.protocol, Viewers: len(c.viewers), First: c.first.spread(), Latency: c.latency.spread(),
		Checked: c.checked.Load(), Lost: c.lost.Load(),
	}
	var rates float64
	slowest := math.Inf(1)
	var bytes, longest int64
	for k, v := range c.viewers {
		state := v.state.Load()
		switch state {
		case refused:
			f.Refused++
		case dead:
			f.Dead++
		case never:
			f.Never++
		case waiting:
			if measured { // it had its time
				f.Never++
			}
		}
		if !measured {
			continue
		}
		got := r.end.bytes[i][k] - r.begin.bytes[i][k]
		bytes += got
		rate := r.rate(v, got)
		rates += rate
		f.Stalls += int(r.end.stalls[i][k] - r.begin.stalls[i][k])
		if state == watching {
			slowest = min(slowest, rate)
			silence := r.end.at.UnixNano() - v.lastAt.Load()
			if silence > v.patient.Load() { // it still lasts
				f.Stalls++
			}
			longest = max(longest, silence, v.longest.Load())
		}
	}
	f.Gbit, f.LongestGap = round(float64(bytes)*8/1e9, 6), round(float64(longest)/1e6, 1)
	if r.plan.Expected > 0 {
		f.Expected = round(100*rates/float64(r.plan.Expected)/float64(f.Viewers), 1)
		f.Slowest = round(100*slowest/float64(r.plan.Expected), 1)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	f.Reasons = append([]Reason{}, c.reasons...)
	if silent := f.Refused + f.Never + f.Dead - c.reasons.count(); silent > 0 {
		f.Reasons = append(f.Reasons, Reason{Code: "no_media", Detail: "connected, but no media came until the end", Count: silent})
	}
	return f
}

// rate is what a viewer got in the window, in bit/s.
func (r *run) rate(v *viewer, got int64) float64 {
	if rate, ok := v.pieces.rate(r.end.at.UnixNano(), v.patient.Load()); ok {
		return rate
	}
	return float64(got) * 8 / r.end.at.Sub(r.begin.at).Seconds()
}

// count is how many have a reason.
func (r reasons) count() int {
	n := 0
	for _, reason := range r {
		n += reason.Count
	}
	return n
}

// total adds the protocols up. Their spreads aren't added: the protocols differ too much.
func (r *run) total(protocols []Figures) Figures {
	t := Figures{Protocol: "total", Reasons: []Reason{}}
	var expected float64
	t.Slowest = math.Inf(1)
	var first, latency histogram
	for i, f := range protocols {
		t.Viewers, t.Refused, t.Never, t.Dead = t.Viewers+f.Viewers, t.Refused+f.Refused, t.Never+f.Never, t.Dead+f.Dead
		t.Stalls, t.Gbit, t.Checked, t.Lost = t.Stalls+f.Stalls, t.Gbit+f.Gbit, t.Checked+f.Checked, t.Lost+f.Lost
		expected += f.Expected * float64(f.Viewers)
		t.Slowest, t.LongestGap = min(t.Slowest, f.Slowest), max(t.LongestGap, f.LongestGap)
		first.merge(&r.crowds[i].first)
		latency.merge(&r.crowds[i].latency)
	}
	t.First, t.Latency = first.spread(), latency.spread()
	t.Gbit, t.Expected, t.Slowest = round(t.Gbit, 6), round(expected/float64(t.Viewers), 1), round(t.Slowest, 1)
	return t
}

// measureServer adds what the server used.
func (r *run) measureServer(out *Report) {
	if r.serverErr != nil {
		out.Unmeasured = r.serverErr.Error()
		return
	}
	cpu := (r.end.server.CPU - r.begin.server.CPU).Seconds()
	took := r.end.server.At.Sub(r.begin.server.At).Seconds()
	if cpu < 0 || took <= 0 {
		out.Unmeasured = "the server was restarted in the window"
		return
	}
	gbit := out.Total.Gbit
	if out.Total.Viewers == 0 && out.Publishers != nil {
		gbit = out.Publishers.Mbps * out.Seconds / 1000
	}
	s := &Server{
		CPUSeconds: round(cpu, 3), CPUPercent: round(100*cpu/took, 2),
		PerGbit: round(cpu/gbit, 4), RSSBefore: r.before.RSSBytes, RSSAfter: r.end.server.RSSBytes,
	}
	if n := out.Total.Viewers; n > 0 {
		s.Per100Viewers = round(100*cpu/took/float64(n)*100, 3)
		s.BytesPerViewer = max(0, (s.RSSAfter-s.RSSBefore)/int64(n))
	}
	out.Server = s
}

// load is what this process used.
func (r *run) load() Load {
	took := r.end.at.Sub(r.begin.at).Seconds()
	own := (r.end.own - r.begin.own).Seconds()
	l := Load{
		CPUPercent: round(100*own/took, 1), PercentOfCores: round(100*own/took/float64(cores()), 1), Cores: cores(),
		DrainPercent: round(100*(r.end.drained-r.begin.drained).Seconds()/took, 1),
	}
	if _, all := machineIdle(); all > 0 {
		l.MachinePercent = round(100-100*(r.end.idle-r.begin.idle).Seconds()/took/float64(all), 1)
	}
	return l
}

// Bounds from which on the load itself is doubted, in percent and ms.
const (
	mostLoad    = 90
	mostMachine = 97
	mostLate    = 50
	leastShare  = 97
)

// judge says what to distrust, and what may be behind failures.
func (r *run) judge(out *Report) {
	doubt := func(format string, values ...any) {
		out.Distrust = append(out.Distrust, fmt.Sprintf(format, values...))
	}
	if l := out.Load; l.PercentOfCores > mostLoad {
		doubt("the load itself took %.0f %% of its %d cores: run it on a larger machine, or with fewer viewers", l.PercentOfCores, l.Cores)
	} else if l.DrainPercent > mostLoad {
		doubt("the load could hardly drop what came (%.0f %% of one core): run two of it", l.DrainPercent)
	} else if l.MachinePercent > mostMachine {
		doubt("this machine was %.0f %% busy: if the server runs here too, they took from one another", l.MachinePercent)
	}
	if p := out.Publishers; p != nil && p.Late.P99 > mostLate {
		doubt("publishers sent pictures up to %.0f ms late (p99 %.0f ms): latencies don't count that", p.Late.Max, p.Late.P99)
	}
	if s := out.Server; s != nil && s.CPUSeconds < 0.5 {
		doubt("the server used %.2f s of CPU in the window, and it is counted in steps of 0.01 s: measure longer, or with more viewers", s.CPUSeconds)
	}
	if t := out.Total; t.Viewers > 0 && out.Seconds > 0 && out.Bitrate > 0 && t.Expected < leastShare {
		doubt("viewers got %.1f %% of what they should: the server's cost is flattered, and it is beyond its limit or refuses", t.Expected)
	}
	if r.plan.Server != nil && out.Unmeasured != "" && out.Seconds > 0 {
		out.Hints = append(out.Hints, "the server's use is not known: "+out.Unmeasured)
	}
	if r.healthErr != nil {
		out.Hints = append(out.Hints, "what the server makes of the pushes is not known: "+r.healthErr.Error())
	}
	if out.Total.First.Count > 0 && out.Total.Latency.Count == 0 && out.Seconds > 0 && len(r.plan.Push) == 0 {
		out.Hints = append(out.Hints, "no latency: the stream carries no marks of liveroom bench (or has no pictures)")
	}
	has := func(codes ...string) bool {
		is := func(reason Reason) bool { return slices.Contains(codes, reason.Code) }
		return out.Publishers != nil && slices.ContainsFunc(out.Publishers.Reasons, is) ||
			slices.ContainsFunc(out.Protocols, func(f Figures) bool { return f.Never+f.Refused > 0 && slices.ContainsFunc(f.Reasons, is) })
	}
	if has(codeClosed) {
		out.Hints = append(out.Hints, "connections closed without an answer: one machine's load comes from one address; "+
			"liveroom takes 512 connections of an address unless it runs with --max-per-address 0, and no more than --max-connections or its descriptors allow")
	}
	if has("too_many", "too_many_pushes") {
		out.Hints = append(out.Hints, "refused because one address asked for too much: run the server with --max-per-address 0 and --max-pushes-per-address 0 while you measure")
	}
	if has("room_full", "room_bandwidth", "node_full", "node_bandwidth") {
		out.Hints = append(out.Hints, "refused by the limits set for the room or the node: --max-viewers, --max-bandwidth and those per room")
	}
}

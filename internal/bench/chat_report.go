package bench

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// ChatReport is what was measured of a chat. Times are in seconds or, where the name says so, in milliseconds.
type ChatReport struct {
	StartedAt   time.Time `json:"startedAt,omitzero"` // of the window
	Seconds     float64   `json:"windowSeconds"`      // 0: it was never reached
	Interrupted bool      `json:"interrupted"`
	Rooms       int       `json:"rooms"`
	Rate        float64   `json:"rate"` // messages a second in each room, as planned
	Size        int       `json:"bytesPerMessage"`

	Connections int     `json:"connections"` // listeners, as planned
	Joined      int     `json:"joined"`      // at least once
	Join        Spread  `json:"joinMs"`      // connecting to being in
	JoinSeconds float64 `json:"joinSeconds"` // until all were in
	Closed      int     `json:"closed"`      // connections that ended after that
	Rejoined    int     `json:"rejoined"`    // and came back missing nothing
	Gaps        int     `json:"gaps"`        // and were told that something is missing
	Rejoin      Spread  `json:"rejoinMs"`
	Outage      float64 `json:"outageSeconds"` // from the first close to the last return

	Senders Senders `json:"senders"`
	Likes   *Gives  `json:"likes,omitempty"`
	Gifts   *Gives  `json:"gifts,omitempty"`

	Expected   int64     `json:"expected"` // deliveries to listeners that read
	Delivered  int64     `json:"delivered"`
	Lost       int64     `json:"lost"`
	LostAway   int64     `json:"lostAway"` // of those whose connection is gone
	Doubled    int64     `json:"doubled"`
	Disordered int64     `json:"disordered"`
	Foreign    int64     `json:"foreign"`    // numbers that can't be
	PerSecond  float64   `json:"deliveries"` // a second
	PerFrame   float64   `json:"messagesPerFrame"`
	WireBytes  float64   `json:"bytesPerDelivery"` // with all frames around it
	Latency    Spread    `json:"latencyMs"`
	Slow       *SlowPart `json:"slow,omitempty"`

	Server     *ChatServer `json:"server,omitempty"`
	Unmeasured string      `json:"serverUnmeasured,omitempty"` // why there is no Server
	Load       Load        `json:"load"`

	Reasons  []Reason `json:"reasons"`
	Distrust []string `json:"distrust"`
	Hints    []string `json:"hints"`
}

// Senders is how the sending went, in the window.
type Senders struct {
	Connections int    `json:"connections"`
	Sent        int64  `json:"sent"`
	Taken       int64  `json:"taken"`      // answered as delivered
	Dropped     int64  `json:"dropped"`    // by frequency control
	Refused     int64  `json:"refused"`    // with a reason
	Unanswered  int64  `json:"unanswered"` // lost with a connection, or too late
	Unsent      int64  `json:"unsent"`     // there was no connection, or too much unanswered
	Lost        int64  `json:"lost"`       // connections
	Late        Spread `json:"lateMs"`
	Answer      Spread `json:"answerMs"` // sending to the answer
}

// SlowPart is how it went with listeners who stopped reading: the others' latency before, during and after.
type SlowPart struct {
	Listeners int    `json:"listeners"`
	Expected  int64  `json:"expected"` // deliveries to them
	Delivered int64  `json:"delivered"`
	Closed    int    `json:"closed"` // at the end
	Before    Spread `json:"beforeMs"`
	During    Spread `json:"duringMs"`
	After     Spread `json:"afterMs"`
	Own       Spread `json:"ownMs"`
}

// ChatServer is what the server's process used. 100 % is one core.
type ChatServer struct {
	CPUSeconds     float64 `json:"cpuSeconds"` // in the window
	CPUPercent     float64 `json:"cpuPercent"`
	PerMillion     float64 `json:"cpuSecondsPerMillionDeliveries"`
	CPUPerJoinMS   float64 `json:"cpuMsPerJoin"`
	RSSBefore      int64   `json:"rssBytesBefore"`
	RSSJoined      int64   `json:"rssBytesJoined"`
	RSSAfter       int64   `json:"rssBytesAfter"`
	BytesPerMember int64   `json:"bytesPerConnection"` // 0: it did not grow
}

// Failed says whether somebody did not get what they should, or got it twice or in another order.
func (r ChatReport) Failed() bool {
	s := r.Senders
	return r.Joined < r.Connections || r.Likes.failed() || r.Gifts.failed() || r.Lost+r.LostAway+r.Doubled+r.Disordered+r.Foreign > 0 || s.Refused+s.Unsent+s.Unanswered+s.Lost > 0 ||
		r.Seconds == 0 || r.Rate > 0 && r.Delivered == 0
}

// report puts the figures together; the load has ended.
func (r *chatRun) report(interrupted bool) ChatReport {
	l, s := r.listeners, r.sending
	out := ChatReport{
		StartedAt: r.begin.at, Interrupted: interrupted, Rooms: len(r.rooms), Rate: r.plan.Rate, Size: r.plan.Size,
		Connections: r.plan.Connections, Join: l.join.spread(), JoinSeconds: round(r.joinEnded.Sub(r.joinBegan).Seconds(), 3),
		Closed: int(l.closed.Load()), Rejoined: int(l.rejoined.Load()), Gaps: int(l.gaps.Load()), Rejoin: l.rejoin.spread(),
		Reasons: append(l.notes.all(), s.notes.all()...), Distrust: []string{}, Hints: []string{},
	}
	expected := r.expected()
	taken := int64(0)
	for _, room := range expected {
		taken += int64(len(room))
	}
	out.Senders = Senders{
		Connections: s.count(nil), Sent: s.sent.Load(), Taken: taken, Dropped: s.dropped.Load(), Refused: s.refused.Load(),
		Unsent: s.unsent.Load(), Lost: s.lost.Load(), Late: s.late.spread(), Answer: s.answered.spread(),
	}
	out.Senders.Unanswered = max(0, out.Senders.Sent-taken-out.Senders.Dropped-out.Senders.Refused)
	out.Likes, out.Gifts = s.likes.report(s.count(s.likes)), s.gifts.report(s.count(s.gifts))
	r.deliveries(&out, expected)
	if !r.end.at.IsZero() {
		r.measured(&out)
	}
	r.judge(&out)
	return out
}

// deliveries compares what each listener got with what it should have got.
func (r *chatRun) deliveries(out *ChatReport, expected [][]item) {
	slow := SlowPart{}
	var outage, healed int64
	for _, w := range r.listeners.workers {
		out.Doubled, out.Disordered, out.Foreign = out.Doubled+w.doubled, out.Disordered+w.disordered, out.Foreign+w.foreign
		if w.outageAt > 0 && (outage == 0 || w.outageAt < outage) {
			outage = w.outageAt
		}
		healed = max(healed, w.healedAt)
		for _, one := range w.mine {
			if !one.everIn {
				continue
			}
			out.Joined++
			want, got := one.compare(expected[one.room.index])
			switch {
			case one.slow:
				slow.Listeners++
				slow.Expected, slow.Delivered = slow.Expected+want, slow.Delivered+got
				if !one.joined {
					slow.Closed++
				}
				continue
			case one.joined:
				out.Lost += want - got
			default:
				out.LostAway += want - got
			}
			out.Expected, out.Delivered = out.Expected+want, out.Delivered+got
		}
	}
	if healed > outage && outage > 0 {
		out.Outage = round(float64(healed-outage)/1e9, 3)
	}
	l := r.listeners
	var all histogram
	for i := range l.latency {
		all.merge(&l.latency[i])
	}
	out.Latency = all.spread()
	if r.plan.Slow > 0 {
		slow.Before, slow.During, slow.After = l.latency[0].spread(), l.latency[1].spread(), l.latency[2].spread()
		slow.Own = l.slowLatency.spread()
		out.Slow = &slow
	}
}

// compare counts the messages a listener should have got, and got.
func (l *listener) compare(expected []item) (want, got int64) {
	for _, one := range expected {
		if one.seq <= l.seen.base {
			continue
		}
		want++
		if l.seen.has(one.seq) {
			got++
		}
	}
	return want, got
}

// measured adds what the window says of server and load.
func (r *chatRun) measured(out *ChatReport) {
	b, e := r.begin, r.end
	took := e.at.Sub(b.at).Seconds()
	delivered := float64(e.delivered - b.delivered)
	out.Seconds, out.PerSecond = round(took, 3), round(delivered/took, 0)
	if frames := e.frames - b.frames; frames > 0 {
		toListeners := float64(r.listeners.delivered.Load()) // near enough: of the whole run
		out.PerFrame = round(toListeners/float64(r.listeners.frames.Load()), 2)
		out.WireBytes = round(float64(e.bytes-b.bytes)/(float64(frames)*toListeners/float64(r.listeners.frames.Load())), 0)
	}
	own := (e.own - b.own).Seconds()
	out.Load = Load{CPUPercent: round(100*own/took, 1), PercentOfCores: round(100*own/took/float64(cores()), 1), Cores: cores()}
	if _, all := machineIdle(); all > 0 {
		out.Load.MachinePercent = round(100-100*(e.idle-b.idle).Seconds()/took/float64(all), 1)
	}
	if r.serverErr != nil {
		out.Unmeasured = r.serverErr.Error()
		return
	}
	cpu := (e.server.CPU - b.server.CPU).Seconds()
	if cpu < 0 {
		out.Unmeasured = "the server was restarted in the window"
		return
	}
	s := &ChatServer{
		CPUSeconds: round(cpu, 3), CPUPercent: round(100*cpu/e.server.At.Sub(b.server.At).Seconds(), 1),
		RSSBefore: r.before.RSSBytes, RSSJoined: r.joined.RSSBytes, RSSAfter: e.server.RSSBytes,
	}
	if delivered > 0 {
		s.PerMillion = round(cpu/delivered*1e6, 3)
	}
	if n := out.Joined; n > 0 {
		s.CPUPerJoinMS = round((r.joined.CPU-r.before.CPU).Seconds()*1000/float64(n), 3)
		s.BytesPerMember = max(0, (s.RSSJoined-s.RSSBefore)/int64(n))
	}
	out.Server = s
}

// judge says what to distrust, and what may be behind failures.
func (r *chatRun) judge(out *ChatReport) {
	doubt := func(format string, values ...any) {
		out.Distrust = append(out.Distrust, fmt.Sprintf(format, values...))
	}
	hint := func(text string) { out.Hints = append(out.Hints, text) }
	if l := out.Load; l.PercentOfCores > mostLoad {
		doubt("the load itself took %.0f %% of its %d cores: latencies are its own", l.PercentOfCores, l.Cores)
	} else if l.MachinePercent > mostMachine {
		doubt("this machine was %.0f %% busy: if the server runs here too, they took from one another", l.MachinePercent)
	}
	if late := out.Senders.Late; late.P99 > mostLate {
		doubt("messages were sent up to %.0f ms late (p99 %.0f ms): latencies don't count that", late.Max, late.P99)
	}
	if s := out.Server; s != nil && r.plan.Rate > 0 && s.CPUSeconds < 0.5 {
		doubt("the server used %.2f s of CPU in the window, and it is counted in steps of 0.01 s: measure longer, or with more", s.CPUSeconds)
	}
	if s := out.Senders; s.Dropped > 0 && r.plan.Rate > 0 {
		hint(fmt.Sprintf("frequency control dropped %d of %d messages, which are not expected to arrive: a room delivers 40 a second", s.Dropped, s.Sent))
	}
	if out.Unmeasured != "" && r.plan.Server != nil {
		hint("the server's use is not known: " + out.Unmeasured)
	}
	if out.Joined == out.Connections {
		return
	}
	for _, reason := range out.Reasons {
		switch reason.Code {
		case codeClosed, "too_many_sockets_from_address", "too_many_requests":
			hint("not all were let in: liveroom takes 512 connections of an address; --sources spreads the load over loopback addresses, or run the server with --max-per-address 0")
			return
		case "too_many_sockets":
			hint("the server takes no more connections: --max-connections, or its descriptors (ulimit -n)")
			return
		}
	}
}

// Write writes the report for people.
func (r ChatReport) Write(w io.Writer) error {
	var b strings.Builder
	three := func(s Spread) string { return ms(s.P50) + " / " + ms(s.P99) + " / " + ms(s.Max) }
	switch {
	case r.Seconds == 0:
		b.WriteString("nothing was measured: it ended before the window\n")
	case r.Interrupted:
		fmt.Fprintf(&b, "measured %.1f s, interrupted\n", r.Seconds)
	default:
		fmt.Fprintf(&b, "measured %.1f s: %d rooms, %.4g messages/s in each, %d bytes a message\n", r.Seconds, r.Rooms, r.Rate, r.Size)
	}
	fmt.Fprintf(&b, "joined: %d of %d in %.2f s; p50 / p99 / max %s ms\n", r.Joined, r.Connections, r.JoinSeconds, three(r.Join))
	if r.Closed > 0 {
		fmt.Fprintf(&b, "closed: %d; came back missing nothing %d, with a gap told %d, in %s ms; outage %.2f s\n", r.Closed, r.Rejoined, r.Gaps, three(r.Rejoin), r.Outage)
	}
	if s := r.Senders; s.Connections > 0 {
		fmt.Fprintf(&b, "sent: %d by %d senders; taken %d, dropped %d, refused %d, unanswered %d, not sent %d; late p50 / p99 / max %s ms, answered %s ms\n",
			s.Sent, s.Connections, s.Taken, s.Dropped, s.Refused, s.Unanswered, s.Unsent, three(s.Late), three(s.Answer))
		fmt.Fprintf(&b, "delivered: %d of %d; lost %d (and %d of closed ones), doubled %d, out of order %d; %.0f a second, %.2f messages a frame, %.0f bytes each\n",
			r.Delivered, r.Expected, r.Lost, r.LostAway, r.Doubled, r.Disordered, r.PerSecond, r.PerFrame, r.WireBytes)
		fmt.Fprintf(&b, "latency p50 / p99 / max: %s ms\n", three(r.Latency))
	}
	r.Likes.write(&b, "likes")
	r.Gifts.write(&b, "gifts")
	if s := r.Slow; s != nil {
		fmt.Fprintf(&b, "slow: %d listeners, %d of them closed, got %d of %d; the others' latency before %s, during %s, after %s ms\n",
			s.Listeners, s.Closed, s.Delivered, s.Expected, three(s.Before), three(s.During), three(s.After))
	}
	if s := r.Server; s != nil {
		fmt.Fprintf(&b, "server: %.1f %% of a core, %.3f CPU-s per million deliveries, %.3f ms CPU a join; memory %.1f → %.1f → %.1f MiB, %.2f KiB a connection\n",
			s.CPUPercent, s.PerMillion, s.CPUPerJoinMS, mib(s.RSSBefore), mib(s.RSSJoined), mib(s.RSSAfter), float64(s.BytesPerMember)/1024)
	}
	if r.Seconds > 0 {
		fmt.Fprintf(&b, "this load: %.0f %% of a core, %.0f %% of its %d cores; this machine: %.0f %% busy\n", r.Load.CPUPercent, r.Load.PercentOfCores, r.Load.Cores, r.Load.MachinePercent)
	}
	for _, reason := range r.Reasons {
		fmt.Fprintf(&b, "%d × %s: %s\n", reason.Count, reason.Code, reason.Detail)
	}
	for _, hint := range r.Hints {
		fmt.Fprintf(&b, "hint: %s\n", hint)
	}
	for _, doubt := range r.Distrust {
		fmt.Fprintf(&b, "DISTRUST: %s\n", doubt)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

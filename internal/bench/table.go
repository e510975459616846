package bench

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
)

// Write writes the report for people.
func (r Report) Write(w io.Writer) error {
	var b strings.Builder
	r.writeHead(&b)
	r.writeHealth(&b)
	if len(r.Protocols) > 0 {
		r.writeViewers(&b)
	}
	r.writeReasons(&b)
	r.writeServer(&b)
	r.writeMeaning(&b)
	for _, hint := range r.Hints {
		fmt.Fprintf(&b, "hint: %s\n", hint)
	}
	for _, doubt := range r.Distrust {
		fmt.Fprintf(&b, "DISTRUST: %s\n", doubt)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (r Report) writeHead(b *strings.Builder) {
	switch {
	case r.Seconds == 0:
		fmt.Fprintf(b, "nothing was measured: it ended before the window\n")
	case r.Interrupted:
		fmt.Fprintf(b, "measured %.1f s, interrupted\n", r.Seconds)
	default:
		fmt.Fprintf(b, "measured %.1f s\n", r.Seconds)
	}
	if p := r.Publishers; p != nil {
		fmt.Fprintf(b, "publishers: %d of %d accepted, %d refused, %d lost; %.2f Mbit/s sent; pictures late p99/max %s/%s ms, blocked in writing p99/max %s/%s ms\n",
			p.Accepted, p.Asked, p.Refused, p.Lost, p.Mbps, ms(p.Late.P99), ms(p.Late.Max), ms(p.Blocked.P99), ms(p.Blocked.Max))
	}
}

const shownHealth = 4 // streams; beyond them only those with advice are shown

// writeHealth writes what the server makes of the pushes.
func (r Report) writeHealth(b *strings.Builder) {
	for i, h := range r.Health {
		if i >= shownHealth && len(h.Advice) == 0 {
			continue
		}
		fmt.Fprintf(b, "the server sees %s: %s, %.4g pictures/s, a keyframe each %s, %d timestamps repaired\n",
			h.Stream, Rate(h.BitsPerSecond), h.FramesPerSecond, h.KeyframeInterval, h.Repaired)
		for _, advice := range h.Advice {
			fmt.Fprintf(b, "  %s\n", advice)
		}
	}
}

// writeViewers writes one column for each protocol, and the total.
func (r Report) writeViewers(b *strings.Builder) {
	columns := r.Protocols
	if len(columns) > 1 {
		columns = append(append([]Figures{}, columns...), r.Total)
	}
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(name string, cell func(f Figures) string) {
		_, _ = fmt.Fprintf(t, "%-32s\t", name) // into memory
		for _, f := range columns {
			_, _ = fmt.Fprint(t, cell(f), "\t")
		}
		_, _ = fmt.Fprintln(t)
	}
	spread := func(s Spread) string {
		if s.Count == 0 {
			return "–"
		}
		return ms(s.P50) + " / " + ms(s.P99) + " / " + ms(s.Max)
	}
	row("", func(f Figures) string { return string(f.Protocol) })
	row("viewers", func(f Figures) string { return strconv.Itoa(f.Viewers) })
	row("delivered, Gbit", func(f Figures) string { return strconv.FormatFloat(f.Gbit, 'f', 3, 64) })
	if r.Bitrate > 0 {
		row("of expected / slowest, %", func(f Figures) string { return fmt.Sprintf("%.1f / %.1f", f.Expected, f.Slowest) })
	}
	row("first frame p50 / p99 / max, ms", func(f Figures) string { return spread(f.First) })
	row("latency p50 / p99 / max, ms", func(f Figures) string { return spread(f.Latency) })
	row("longest gap, ms", func(f Figures) string { return strconv.FormatFloat(f.LongestGap, 'f', 0, 64) })
	row("stalls", func(f Figures) string { return strconv.Itoa(f.Stalls) })
	row("refused / never / dead", func(f Figures) string { return fmt.Sprintf("%d / %d / %d", f.Refused, f.Never, f.Dead) })
	row("frames lost of checked", func(f Figures) string { return fmt.Sprintf("%d of %d", f.Lost, f.Checked) })
	_ = t.Flush() // into memory
}

func (r Report) writeReasons(b *strings.Builder) {
	list := func(who string, reasons []Reason) {
		for _, reason := range reasons {
			fmt.Fprintf(b, "%s: %d × %s: %s\n", who, reason.Count, reason.Code, reason.Detail)
		}
	}
	if r.Publishers != nil {
		list("publishers", r.Publishers.Reasons)
	}
	for _, f := range r.Protocols {
		list(string(f.Protocol), f.Reasons)
	}
}

func (r Report) writeServer(b *strings.Builder) {
	if r.Seconds == 0 {
		return
	}
	if s := r.Server; s != nil {
		what := "delivered"
		if r.Total.Viewers == 0 {
			what = "taken in"
		}
		fmt.Fprintf(b, "server: %.1f %% of a core, %.4f CPU-s per Gbit %s", s.CPUPercent, s.PerGbit, what)
		if r.Total.Viewers > 0 {
			fmt.Fprintf(b, ", %.2f %% per 100 viewers", s.Per100Viewers)
		}
		fmt.Fprintf(b, "; memory %.1f → %.1f MiB", mib(s.RSSBefore), mib(s.RSSAfter))
		if s.BytesPerViewer > 0 {
			fmt.Fprintf(b, ", %.1f kB a viewer", float64(s.BytesPerViewer)/1000)
		}
		b.WriteString("\n")
	}
	l := r.Load
	fmt.Fprintf(b, "this load: %.0f %% of a core, %.0f %% of its %d cores; this machine: %.0f %% busy\n", l.CPUPercent, l.PercentOfCores, l.Cores, l.MachinePercent)
}

// writeMeaning says what the figures mean for planning.
func (r Report) writeMeaning(b *strings.Builder) {
	c := r.Capacity
	if c == nil {
		return
	}
	b.WriteString("what this means, for this mix of protocols at " + Rate(r.Bitrate).String() + ":\n")
	if c.PerCore > 0 {
		fmt.Fprintf(b, "  CPU: a core carries %d viewers, planned with %.0f %% of it (%d at most) = %.1f / (%.4f CPU-s/Gbit × %.6g Gbit/s)\n",
			c.PerCore, 100*c.CoreShare, c.PerCoreMost, c.CoreShare, r.Server.PerGbit, float64(r.Bitrate)/1e9)
	}
	for _, n := range c.Networks {
		fmt.Fprintf(b, "  network: %s carry %d viewers, planned with %.0f %% of it", Rate(n.Bandwidth), n.Viewers, 100*c.NetworkShare)
		if n.Cores > 0 {
			fmt.Fprintf(b, "; cores they need: %d", n.Cores)
		}
		b.WriteString("\n")
	}
	if s := r.Server; s != nil && s.BytesPerViewer > 0 && c.PerCore > 0 {
		fmt.Fprintf(b, "  memory: %.0f MiB for the viewers of a core\n", mib(s.BytesPerViewer*int64(c.PerCore)))
	}
}

func mib(n int64) float64 { return float64(n) / (1 << 20) }

// ms is a number of milliseconds with the digits that matter.
func ms(v float64) string {
	switch {
	case v >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 1:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}

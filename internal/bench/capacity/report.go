package capacity

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// Write writes the layout for people, and what became of one of its rooms if one was simulated.
func (l Layout) Write(w io.Writer, simulated *Simulated) error {
	var b strings.Builder
	l.writeAsk(&b)
	l.writeNodes(&b)
	if l.Nodes > 1 {
		l.writeRedis(&b)
	}
	if simulated != nil {
		simulated.write(&b)
	}
	l.writeEnd(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

func (l Layout) writeAsk(b *strings.Builder) {
	a := l.Ask
	var parts []string
	if a.Members > 0 {
		parts = append(parts, fmt.Sprintf("%s in %s, messages of %d bytes, %s a second in each", plural(a.Members, "member"), plural(a.Rooms, "room"), a.MessageBytes, short(a.Rate)))
	}
	for _, protocol := range slices.Sorted(maps.Keys(a.Viewers)) {
		parts = append(parts, plural(a.Viewers[protocol], "viewer")+" over "+strings.ToUpper(protocol))
	}
	if a.Streams > 0 {
		parts = append(parts, plural(a.Streams, "stream")+" of "+bits(a.Bitrate))
	}
	fmt.Fprintf(b, "%s\nnodes of %s, %s, %s, with at most %s\n\n", strings.Join(parts, ", "), plural(a.Cores, "core"), bits(a.Network), size(a.Memory), plural(a.NodeMembers, "member"))
}

func (l Layout) writeNodes(b *strings.Builder) {
	fmt.Fprintf(b, "%s; of what may be planned with is used, and so many nodes would do:\n", plural(l.Nodes, "node"))
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, need := range l.Needs {
		_, _ = fmt.Fprintf(t, "%s\t%.0f %%\t%s\t\n", need.What, 100*need.Used, count(need.Nodes)) // into memory
	}
	_ = t.Flush() // into memory
	n := l.Node
	fmt.Fprintf(b, "each node: %s, %s; %.2f cores for the chat, %.2f for streams; %s out; %s\n",
		plural(whole(n.Members), "member"), plural(whole(n.Viewers), "viewer"), n.Chat, n.Media, bits(n.Bits), size(n.Bytes))
	if s := n.Room; s.Members > 0 {
		fmt.Fprintf(b, "each room on it: %s, turns of %s, rounds of writes of %s, %.1f of them a second\n",
			plural(whole(s.Members), "member"), ms(s.Turn), ms(s.FanOut), s.FanOuts)
	}
}

func (l Layout) writeRedis(b *strings.Builder) {
	r := l.Redis
	if r.Flushes == 0 {
		return
	}
	fmt.Fprintf(b, "Redis: %s flushes a second of %.1f messages, each to %s; %s in, %s out;\n       %s of a core if each comes alone, %s where many come at once\n",
		short(r.Flushes), r.Messages, plural(whole(r.Followers), "node"), bits(8*r.In), bits(8*r.Out), percent(r.Alone), percent(r.Together))
}

func (s Simulated) write(b *strings.Builder) {
	fmt.Fprintf(b, "simulated: %s in one room, delivered after p50 %s, p99 %s, at most %s;\n           a node %.2f cores, %.2f CPU-s per million deliveries",
		plural(s.Messages, "message"), ms(s.P50), ms(s.P99), ms(s.Most), s.CPU, s.PerMillion)
	if s.Redis > 0 {
		fmt.Fprintf(b, "; Redis %.1f flushes a second, %s of a core", s.Flushes, percent(s.Redis))
	}
	b.WriteString("\n")
}

// writeEnd says what ends first, and what is to be done then.
func (l Layout) writeEnd(b *strings.Builder) {
	first := slices.MaxFunc(l.Needs, func(x, y Need) int { return x.Nodes - y.Nodes })
	b.WriteString("\nwhat ends first: ")
	switch first.What {
	case "members":
		b.WriteString("the members that a node may have; more were not measured: more nodes, or more cores\n")
	case "CPU":
		b.WriteString("the nodes' CPU: more nodes, more cores, rooms on fewer nodes each, or a longer tick (chat.Config), which makes fewer writes\n")
	case "network":
		b.WriteString("the nodes' network: more of it, more nodes, or for HLS a cache before them\n")
	case "memory":
		b.WriteString("the nodes' memory: more of it, or more nodes\n")
	}
	if l.Nodes == 1 || l.Redis.Flushes == 0 {
		return
	}
	f := l.Full()
	where := fmt.Sprintf("one Redis ends before %s on %s, by ", plural(f.Rooms, "such room"), plural(f.Nodes, "node"))
	switch f.What {
	case "flushes":
		b.WriteString(where + "the flushes that a core of it bears: a Redis cluster, over which\nrooms spread by themselves; rooms on fewer nodes each; a longer tick\n")
	case "nodes":
		b.WriteString(where + "what so many nodes tell each other: fewer and larger nodes, or\nseveral clusters with rooms of their own\n")
	case "network":
		b.WriteString(where + "its network: a Redis cluster, or rooms on fewer nodes each\n")
	default:
		fmt.Fprintf(b, "one Redis bears as many such rooms as %s nodes do\n", count(maxNodes))
	}
}

// whole is the nearest whole number.
func whole(v float64) int { return int(v + .5) }

// count is a number with its thousands apart.
func count(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func plural(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return count(n) + " " + what
}

// short is a number with the digits that matter.
func short(v float64) string {
	if v >= 100 {
		return count(whole(v))
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

func percent(v float64) string { return short(100*v) + " %" }

func bits(v float64) string { return unit(v, 1000, "bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s") }

func size(v float64) string { return unit(v, 1024, "B", "KiB", "MiB", "GiB", "TiB") }

func unit(v, step float64, names ...string) string {
	for len(names) > 1 && v >= step {
		v, names = v/step, names[1:]
	}
	return short(v) + " " + names[0]
}

func ms(d time.Duration) string {
	return strconv.FormatInt(d.Round(time.Millisecond).Milliseconds(), 10) + " ms"
}

package chat

import (
	"cmp"
	"slices"
)

// claim is a device in the count of those of its kind.
type claim struct {
	kind, platform, instance string
	since                    int64
	node                     string
	sess                     Session // nil: it is on another node
}

// tooMany are devices here that are too many, and why they are closed.
type tooMany struct {
	own []Session
	why Closing
}

// surplus are those of a user's devices that are too many: of each kind the oldest, on whatever node. Every node comes to
// the same, and closes its own; platforms are those of the others.
func (u *present) surplus(cfg *Config, living []string) (own tooMany, platforms []string) {
	if u.alone() && len(u.devices) == 1 {
		return own, nil // one is never too many
	}
	all := u.claims(cfg, living)
	n := make(map[string]int)
	newest := make(map[string]claim)
	for _, c := range all {
		n[c.kind]++
		newest[c.kind] = c
	}
	for _, c := range all {
		limit := cfg.instances(c.kind)
		if limit < 0 || n[c.kind] <= limit {
			continue
		}
		if n[c.kind]--; c.sess == nil {
			platforms = append(platforms, c.platform)
			continue
		}
		own.own = append(own.own, c.sess)
		own.why = Closing{Reason: CloseReplaced, Type: KickedByDevice, Detail: "you came in on more devices than you may have at a time"}
		if OptPlatform(newest[c.kind].platform) == PlatformWeb && OptPlatform(c.platform) == PlatformWeb {
			own.why.Type = KickedByInstance
		}
	}
	return own, platforms
}

// claims are a user's devices on all nodes, oldest first. Of one instance only the newest counts.
func (u *present) claims(cfg *Config, living []string) []claim {
	rivals, me := cfg.Rivals, ""
	if cfg.Neighbours != nil {
		me = cfg.Neighbours.Node()
	}
	all := make([]claim, 0, len(u.devices))
	for _, d := range u.devices {
		all = append(all, claim{rivals.kind(d.who.Platform), d.who.Platform, d.who.Instance, d.since, me, d.sess})
	}
	if u.alone() {
		return all
	}
	for node, r := range u.abroad {
		if !slices.Contains(living, node) {
			continue
		}
		for _, d := range r.Devices {
			c := claim{rivals.kind(d.Platform), d.Platform, d.Instance, d.Since, node, nil}
			if !slices.ContainsFunc(all, c.precedes) {
				all = append(slices.DeleteFunc(all, func(other claim) bool { return other.sess == nil && other.precedes(c) }), c)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b claim) int { return cmp.Or(cmp.Compare(a.since, b.since), cmp.Compare(a.node, b.node)) })
	return all
}

// precedes says whether other is the same instance come back.
func (c claim) precedes(other claim) bool {
	return c.instance != "" && c.instance == other.instance && c.kind == other.kind && c.since < other.since
}

// superseded says whether the instance of a device came back on another node.
func (u *present) superseded(d device, living []string, rivals Rivals) bool {
	own := claim{kind: rivals.kind(d.who.Platform), instance: d.who.Instance, since: d.since}
	for node, r := range u.abroad {
		if slices.Contains(living, node) && slices.ContainsFunc(r.Devices, func(other DeviceAt) bool {
			return own.precedes(claim{kind: rivals.kind(other.Platform), instance: other.Instance, since: other.Since})
		}) {
			return true
		}
	}
	return false
}

// alone says whether nothing is known of him on other nodes.
func (u *present) alone() bool { return len(u.abroad) == 0 }

// replacing notes for the Observer what went for the device that came last.
func (u *present) replacing(platforms []string) {
	if n := len(u.devices); n > 0 && !u.devices[n-1].told {
		u.devices[n-1].replaced = append(u.devices[n-1].replaced, platforms...)
	}
}

func platformsOf(devices []device) (all []string) {
	for _, d := range devices {
		all = append(all, d.who.Platform)
	}
	return all
}

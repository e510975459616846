package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"liveroom/internal/outbound"
	"liveroom/internal/redisstore"
	"liveroom/live"
	"liveroom/live/relay"
	"liveroom/live/rtmp"
	"liveroom/status"
	"liveroom/web"
	"liveroom/web/callback"
)

// relayDial is how long a connection to one of a target's addresses may take to come about.
const relayDial = 5 * time.Second

// joinRelays makes what pushes streams on to other servers, once the rooms are there.
func (p *program) joinRelays() {
	private, _ := outbound.ParsePrivate(p.set.RelayPrivate) // Validate has checked it
	dialer := &net.Dialer{Control: private.Control, Timeout: relayDial}
	cfg := relay.Config{
		Node: p.relayNode(), Client: rtmp.ClientConfig{Dial: dialer.DialContext}, Allowed: private.Allows, Own: p.isOwnHost, Tell: p.relayTold,
	}
	if p.cluster != nil {
		relays := p.cluster.redis.Relays()
		cfg.Board = relays
	}
	p.relays = relay.New(cfg, p.stores.relays, relayRooms{p}, p.hub, p.log)
}

// shown has relays follow what is shown: the last of a stream that is shown later is relayed too. Of a room that an operator took off
// nothing is seen any more, at an earlier time neither.
func (p *program) shown(st status.State) {
	p.relays.Follow(p.relaySource(st))
	if st.TakenOff(time.Now()) {
		p.vod.OffAir(st.Record.Room)
	}
}

// relayNode is this node's name as relays have it. A node that is alone holds every push there is.
func (p *program) relayNode() string {
	if p.cluster == nil {
		return p.set.nodeName()
	}
	return p.nodeID()
}

// relaySource is what a room's state says of where its push is.
func (p *program) relaySource(st status.State) relay.Source {
	on := !st.Deleted && (st.Record.Code == status.Live || st.Record.Code == status.Paused)
	o := relay.Source{Room: st.Record.Room, Epoch: st.Record.Epoch, Revision: st.Revision, On: on, Node: st.Publisher}
	if o.Node != "" && p.cluster == nil {
		o.Node = p.relayNode()
	}
	return o
}

// isOwnHost says whether a host is this installation's, as addresses to push to name it.
func (p *program) isOwnHost(host string) bool {
	return strings.EqualFold(host, pushHost(p.set.PublicRTMPURL))
}

// relayRooms are the rooms as relays look at them.
type relayRooms struct{ p *program }

// Room implements relay.Rooms.
func (r relayRooms) Room(ctx context.Context, id string) (relay.Room, error) {
	l, err := r.p.rooms.Room(ctx, id)
	if err != nil {
		return relay.Room{}, err
	}
	st, err := r.p.machine.State(ctx, id)
	if err != nil {
		return relay.Room{}, err
	}
	o := r.p.relaySource(r.p.rooms.ShownState(l.Room.Stream, st))
	here := o.On && (o.Node == "" || o.Node == r.p.relayNode())
	return relay.Room{Stream: l.Room.Stream, CreatedAt: l.Room.CreatedAt, Here: here}, nil
}

// relayTold tells backends what befalls relays, in CSS's words.
func (p *program) relayTold(e relay.Event) {
	c := callback.RelayChange{Room: e.Target.Room, Stream: e.Stream, Task: e.Target.ID, To: e.Target.Shown(), At: e.At}
	switch e.Kind {
	case relay.Started:
		c.Step = callback.TaskStart
	case relay.Stopped:
		c.Step, c.Code, c.Message = callback.TaskExit, e.Cause.Code, e.Cause.Detail
	case relay.Failing:
		c.Step, c.Alarm = callback.TaskAlarm, callback.AlarmPush
	default:
		return
	}
	p.callbacks.media.Relay(c)
}

// endedGroups are the chat side of rooms, whose relays and pulls go with them: their addresses are secrets of who made them.
type endedGroups struct {
	*groups
	p *program
}

// Dismiss implements live.Groups.
func (g endedGroups) Dismiss(ctx context.Context, group string) error {
	room, err := g.p.stores.rooms.RoomByGroup(ctx, group)
	var none *live.Error
	switch {
	case errors.As(err, &none):
	case err != nil:
		return err
	default:
		if err := errors.Join(g.p.relays.RemoveRoom(ctx, room.ID), g.p.pulls.RemoveRoom(ctx, room.ID)); err != nil {
			return err
		}
	}
	return g.groups.Dismiss(ctx, group)
}

// watchRelays has targets that another node changed put in force here.
func (p *program) watchRelays() { p.cluster.news.Watch(redisstore.NewsRelays, p.relays.Reload) }

// validRelays says which setting of relays can't be used.
func (s *Settings) validRelays() error {
	if _, err := outbound.ParsePrivate(s.RelayPrivate); err != nil {
		return fmt.Errorf("relay-private: %w", err)
	}
	return nil
}

// relayMetrics are what this node pushes on.
func (p *program) relayMetrics() []web.Sample {
	st := p.relays.Stats()
	out := []web.Sample{
		gauge("relays_running", "Streams being pushed on to other servers.", int(st.Running)),
		counter("relay_connects_total", "Tries to connect to targets of relays.", st.Connects),
		counter("relay_out_bytes_total", "Media sent to targets of relays.", st.Bytes),
		counter("relay_dropped_tags_total", "Tags that targets of relays were too slow for.", st.Dropped),
	}
	return append(out, byCode("relay_failures_total", "Connections to targets that could not be made, or ended, by why.", st.Failures)...)
}

package main

import (
	"context"
	"errors"
	"net"
	"net/url"
	"strings"

	"liveroom/internal/outbound"
	"liveroom/internal/redisstore"
	"liveroom/live"
	"liveroom/live/pull"
	"liveroom/live/stream"
	"liveroom/status"
	"liveroom/web"
	"liveroom/web/callback"
)

// joinPulls makes what brings streams from elsewhere into rooms, once there is what is recorded.
func (p *program) joinPulls() {
	private, _ := outbound.ParsePrivate(p.set.RelayPrivate) // Validate has checked it
	dialer := &net.Dialer{Control: private.Control, Timeout: relayDial}
	cfg := pull.Config{
		Node: p.relayNode(), Dial: dialer.DialContext, Allowed: private.Allows, Own: p.isOwnPlayHost, Next: nextTime, Tell: p.pullTold,
	}
	if p.cluster != nil {
		cfg.Board = p.cluster.redis.Pulls()
	}
	p.pulls = pull.New(cfg, p.stores.pulls, pulledRooms{p}, p.recordings, p.log)
	p.interaction.actors = append(p.interaction.actors, actor{"pulls", p.once("pulls", p.pulls.Run)})
}

// isOwnPlayHost says whether a host is this installation's, as addresses to push to or play from name it.
func (p *program) isOwnPlayHost(host string) bool {
	u, err := url.Parse(p.set.PublicURL)
	return p.isOwnHost(host) || err == nil && strings.EqualFold(host, u.Host)
}

// pulledRooms are the live rooms as pulls look at them.
type pulledRooms struct{ p *program }

// Room implements pull.Rooms.
func (r pulledRooms) Room(ctx context.Context, id string) (pull.Room, error) {
	l, err := r.p.rooms.Room(ctx, id)
	var none *live.Error
	if errors.As(err, &none) && none.Code == "not_found" {
		return pull.Room{}, status.ErrUnknownRoom
	}
	return pull.Room{Stream: l.Room.Stream, CreatedAt: l.Room.CreatedAt, Busy: l.Record.StreamActive}, err
}

// Feed implements pull.Rooms.
func (r pulledRooms) Feed(ctx context.Context, id, source string) (pull.Push, error) {
	push, err := r.p.rooms.Feed(ctx, id, stream.Pull, source)
	if err != nil {
		return nil, err
	}
	return push, nil
}

// pullTold tells backends what befalls pulls, in CSS's words.
func (p *program) pullTold(e pull.Event) {
	from := e.Task.Shown()
	if from == "" {
		from = e.Task.Recording
	}
	c := callback.RelayChange{Room: e.Task.Room, Stream: e.Stream, Task: e.Task.ID, Sources: []string{from}, At: e.At}
	switch e.Kind {
	case pull.Started:
		c.Step = callback.TaskStart
	case pull.Stopped:
		c.Step, c.Code, c.Message = callback.TaskExit, e.Cause.Code, e.Cause.Detail
	case pull.Failing:
		c.Step, c.Alarm = callback.TaskAlarm, callback.AlarmPull
	case pull.FileBegins:
		c.Step, c.URL, c.Duration = callback.SourceStart, from, e.Duration
	case pull.FileEnds:
		c.Step, c.URL, c.Duration = callback.SourceFinish, from, e.Duration
	default:
		return
	}
	p.callbacks.media.Relay(c)
}

// watchPulls has pulls that another node changed put in force here.
func (p *program) watchPulls() { p.cluster.news.Watch(redisstore.NewsPulls, p.pulls.Reload) }

// pullMetrics are what this node pulls.
func (p *program) pullMetrics() []web.Sample {
	st := p.pulls.Stats()
	out := []web.Sample{
		gauge("pulls_running", "Streams, files and recordings being pulled into rooms.", int(st.Running)),
		counter("pull_connects_total", "Tries to connect to sources of pulls.", st.Connects),
		counter("pull_in_bytes_total", "Media pulled into rooms.", st.Bytes),
	}
	return append(out, byCode("pull_failures_total", "Pulls that could not begin, or broke off, by why.", st.Failures)...)
}

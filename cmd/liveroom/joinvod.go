package main

import (
	"context"
	"net/http"
	"strings"
	"time"

	"liveroom/live/programme"
	"liveroom/live/vod"
	"liveroom/status"
	"liveroom/web"
)

// joinProgrammes makes what rooms play back, once there is what is recorded.
func (p *program) joinProgrammes() {
	base := p.set.base()
	p.programmes = programme.New(programme.Config{
		Next: nextTime,
		Address: func(name string) string {
			return strings.TrimSuffix(base.PublicURL, "/") + "/" + base.App + "/" + name + ".m3u8"
		},
	}, p.stores.programmes, p.recordings, playbackRooms{p}, p.log)
	p.interaction.actors = append(p.interaction.actors, actor{"planned playbacks", p.once("playbacks", p.programmes.Run)})
}

// playbackRooms are the live rooms as programmes drive them.
type playbackRooms struct{ p *program }

// Room implements programme.Rooms.
func (r playbackRooms) Room(ctx context.Context, id string) (programme.Room, error) {
	l, err := r.p.rooms.Room(ctx, id)
	return programme.Room{ID: id, Stream: l.Room.Stream, CreatedAt: l.Room.CreatedAt, Record: l.Record}, err
}

// Playback implements programme.Rooms.
func (r playbackRooms) Playback(ctx context.Context, room string, by status.Reason, url string, until time.Time, detail string) (status.Record, error) {
	return r.p.rooms.Playback(ctx, room, by, url, until, detail)
}

// shownRooms are the live rooms as those who play recordings see them.
type shownRooms struct{ p *program }

// Shown implements vod.Rooms.
func (r shownRooms) Shown(ctx context.Context, name string) (room, shows string, err error) {
	l, err := r.p.rooms.Shown(ctx, name)
	if err != nil {
		return "", "", err
	}
	return l.Room.ID, r.p.programmes.Of(l.Record, l.Room.Stream), nil
}

// shiftAge is how long ago a time shift begins at the least; 0: as CSS has it. Tests, which have less patience, lower it.
var shiftAge time.Duration

// joinVOD makes what plays recordings, at the doors of what is live.
func (p *program) joinVOD(keys Secrets) (err error) {
	var chat vod.Chat
	if p.replay != nil {
		chat = p.replay
	}
	p.vod, err = vod.New(vod.Config{
		NodeKey: []byte(keys.NodeKey), PlayKey: []byte(keys.PlayKey), PlayKeyBackup: []byte(keys.PlayKeyBackup), Addresses: p.set.base(),
		LeastAge: shiftAge, Segment: (p.set.RecordSegment + p.set.HLSSegment).Truncate(time.Second),
	}, vod.Deps{
		Library: p.recordings, Window: p.recordings.Window, Rooms: shownRooms{p}, Programmes: p.programmes, Admit: hlsGate{players{p.rooms, p}, p.sessions},
		Chat: chat, Downloads: p.exports, Log: p.log,
	})
	return err
}

// playVOD gives the API what plays recordings.
func (p *program) playVOD(deps *web.Deps) {
	deps.Playbacks, deps.Shifts = p.programmes, p.vod
}

// recordedMedia leads requests for what is recorded to it, and the others to what is live.
type recordedMedia struct {
	vod  *vod.Server
	live http.Handler
}

func (m recordedMedia) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if m.vod.Takes(r) {
		m.vod.ServeHTTP(w, r)
		return
	}
	m.live.ServeHTTP(w, r)
}

// vodMetrics are those who watch recordings on this node, and what is planned.
func (p *program) vodMetrics() []web.Sample {
	st, plans := p.vod.Stats(), p.programmes.Stats()
	began := func(o string) web.Label { return web.Label{Name: "outcome", Value: o} }
	const planned = "Planned playbacks that were due, by whether they began."
	return []web.Sample{
		gauge("vod_viewers", "Sessions in use of what is played back or watched from an earlier time.", st.Viewers),
		counter("vod_sessions_total", "Such sessions given out.", st.Sessions),
		counter("vod_files_total", "Files of recordings served, parts of them too.", st.Files),
		counter("vod_refused_total", "Requests for recordings that were refused.", st.Refused),
		counter("planned_playbacks_total", planned, plans.Begun, began("began")),
		counter("planned_playbacks_total", planned, plans.Failed, began("failed")),
	}
}

// recordingInUse says whether a recording is planned to be played back, or is just now, is pulled into a room, or is being cut out of
// another. What it asks is made later.
func (p *program) recordingInUse(ctx context.Context, id string) (bool, error) {
	for _, uses := range []func(context.Context, string) (bool, error){p.programmes.InUse, p.pulls.InUse} {
		if used, err := uses(ctx, id); used || err != nil {
			return used, err
		}
	}
	return p.exports.Makes(ctx, id)
}

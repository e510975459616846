package main

import (
	"context"
	"maps"
	"slices"
	"time"

	"liveroom/live"
	"liveroom/live/stream"
	"liveroom/web"
)

// viewers tells the chat who watches the stream of a group, and which of them say that they are members (vid).
func (p *program) viewers(group string) (sessions int, linked []string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	room, err := p.roomOfGroup(ctx, group)
	if err != nil {
		return 0, nil
	}
	_, linked = p.hub.Viewers(room.Stream)
	return p.watching(room.Stream).Total(), slices.Concat(linked, p.hls.Linked(room.Stream), p.vod.Linked(room.Stream))
}

// watching counts a stream's viewers by protocol.
func (p *program) watching(name string) live.Viewers {
	in, _ := p.hub.Info(name)
	return live.Viewers{
		RTMP: in.Viewers[stream.RTMP], FLV: in.Viewers[stream.FLV], WSFLV: in.Viewers[stream.WSFLV], HLS: p.hls.Viewers(name) + p.vod.Viewers(name),
	}
}

// playing are the play sessions of this node.
func (p *program) playing() live.Viewers {
	all := live.Viewers{HLS: p.hls.Total() + p.vod.Total()}
	for _, name := range p.hub.Names() {
		one := p.watching(name)
		all.RTMP, all.FLV, all.WSFLV = all.RTMP+one.RTMP, all.FLV+one.FLV, all.WSFLV+one.WSFLV
	}
	return all
}

// viewerMetrics are who watches on this node, and how near it is to its limits.
func (p *program) viewerMetrics() []web.Sample {
	all := p.playing()
	full := p.rooms.Occupancy()
	out := []web.Sample{
		gauge("viewer_limit", "Most viewers of this node (--max-viewers), 0: no limit.", full.Limits.Viewers),
		gauge("bandwidth_limit_bits", "Most bits per second committed to viewers (--max-bandwidth), 0: no limit.", int(full.Limits.Bandwidth)),
		gauge("bandwidth_committed_bits", "Bits per second committed to viewers: each counts with its stream's rate. Kept up where a bandwidth is limited.", int(full.Committed)),
	}
	for protocol, n := range map[string]int{stream.RTMP: all.RTMP, stream.FLV: all.FLV, stream.WSFLV: all.WSFLV, stream.HLS: all.HLS} {
		v := gauge("viewers", "Play sessions by protocol.", n)
		v.Labels = []web.Label{{Name: "protocol", Value: protocol}}
		out = append(out, v)
	}
	return out
}

// checks are what readiness and detailed health look at.
func (p *program) checks() []web.Check {
	store := storeCheck(p.stores.status)
	if p.cluster != nil {
		store = p.cluster.check()
	}
	return []web.Check{store, p.blobCheck(), p.exportCheck(), {Name: "capacity", Probe: func(context.Context) error { return p.rooms.Occupancy().Full() }}}
}

// metrics are the figures of every part, in domain words.
func (p *program) metrics() []web.Source {
	return []web.Source{
		web.ChatSource(p.chat.Stats), web.OutboxSource(p.outbox.Stats), web.AuditSource(p.audit.Stats), web.CallbackSource(p.callbacks.queues.Stats),
		p.connectionMetrics, p.streamMetrics, p.viewerMetrics, p.refusalMetrics, p.rtmpMetrics, p.flvMetrics, p.hlsMetrics, p.vodMetrics, p.socketMetrics,
		p.stores.metrics, p.wordMetrics, p.levelMetrics, p.drawMetrics, p.broadcastMetrics, p.giftMetrics, p.likeMetrics, p.popularityMetrics, p.summaryMetrics, p.fileMetrics, p.blobMetrics, p.shotMetrics, p.replayMetrics, p.recordingMetrics, p.gateMetrics,
		p.relayMetrics, p.pullMetrics, p.exportMetrics,
	}
}

func gauge(name, help string, v int) web.Sample {
	return web.Sample{Name: name, Help: help, Value: float64(v)}
}

func counter(name, help string, v uint64, labels ...web.Label) web.Sample {
	return web.Sample{Name: name, Help: help, Value: float64(v), Counter: true, Labels: labels}
}

// byCode are counters of one name, by code.
func byCode(name, help string, counts map[string]uint64) (out []web.Sample) {
	for _, code := range slices.Sorted(maps.Keys(counts)) {
		out = append(out, counter(name, help, counts[code], web.Label{Name: "code", Value: code}))
	}
	return out
}

func (p *program) streamMetrics() []web.Sample {
	st, later := p.hub.Stats(), p.rooms.Delayed()
	const dropped = "Tags that did not reach a subscriber, by reason."
	reason := func(r string) web.Label { return web.Label{Name: "reason", Value: r} }
	out := []web.Sample{
		gauge("stream_publishers", "Pushes running.", st.Publishers+later.Pushes.Publishers),
		gauge("delay_streams", "Streams of which something is yet to be shown, because it is shown later.", later.Streams),
		gauge("delay_bytes", "Media that waits for that.", int(later.Bytes)),
		gauge("delay_limit_bytes", "How much may wait (--delay-bytes).", int(later.Limit)),
		counter("delay_early_tags_total", "Tags that were shown before their time because more would have waited.", later.Early),
		gauge("stream_subscribers", "Subscribers of streams, segmenters included.", st.Subscribers),
		counter("stream_in_bytes_total", "Media received.", st.BytesIn+later.Pushes.BytesIn),
		counter("stream_out_bytes_total", "Media handed to subscribers.", st.BytesOut),
		counter("stream_dropped_tags_total", dropped, st.DroppedOverflow, reason("slow")),
		counter("stream_dropped_tags_total", dropped, st.DroppedGated, reason("paused")),
		counter("stream_dropped_tags_total", dropped, st.DroppedMalformed+later.Pushes.DroppedMalformed, reason("malformed")),
		counter("stream_dropped_tags_total", dropped, st.DroppedBeforeKeyframe, reason("before_keyframe")),
		counter("stream_closed_slow_total", "Subscribers closed for falling behind too often.", st.ClosedSlow),
	}
	for k, n := range st.Repairs {
		out = append(out, counter("stream_repaired_timestamps_total", "Tags of pushes whose timestamps had to be changed, by kind.", n+later.Pushes.Repairs[k],
			web.Label{Name: "kind", Value: stream.RepairKind(k).String()})) //nolint:gosec // an index of a short array
	}
	return out
}

func (p *program) refusalMetrics() []web.Sample {
	var out []web.Sample
	for _, r := range p.rooms.Refused() {
		out = append(out, counter("refusals_total", "Refused pushes and plays, by code.", r.Count,
			web.Label{Name: "action", Value: r.Action}, web.Label{Name: "protocol", Value: r.Protocol}, web.Label{Name: "code", Value: r.Code}))
	}
	return out
}

func (p *program) rtmpMetrics() []web.Sample {
	st := p.rtmp.Stats()
	out := []web.Sample{
		gauge("rtmp_connections", "RTMP connections.", int(st.Connections)),
		counter("rtmp_limited_total", "RTMP connections closed at once because there were too many.", st.Limited),
		counter("rtmp_handshake_failures_total", "RTMP connections lost before the end of the handshake.", st.HandshakeFailures),
		counter("rtmp_protocol_errors_total", "RTMP connections closed because of what the peer sent.", st.ProtocolErrors),
		counter("rtmp_slowed_refusals_total", "RTMP refusals held back longer than usual, because their address had many before.", st.SlowedRefusals),
		counter("rtmp_silent_pushes_total", "Pushes closed for want of media.", st.SilentPushes),
		counter("rtmp_dropped_scripts_total", "Data messages of publishers that were not valid and were left out.", st.DroppedScripts),
		counter("rtmp_slow_writes_total", "RTMP connections closed because a write took too long.", st.SlowWrites),
		counter("rtmp_panics_total", "RTMP connections ended by a mistake of this program.", st.Panics),
		counter("rtmp_timeouts_total", "RTMP connections closed because they asked for nothing in time.", st.Timeouts),
	}
	for action, byCode := range map[string]map[string]uint64{"push": st.PublishRefusals, "play": st.PlayRefusals} {
		for code, n := range byCode {
			out = append(out, counter("rtmp_refusals_total", "Pushes and plays refused over RTMP, also before a room was looked for, by code.", n,
				web.Label{Name: "action", Value: action}, web.Label{Name: "code", Value: code}))
		}
	}
	return out
}

func (p *program) flvMetrics() []web.Sample {
	st := p.flv.Stats()
	return []web.Sample{
		gauge("flv_viewers", "HTTP-FLV and WebSocket-FLV viewers.", st.Playing),
		counter("flv_closed_slow_total", "FLV viewers closed because they took no data in time.", st.ClosedSlow),
		counter("flv_panics_total", "FLV viewers ended by a mistake of this program.", st.Panics),
	}
}

func (p *program) hlsMetrics() []web.Sample {
	st := p.hls.Stats()
	return []web.Sample{
		gauge("hls_viewers", "HLS sessions in use.", st.Viewers),
		gauge("hls_held_bytes", "Segments in memory.", st.HeldBytes),
		counter("hls_limited_total", "HLS sessions refused because their address had too many.", p.sessions.crowded.Load()),
		gauge("hls_waiting", "HLS requests held for what is yet to come.", st.Waiting),
		counter("hls_segments_total", "Segments made.", st.Segments),
		counter("hls_parts_total", "Parts of segments made.", st.Parts),
		counter("hls_bad_tags_total", "Tags that could not be segmented.", st.BadTags),
		counter("hls_panics_total", "Tags that made a segmenter panic; it went on.", st.Panics),
	}
}

func (p *program) socketMetrics() []web.Sample {
	st := p.socket.Stats()
	const dropped = "Message batches that slow sockets lost, by priority."
	priority := func(v string) web.Label { return web.Label{Name: "priority", Value: v} }
	return []web.Sample{
		gauge("chat_sockets", "Open chat connections, streams included.", st.Sockets),
		gauge("chat_streams", "Of them, event streams.", st.Streams),
		counter("chat_failed_logins_total", "Chat sockets that could not sign in.", st.FailedLogins),
		counter("chat_refused_sockets_total", "Chat sockets refused because there were too many.", st.RefusedFull+st.RefusedAddress),
		counter("chat_too_fast_total", "Frames of clients over their rate.", st.TooFast),
		counter("chat_dropped_batches_total", dropped, st.DroppedHigh, priority("high")),
		counter("chat_dropped_batches_total", dropped, st.DroppedNormal, priority("normal")),
		counter("chat_dropped_batches_total", dropped, st.DroppedLow, priority("low")),
		counter("chat_out_bytes_total", "Bytes written to chat sockets.", st.BytesOut),
	}
}

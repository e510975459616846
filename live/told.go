package live

import (
	"errors"
	"time"

	"liveroom/live/stream"
	"liveroom/status"
)

// Pushes is told of the pushes of this process: each once when it was admitted and once when it is over, a room's in their
// order; one that is replaced is over before the newer one begins. It is called under locks: it must not block.
type Pushes interface {
	PushBegan(p PushInfo)
	PushOver(p PushInfo, end PushEnd)
}

// PushInfo is one push.
type PushInfo struct {
	Room       string
	Stream     string
	Generation uint64 // with Room it names the push
	Request    stream.Request
	StartedAt  time.Time
}

// PushEnd is how a push ended.
type PushEnd struct {
	At     time.Time
	Why    EndReason
	Format Format // what its headers said; zero: nothing is known
}

// EndReason is why a push ended.
type EndReason string

// The ways.
const (
	EndClosed    EndReason = "closed"   // the publisher said goodbye
	EndLost      EndReason = "lost"     // the connection broke
	EndSilent    EndReason = "silent"   // connected, but no media
	EndRefused   EndReason = "refused"  // for what it carried
	EndReplaced  EndReason = "replaced" // by a newer push
	EndDropped   EndReason = "dropped"  // by an operator
	EndForbidden EndReason = "forbidden"
	EndRoomOver  EndReason = "room_ended"
	EndStopping  EndReason = "stopping" // the server stops
)

// began tells of an admitted push. The room's view is held.
func (p *Push) began() {
	if p.service.cfg.Pushes != nil {
		p.service.cfg.Pushes.PushBegan(p.info())
	}
}

// over tells that the push is over, the first time it is called. The room's view is held.
func (p *Push) over(why EndReason, at time.Time, f Format) {
	if p.service.cfg.Pushes == nil || p.told {
		return
	}
	p.told = true
	p.service.cfg.Pushes.PushOver(p.info(), PushEnd{At: at, Why: why, Format: f})
}

func (p *Push) info() PushInfo {
	return PushInfo{Room: p.room, Stream: p.stream, Generation: p.generation, Request: p.req, StartedAt: p.startedAt}
}

// format is what the headers of the push said so far.
func (p *Push) format() Format {
	s := p.service
	if s.cfg.Describe == nil || s.cfg.Pushes == nil {
		return Format{}
	}
	in, ok := s.pushed(p.stream)
	if !ok || !in.Publishing || in.Generation != p.generation {
		return Format{}
	}
	return s.cfg.Describe(in)
}

// cutReason is why the room itself ended a push, of which st is the state now.
func cutReason(st status.State, cause error) EndReason {
	switch {
	case errors.Is(cause, stream.ErrTakenOver):
		return EndReplaced
	case st.Record.Reason == status.ReasonForbidden:
		return EndForbidden
	case errors.Is(cause, ErrRoomEnded):
		return EndRoomOver
	}
	return EndDropped
}

// closeReason is why a push ended that its door closed.
func (p *Push) closeReason(reason stream.StopReason) EndReason {
	switch {
	case p.refused.Load():
		return EndRefused
	case p.service.retired.Load():
		return EndStopping
	case reason == stream.StopClosed:
		return EndClosed
	case reason == stream.StopSilent:
		return EndSilent
	}
	return EndLost
}

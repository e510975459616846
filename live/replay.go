package live

import (
	"context"
	"time"

	"liveroom/live/stream"
	"liveroom/status"
)

// Shown is the room of a stream with its present record, as far as this node knows it: what it shows may be live or recorded.
func (s *Service) Shown(ctx context.Context, streamName string) (Listed, error) {
	r, err := s.roomOfStream(ctx, streamName)
	if err != nil {
		return Listed{}, err
	}
	st, err := s.stateOf(ctx, r.ID)
	if err != nil {
		return Listed{}, err
	}
	return Listed{Room: r, Record: st.Record}, nil
}

// playableFrom says why a room has nothing to play now by a protocol that plays recordings, nil if it has.
func playableFrom(st status.State, protocol string) *stream.Refusal {
	switch c := st.Record.Code; {
	case protocol == stream.Playback && c != status.Playback:
		return &stream.Refusal{Code: "not_playback", Detail: "the room plays back nothing; it is " + st.Record.Name, Temporary: c == status.Waiting}
	case protocol == stream.TimeShift && c != status.Live && c != status.Paused:
		return &stream.Refusal{Code: "not_live", Detail: "only what is live can be watched from an earlier time; the room is " + st.Record.Name}
	case protocol == stream.TimeShift && st.TakenOff(time.Now()):
		return &stream.Refusal{Code: "not_live", Detail: "the room was taken off; it can be watched when it is pushed into again", Temporary: true}
	case protocol == stream.TimeShift && st.Gated():
		return &stream.Refusal{Code: "paused", Detail: "the anchor has paused the room; try again when it goes on", Temporary: true}
	}
	return nil
}

// recordings says whether a protocol plays what was recorded.
func recordings(protocol string) bool {
	return protocol == stream.Playback || protocol == stream.TimeShift || protocol == stream.Recording
}

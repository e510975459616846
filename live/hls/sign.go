package hls

import (
	"time"

	"liveroom/live/pass"
)

// signer makes and checks what HLS gives to players: session ids, and capabilities in the paths of segments.
type signer struct{ *pass.Signer }

func newSigner(node []byte, plays ...[]byte) *signer {
	return &signer{pass.NewSigner("hls", node, plays...)}
}

// sid is the id of a new session.
func (s *signer) sid(app, name string, now time.Time) (string, pass.Key) {
	return s.Session(now, app, name)
}

// checkSID returns what the session is known by and when it began.
func (s *signer) checkSID(sid, app, name string, now time.Time, maxAge time.Duration) (pass.Key, time.Time, error) {
	return s.CheckSession(sid, now, maxAge, app, name)
}

// capability is the element in the path of a session's segments in that hour.
func (s *signer) capability(name, session string, hour int64) string {
	return s.Hourly(hour, name, session)
}

func (s *signer) checkCap(token, name, session string, now time.Time) bool {
	return s.CheckHourly(token, now, name, session)
}

func hourOf(t time.Time) int64 { return pass.Hour(t) }

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
	key, start, _, err := s.CheckSession(sid, now, maxAge, app, name)
	return key, start, err
}

// capability is the element in the path of a session's segments in an hour.
type capability struct {
	hour  int64
	token string // empty: none
	under pass.Under
}

// capability makes that of an hour.
func (s *signer) capability(name, session string, hour int64) capability {
	u := s.Now()
	return capability{hour: hour, token: s.Hourly(u, hour, name, session), under: u}
}

// opens says whether a capability is accepted in an hour.
func (s *signer) opens(c capability, hour int64) bool {
	return c.token != "" && hour <= c.hour+1 && s.Accepts(c.under)
}

func (s *signer) checkCap(token, name, session string, now time.Time) bool {
	return s.CheckHourly(token, now, name, session)
}

func hourOf(t time.Time) int64 { return pass.Hour(t) }

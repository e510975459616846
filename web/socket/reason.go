package socket

import "math/rand/v2"

// goodbye is why the server closes a connection, as the client is told (docs/protocol.md).
type goodbye struct {
	reason    string
	code      int  // of the WebSocket close frame (RFC 6455 §7.4)
	reconnect bool // coming back may help
	abandon   bool // what waits is given up, so that the goodbye has a chance to arrive
}

// The goodbyes.
var (
	slowConsumer = goodbye{"slow_consumer", 1013, true, true}
	goingAway    = goodbye{"going_away", 1012, true, false}
	idle         = goodbye{"idle", 1001, true, true}
	internal     = goodbye{"internal", 1011, true, false}
	tooFast      = goodbye{"too_fast", 1008, true, false}
	authTimeout  = goodbye{"auth_timeout", 1008, false, false}
	authFailed   = goodbye{"auth_failed", 1008, false, false}
	badFrame     = goodbye{"bad_frame", 1002, false, false}
	notText      = goodbye{"not_text", 1003, false, false}
	tooBig       = goodbye{"too_big", 1009, false, false}
	kicked       = goodbye{"kicked", 1008, false, false}
	replaced     = goodbye{"replaced", 1008, false, false}
	dismissed    = goodbye{"dismissed", 1000, false, false}
)

// goodbyes are all of them, for metrics and for what the chat asks for by name.
var goodbyes = [...]goodbye{
	slowConsumer, goingAway, idle, internal, tooFast, authTimeout, authFailed, badFrame, notText, tooBig, kicked, replaced, dismissed,
}

// goodbyeOf finds a goodbye by its reason. A reason of others is passed on, without an invitation to come back.
func goodbyeOf(reason string) goodbye {
	for _, g := range goodbyes {
		if g.reason == reason {
			return g
		}
	}
	return goodbye{reason: reason, code: 1008}
}

// frames are the push that says why, and the close frame.
func (g goodbye) frames(detail string, spreadMs int64) (push, last []byte) {
	var afterMs int64
	if g.reconnect {
		afterMs = 100 + rand.Int64N(max(spreadMs-100, 1))
	}
	b := append(newFrame(128), `{"push":"close","reason":`...)
	b = appendString(b, g.reason)
	if detail != "" {
		b = append(b, `,"detail":`...)
		b = appendString(b, detail)
	}
	b = appendField(b, "reconnect", g.reconnect)
	b = appendField(b, "afterMs", afterMs)
	return seal(append(b, '}')), closeFrame(g.code, g.reason)
}

// appendField appends a field that is not the first of its object.
func appendField(b []byte, name string, value any) []byte {
	b = append(b, ',')
	b = appendString(b, name)
	b = append(b, ':')
	return appendJSON(b, value)
}

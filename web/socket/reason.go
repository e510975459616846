package socket

import (
	"math/rand/v2"

	"liveroom/chat"
)

// goodbye is why the server closes a connection, as the client is told (docs/protocol.md).
type goodbye struct {
	reason    string
	code      int  // of the WebSocket close frame (RFC 6455 §7.4)
	reconnect bool // coming back may help
	few       bool // it is said to few at a time, who may come back at once
	abandon   bool // what waits is given up, so that the goodbye has a chance to arrive

	kind string // Tencent's word for a client that was kicked out; empty for most
}

// The goodbyes.
var (
	slowConsumer = goodbye{reason: "slow_consumer", code: 1013, reconnect: true, abandon: true}
	goingAway    = goodbye{reason: "going_away", code: 1012, reconnect: true}
	idle         = goodbye{reason: "idle", code: 1001, reconnect: true, abandon: true}
	internal     = goodbye{reason: "internal", code: 1011, reconnect: true}
	tooFast      = goodbye{reason: "too_fast", code: 1008, reconnect: true}
	authTimeout  = goodbye{reason: "auth_timeout", code: 1008}
	authFailed   = goodbye{reason: "auth_failed", code: 1008}
	badFrame     = goodbye{reason: "bad_frame", code: 1002}
	notText      = goodbye{reason: "not_text", code: 1003}
	tooBig       = goodbye{reason: "too_big", code: 1009}
	kicked       = goodbye{reason: chat.CloseKicked, code: 1008}
	replaced     = goodbye{reason: chat.CloseReplaced, code: 1008}
	reconnected  = goodbye{reason: chat.CloseReconnected, code: 1000}
	expired      = goodbye{reason: chat.CloseExpired, code: 1008}
	roleChanged  = goodbye{reason: chat.CloseRole, code: 1012, reconnect: true, few: true}
	dismissed    = goodbye{reason: "dismissed", code: 1000}
)

// goodbyes are all of them, for metrics and for what the chat asks for by name.
var goodbyes = [...]goodbye{
	slowConsumer, goingAway, idle, internal, tooFast, authTimeout, authFailed, badFrame, notText, tooBig, kicked, replaced,
	reconnected, expired, roleChanged, dismissed,
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
	if g.few {
		spreadMs = min(spreadMs, 500)
	}
	if g.reconnect {
		afterMs = 100 + rand.Int64N(max(spreadMs-100, 1))
	}
	b := append(newFrame(128), `{"push":"close","reason":`...)
	b = appendString(b, g.reason)
	if detail != "" {
		b = append(b, `,"detail":`...)
		b = appendString(b, detail)
	}
	if g.kind != "" {
		b = appendField(b, "type", g.kind)
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

package callback

import (
	"strconv"
	"time"
)

// Events of Tencent CSS about pushes (spec css §3.3).
const (
	StreamStart = "stream_start" // event_type 1
	StreamStop  = "stream_stop"  // event_type 0
)

// Push is one push of a stream, as CSS receivers are told of it. It can be stored as JSON.
type Push struct {
	Sequence  string    `json:"sequence"` // names the push: a decimal number, the same when it starts and stops
	Room      string    `json:"room"`
	Stream    string    `json:"stream"`
	App       string    `json:"app"`              // AppName
	Domain    string    `json:"domain,omitempty"` // the host that was pushed to
	Param     string    `json:"param,omitempty"`  // query string of the push URL
	UserIP    string    `json:"userIp,omitempty"`
	Node      string    `json:"node,omitempty"`  // address of ours that was pushed to
	Owner     string    `json:"owner,omitempty"` // StreamsConfig.Owner of the node that has it
	StartedAt time.Time `json:"startedAt"`
}

// stopped is how a push ended.
type stopped struct {
	At            time.Time
	Code          int    // errcode of spec css §3.3
	Message       string // errmsg
	Width, Height int    // of the pictures; 0: not known
}

// streamBody is an event of a push but for sign and t, which are made at each try.
func streamBody(app uint64, p Push, stop *stopped) []byte {
	kind, at, s := int64(1), p.StartedAt, stopped{Message: "ok"}
	if stop != nil {
		kind, at, s = 0, stop.At, *stop
	}
	o := newObject(512).text("app", p.Domain).number("appid", int64(app)).text("appname", p.App).text("channel_id", p.Stream).
		number("errcode", int64(s.Code)).text("errmsg", s.Message).number("event_time", at.Unix()).number("event_type", kind).
		number("height", int64(s.Height)).number("idc_id", 0).text("node", p.Node)
	if stop != nil {
		o = o.text("push_duration", strconv.FormatInt(max(at.Sub(p.StartedAt), 0).Milliseconds(), 10))
	}
	return o.text("sequence", p.Sequence).number("set_id", 0).text("stream_id", p.Stream).text("stream_param", p.Param).
		text("user_ip", p.UserIP).number("width", int64(s.Width)).close()
}

// signedCSS adds sign and t to a body, as fields of their own at its end; what is there stays byte for byte. Tencent leaves
// events of relays without them.
func signedCSS(key, command string, body []byte, now time.Time) []byte {
	if key == "" || command == Relay || len(body) == 0 {
		return body
	}
	sign, t := signCSS(key, now)
	out := make(object, 0, len(body)+80)
	return append(out, body[:len(body)-1]...).text("sign", sign).number("t", t).close()
}

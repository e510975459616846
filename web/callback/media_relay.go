package callback

import (
	"encoding/json"
	"strconv"
	"time"

	"liveroom/web/callback/delivery"
)

// RelayStep is what befell a relay task, in CSS's words.
type RelayStep string

// The steps. A task that tries again and again exits each time: TaskExit is not its end.
const (
	TaskStart    RelayStep = "TaskStart"
	TaskExit     RelayStep = "TaskExit"
	SourceStart  RelayStep = "VodSourceFileStart"
	SourceFinish RelayStep = "VodSourceFileFinish"
	TaskReset    RelayStep = "ResetTaskConfig"
	TaskAlarm    RelayStep = "TaskAlarm"
)

// Types of alarms.
const (
	AlarmPull      = "PullFileFailed"
	AlarmPullShaky = "PullFileUnstable"
	AlarmPush      = "PushStreamFailed"
	AlarmPushShaky = "PushStreamUnstable"
	AlarmEarly     = "FileEndEarly"
)

// RelayChange is a step of a relay: out of a room to another address, or from one into a room. Addresses are told as they are
// given: whoever calls hides their secrets.
type RelayChange struct {
	Room, Stream string
	Task         string // its id
	Step         RelayStep
	Sources      []string // where it pulls from
	To           string   // where it pushes to
	At           time.Time

	// Of TaskExit.
	Code    string // empty: it was stopped
	Message string

	// Of SourceStart and SourceFinish.
	URL      string
	Index    int // of the file in Sources
	Duration time.Duration

	Alarm string // of TaskAlarm: an Alarm… type
}

// Relay tells it. Its id is made of task, step, and time; of files, also of their index.
func (m *Media) Relay(c RelayChange) {
	key := c.Task + ":" + string(c.Step) + ":" + strconv.FormatInt(c.At.UnixMilli(), 10) + ":" + strconv.Itoa(c.Index)
	m.tell(Relay, delivery.State, c.Room, key, func() []byte { return relayBody(m.app, c) })
}

// relayBody has no sign and t, as with Tencent; source_urls ends with a new line, and event_time is a text.
func relayBody(app uint64, c RelayChange) []byte {
	sources := c.Sources
	if sources == nil {
		sources = []string{}
	}
	list := append(encode(nil, sources), '\n')
	return newObject(768).number("appid", int64(app)).text("callback_event", string(c.Step)).text("callback_url", "").
		text("event_time", strconv.FormatInt(c.At.Unix(), 10)).number("event_type", 314).text("interface", "general_callback").
		text("msg", string(relayDetail(c))).text("product_name", "pullpush").text("source_urls", string(list)).
		text("stream_id", c.Stream).text("task_id", c.Task).text("to_url", c.To).close()
}

func relayDetail(c RelayChange) json.RawMessage {
	switch at := c.At.UnixMilli(); c.Step {
	case TaskStart:
		return newObject(64).number("task_start_time", at).close()
	case TaskExit:
		return newObject(128).number("task_exit_time", at).text("code", c.Code).text("message", c.Message).close()
	case SourceStart, SourceFinish:
		return newObject(256).text("url", c.URL).number("index", int64(c.Index)).number("duration", int64(c.Duration/time.Second)).close()
	case TaskAlarm:
		return newObject(64).text("type", c.Alarm).close()
	case TaskReset:
		return newObject(8).close()
	default:
		return newObject(8).close()
	}
}

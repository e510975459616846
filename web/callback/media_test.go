package callback

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"liveroom/web/callback/delivery"
)

// told runs queues to a real receiver until there were n requests, and returns their bodies.
func told(t *testing.T, b *backend, n int, e Endpoint, tell func(m *Media)) []map[string]any {
	t.Helper()
	e.URL = b.URL
	receivers := registryOf(t, e)
	queues, err := delivery.New(t.Context(), delivery.Config{}, delivery.NewMemory(), NewSender(testApp, receivers, client(t)), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	receivers.Watch(func(all []Endpoint) {
		queues.SetEndpoints(map[string]delivery.Habit{all[0].ID: all[0].Habit()})
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = queues.Run(ctx)
	}()
	defer func() { cancel(); <-done }()
	got := make(chan string, 100)
	b.answer = func(w http.ResponseWriter, r reception) { got <- r.body }
	m := NewMedia(testApp, "push.example.com", receivers, queues)
	tell(m)
	if err := m.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	var out []map[string]any
	for range n {
		var body map[string]any
		if err := json.Unmarshal([]byte(<-got), &body); err != nil {
			t.Fatal(err)
		}
		out = append(out, body)
	}
	return out
}

var mediaTime = time.UnixMilli(1790000000123)

// TestMediaFields: each event of recordings, screenshots and relays has the fields of spec css §3.4, of their types, and is
// signed where CSS signs it; a room's come in order, and what is told twice comes once.
func TestMediaFields(t *testing.T) {
	s := Source{Room: "r1", Stream: "r1.s", Param: "txSecret=a&x=1"}
	file := RecordedFile{
		Source: s, File: "rec-exp-1", Format: "mp4", URL: "https://x/y.mp4", Start: mediaTime.Add(-10 * time.Second), End: mediaTime, Duration: 9500 * time.Millisecond,
		Bytes: 1_000_000, MediaStart: 40 * time.Millisecond, Session: "rec", VideoCodec: "h264", Resolution: "640x360",
	}
	asked := file
	asked.File, asked.Task = "rec-exp-2", "rec"
	at := mediaTime
	got := told(t, newBackend(t, nil), 10, Endpoint{ID: "css", Format: FormatCSS, Key: "callback_key_0005"}, func(m *Media) {
		m.RecordStatus(RecordStatusChange{Source: s, Step: RecordStarted, Recording: "rec", Number: 1, OnDemand: true, At: at})
		m.RecordStatus(RecordStatusChange{Source: s, Step: RecordStarted, Recording: "rec", Number: 1, OnDemand: true, At: at})
		m.RecordStatus(RecordStatusChange{Source: s, Step: RecordPaused, Recording: "rec", Kbps: 842, At: at})
		m.RecordStatus(RecordStatusChange{Source: s, Step: RecordEnded, Recording: "rec", Kbps: 842, At: at}) // in the same ms
		m.RecordException(RecordFault{Source: s, Recording: "rec", Type: ExceptionWrite, Level: "error", Count: 3, Text: "no \"room\"", At: at})
		m.RecordFile(file)
		m.RecordFile(file)
		m.RecordFile(asked)
		m.Relay(RelayChange{Room: "r1", Stream: "r1.s", Task: "rel", Step: TaskStart, Sources: []string{"rtmp://a/b&c"}, To: "rtmp://h/app/…", At: at})
		m.Relay(RelayChange{Room: "r1", Stream: "r1.s", Task: "rel", Step: TaskExit, Code: "refused", Message: "no", At: at})
		m.Relay(RelayChange{Room: "r1", Stream: "r1.s", Task: "rel", Step: SourceStart, URL: "http://f", Index: 2, Duration: 90 * time.Second, At: at})
		m.Relay(RelayChange{Room: "r1", Stream: "r1.s", Task: "rel", Step: TaskAlarm, Alarm: AlarmPush, At: at})
	})
	const detail = `{"codec_temp_id":0,"file_format":2,"record_bps":%d,"record_content":1,"source_type":1,"start_model":%d}`
	recorded := func(o map[string]any) map[string]any {
		all := map[string]any{
			"event_type": 100., "appid": 1400000001., "app": "push.example.com", "appname": "live", "stream_id": "r1.s", "channel_id": "r1.s", "file_format": "mp4",
			"file_id": o["file_id"], "record_file_id": o["file_id"], "record_temp_id": "", "start_time": 1789999990., "end_time": 1790000000., "start_time_usec": 123000.,
			"end_time_usec": 123000., "duration": 9., "file_size": 1e6, "video_url": "https://x/y.mp4", "media_start_time": 40., "record_bps": 842.,
			"callback_ext": `{"video_codec":"h264","resolution":"640x360","session_id":"rec"}`,
		}
		for k, v := range o {
			all[k] = v
		}
		return all
	}
	status := func(step, seq, task, d string) map[string]any {
		return map[string]any{
			"event_type": 332., "appid": 1400000001., "appname": "live", "domain": "push.example.com", "event_time": 1790000000., "record_event": step, "record_detail": d,
			"task_id": task, "seq": seq, "session_id": "rec", "stream_id": "r1.s",
		}
	}
	relayed := func(step, sources, to, msg string) map[string]any {
		return map[string]any{
			"event_type": 314., "appid": 1400000001., "callback_event": step, "interface": "general_callback", "product_name": "pullpush", "source_urls": sources,
			"to_url": to, "stream_id": "r1.s", "task_id": "rel", "event_time": "1790000000", "callback_url": "", "msg": msg,
		}
	}
	want := []map[string]any{
		status("record_start_succeeded", "1", "rec", fmt.Sprintf(detail, 0, 5)),
		status("record_paused", "17900000001233", "", fmt.Sprintf(detail, 842, 1)),
		status("record_ended", "17900000001236", "", fmt.Sprintf(detail, 842, 1)),
		{
			"event_type": 341., "appid": 1400000001., "stream_id": "r1.s", "session_id": "rec", "file_format": "mp4", "timestamp": 1790000000., "exception_level": "error",
			"exception": map[string]any{"type": -104., "occurs": 3., "desc": `no "room"`},
		},
		recorded(map[string]any{"file_id": "rec-exp-1", "stream_param": "txSecret=a&x=1"}),
		recorded(map[string]any{"file_id": "rec-exp-2", "task_id": "rec"}),
		relayed("TaskStart", "[\"rtmp://a/b&c\"]\n", "rtmp://h/app/…", `{"task_start_time":1790000000123}`),
		relayed("TaskExit", "[]\n", "", `{"task_exit_time":1790000000123,"code":"refused","message":"no"}`),
		relayed("VodSourceFileStart", "[]\n", "", `{"url":"http://f","index":2,"duration":90}`),
		relayed("TaskAlarm", "[]\n", "", `{"type":"PushStreamFailed"}`),
	}
	compareEvents(t, got, want)
}

// compareEvents compares bodies but for sign and t, which it checks.
func compareEvents(t *testing.T, got, want []map[string]any) {
	t.Helper()
	for i, body := range got {
		sign, signed := body["sign"].(string)
		at, _ := body["t"].(float64)
		if body["event_type"] == 314. {
			if signed || at != 0 {
				t.Errorf("%v is signed", body)
			}
		} else if again, _ := signCSS("callback_key_0005", time.Unix(int64(at), 0).Add(-cssValidity)); sign != again || time.Until(time.Unix(int64(at), 0)) > cssValidity {
			t.Errorf("%v is signed %q until %v", body["event_type"], sign, at)
		}
		delete(body, "sign")
		delete(body, "t")
		a, _ := json.Marshal(body)
		b, _ := json.Marshal(want[i])
		if string(a) != string(b) {
			t.Errorf("event %d is\n%s\nwant\n%s", i, a, b)
		}
	}
}

// TestScreenshotEvent: all that CSS says of one.
func TestScreenshotEvent(t *testing.T) {
	got := told(t, newBackend(t, nil), 1, Endpoint{ID: "css", Format: FormatCSS, Key: "callback_key_0005"}, func(m *Media) {
		m.Screenshot(Picture{
			Source: Source{Room: "r1", Stream: "r1.s", App: "show", Domain: "p.example.com", Param: "x=1"}, At: mediaTime, Width: 640, Height: 360, Bytes: 7520,
			Path: "/shot/a.jpg", URL: "https://x/shot/a.jpg",
		})
	})
	compareEvents(t, got, []map[string]any{{
		"event_type": 200., "appid": 1400000001., "app": "p.example.com", "appname": "show", "stream_id": "r1.s", "channel_id": "r1.s", "stream_param": "x=1",
		"create_time": 1790000000., "file_size": 7520., "width": 640., "height": 360., "pic_url": "/shot/a.jpg", "pic_full_url": "https://x/shot/a.jpg",
	}})
}

// TestMediaQueued: ids, classes and rooms of events; nothing is done where nobody wants it; a loss is not told in CSS.
func TestMediaQueued(t *testing.T) {
	queue := &kept{}
	m := NewMedia(testApp, "d", registryOf(t, Endpoint{ID: "css", URL: "http://x/", Format: FormatCSS, Events: []string{RecordFile, Screenshot}}), queue)
	m.RecordFile(RecordedFile{Source: Source{Room: "r:1"}, File: "f1"})
	m.Screenshot(Picture{Source: Source{Room: "r1"}, At: mediaTime, Width: 2, Height: 1})
	m.Relay(RelayChange{Room: "r1"})
	var got []string
	for _, e := range queue.events {
		got = append(got, fmt.Sprint(e.Endpoint, " ", e.Room, " ", e.Class, " ", e.ID))
	}
	want := []string{"css r:1 state record_file:r%3A1:f1", "css r1 talk screenshot:r1:1790000000123:2x1"}
	if !slices.Equal(got, want) {
		t.Errorf("queued %s", strings.Join(got, "\n"))
	}
	if n := testing.AllocsPerRun(100, func() { m.Relay(RelayChange{Room: "r1"}) }); n > 10 {
		t.Errorf("%v allocations where nobody wants it", n)
	}
	r := NewSender(testApp, registryOf(t), client(t)).sendTo(t.Context(), Endpoint{URL: "http://127.0.0.1:1/", Format: FormatCSS}, delivery.Event{Command: delivery.Dropped, Body: []byte(`{}`)})
	if r.Outcome != delivery.Delivered {
		t.Errorf("%+v", r)
	}
}

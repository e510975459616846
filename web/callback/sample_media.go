package callback

import "time"

const sampleRecording = "01JD0000000000000000000002"

// sampleMedia is the body of an event of what a stream leaves behind.
func sampleMedia(app uint64, command string, at time.Time) []byte {
	s := Source{Room: sampleRoom, Stream: sampleRoom, App: "live", Domain: "push.example.com"}
	switch command {
	case RecordFile:
		s.Param = samplePush(at).Param
		return recordFileBody(app, s, RecordedFile{
			Source: s, File: sampleRecording + "-01JD0000000000000000000003-1", Format: "mp4", URL: "https://live.example.com/live/sample/d/c2FtcGxl/" + sampleRecording + "-1.mp4",
			Start: at.Add(-128581 * time.Millisecond), End: at, Duration: 128581 * time.Millisecond, Bytes: 40181562,
			Session: sampleRecording, VideoCodec: "h264", Resolution: "1280x720",
		})
	case RecordStatus:
		return recordStatusBody(app, s, RecordStatusChange{Source: s, Step: RecordStarted, Recording: sampleRecording, Number: 1, At: at})
	case RecordException:
		return recordFaultBody(app, RecordFault{Source: s, Recording: sampleRecording, Type: ExceptionWrite, Level: "error", Count: 1, Text: "no room left where recordings are kept", At: at})
	case Screenshot:
		s.Param = samplePush(at).Param
		const path = "/api/v1/rooms/sample/screenshots/01790000000123-640x360.jpg"
		return pictureBody(app, s, Picture{Source: s, At: at, Width: 640, Height: 360, Bytes: 7520, Path: path, URL: "https://live.example.com" + path})
	case Relay:
		return relayBody(app, RelayChange{
			Room: sampleRoom, Stream: sampleRoom, Task: "rel1", Step: TaskStart, Sources: []string{"rtmp://push.example.com/live/sample"}, To: "rtmp://a.example.com/app/…", At: at,
		})
	}
	return nil
}

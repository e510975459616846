package main

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"liveroom/live/blob"
	"liveroom/live/record"
	"liveroom/live/record/export"
	"liveroom/status"
	"liveroom/web"
	"liveroom/web/callback"
)

// fileSigned is how long the address of a file in callback 100 holds.
const fileSigned = 24 * time.Hour

// joinExports makes what makes files of recordings, kept where they are.
func (p *program) joinExports(blobs blob.Store, spooled func(ctx context.Context, recording string) (bool, error)) {
	p.exports = export.New(export.Config{
		NewID: status.NewULID, Ready: p.exportReady, Finished: p.recordingReady, Spooled: spooled, Full: p.exportFull,
	}, p.recordings, blobs, p.stores.exports, p.log)
	p.interaction.actors = append(p.interaction.actors, actor{"finished recordings", p.exports.Listen})
	if p.blobs != nil {
		p.interaction.actors = append(p.interaction.actors, actor{"exports", p.once("exports", p.exports.Run)})
	}
}

// recordingReady tells backends that a recording can be played. Without its address they are told nothing: it is tried again.
func (p *program) recordingReady(ctx context.Context, r record.Recording) (err error) {
	f := p.recordedFile(r, r.ID, "hls", r.Start, r.Start+r.Duration)
	f.End = r.EndedAt
	f.Bytes, f.Duration, f.VideoCodec, f.Resolution = r.Bytes, ms(r.Duration), videoCodec(r.Video), resolution(r.Width, r.Height)
	if f.URL, err = p.signedFile(ctx, r.ID, ""); err != nil {
		return err
	}
	p.callbacks.media.RecordFile(f)
	return p.callbacks.media.Settle(ctx)
}

// exportFull tells backends that an export waits for room.
func (p *program) exportFull(r record.Recording, j export.Job) {
	p.callbacks.media.RecordException(callback.RecordFault{
		Source:    callback.Source{Room: r.Room, Stream: r.Stream, App: p.set.app()},
		Recording: r.ID, Type: callback.ExceptionWrite, Level: "error", Count: 1, Text: j.Cause, At: time.Now(),
	})
}

// exportCheck says of health that exports wait for room.
func (p *program) exportCheck() web.Check {
	return web.Check{Name: "exports", Probe: func(context.Context) error {
		if n := p.exports.Stats().Full; n > 0 {
			return fmt.Errorf("%d exports or cuts of recordings wait for room where recordings are kept", n)
		}
		return nil
	}}
}

// exportReady tells backends that a file of an export is whole, as recordingReady does.
func (p *program) exportReady(ctx context.Context, r record.Recording, j export.Job, n int) (err error) {
	f, name := j.Files[n-1], j.Download(n)
	x := p.recordedFile(r, strings.TrimSuffix(name, "."+string(j.Format)), string(j.Format), f.Start, f.End)
	x.Bytes, x.Duration, x.VideoCodec, x.Resolution = f.Bytes, ms(f.Duration), f.Video, resolution(f.Width, f.Height)
	if x.URL, err = p.signedFile(ctx, r.ID, name); err != nil {
		return err
	}
	p.callbacks.media.RecordFile(x)
	return p.callbacks.media.Settle(ctx)
}

// recordedFile is a file of a recording between two points of its session's clock, in ms.
func (p *program) recordedFile(r record.Recording, file, format string, start, end int64) callback.RecordedFile {
	f := callback.RecordedFile{
		Source: callback.Source{Room: r.Room, Stream: r.Stream, App: p.set.app()}, File: file, Format: format, Session: r.ID, Start: r.Zero.Add(ms(start)), End: r.Zero.Add(ms(end)),
	}
	if r.By != "" {
		f.Task = r.ID
	}
	return f
}

func ms(n int64) time.Duration { return time.Duration(n) * time.Millisecond }

func resolution(width, height int) string {
	if width == 0 {
		return ""
	}
	return fmt.Sprintf("%dx%d", width, height)
}

// videoCodec is the name of a codec with profile and level (RFC 6381).
func videoCodec(full string) string {
	kind, _, _ := strings.Cut(full, ".")
	return cmp.Or(map[string]string{"avc1": "h264", "avc3": "h264", "hvc1": "hevc", "hev1": "hevc", "av01": "av1"}[kind], kind)
}

// offerRecordings gives the API what there is to do with recordings.
func (p *program) offerRecordings(deps *web.Deps) {
	deps.Recordings, deps.Exports, deps.SignRecording = p.recordings, p.exports, p.signRecording
}

// signRecording makes addresses of a recording: of its HLS, and of the files made of it.
func (p *program) signRecording(ctx context.Context, recording string, until time.Time) (hls string, files []string, err error) {
	a, err := p.vod.Sign(ctx, recording, until)
	return a.HLS, a.Downloads, err
}

// signedFile is an address of a file of a recording, or without a name of its HLS.
func (p *program) signedFile(ctx context.Context, recording, name string) (string, error) {
	hls, files, err := p.signRecording(ctx, recording, time.Now().Add(fileSigned))
	if name == "" || err != nil {
		return hls, err
	}
	for _, f := range files {
		if strings.HasSuffix(f, "/"+name) {
			return f, nil
		}
	}
	return "", fmt.Errorf("sign %s: %w", name, fs.ErrNotExist) // it was deleted just now
}

// exportMetrics are the exports of this node.
func (p *program) exportMetrics() []web.Sample {
	st := p.exports.Stats()
	return []web.Sample{
		counter("recording_exports_done_total", "Exports and cuts of recordings made.", st.Done),
		counter("recording_exports_failed_total", "Exports and cuts that failed.", st.Failed),
		counter("recording_exports_bytes_total", "Bytes of files made of recordings.", st.Bytes),
		gauge("recording_exports_running", "Exports and cuts that are being made.", int(st.Running)),
		gauge("recording_exports_full", "Exports and cuts that wait for room.", st.Full),
	}
}

package web_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"liveroom/live/record"
	"liveroom/live/record/export"
	"liveroom/status"
	"liveroom/web"
)

const (
	recA = "01JD0000000000000000000002" // of demo, done
	recB = "01JD0000000000000000000003" // cut out of it
	recC = "01JD0000000000000000000004" // of a room that is gone
	recS = "01JD0000000000000000000005" // a time shift
	recO = "01JD0000000000000000000007" // of a room demo that was deleted before this one was made
)

// paper are recordings and exports of which docs/api.md shows some, of sessions that begin after all rooms were made. Nothing is recorded: what is asked is noted.
type paper struct {
	mu      sync.Mutex
	all     map[string]record.Recording
	jobs    []export.Job
	refuses error // with which everything that changes something is refused
	asked   []string
}

func newPaper() *paper {
	at := time.Date(2026, 9, 21, 13, 13, 20, 123e6, time.UTC)
	r := record.Recording{
		ID: recA, Kind: record.Full, Room: "demo", Group: "demo", Stream: "demo", Title: "First steps", Session: status.NewULID(time.Now().Add(time.Hour)), Zero: at, CreatedAt: at,
		State: record.Done, EndedAt: at.Add(time.Hour), Start: 40, Duration: 3_541_000, Gaps: 1, Segments: 591, Bytes: 1_102_845_120, Width: 1280, Height: 720,
		Video: "avc1.64001f", Audio: "mp4a.40.2", ExpiresAt: at.Add(31 * 24 * time.Hour),
	}
	gone, shift, old := r, r, r
	gone.ID, gone.Room = recC, "gone"
	shift.ID, shift.Kind = recS, record.Shift
	old.ID, old.Session = recO, status.NewULID(at)
	return &paper{all: map[string]record.Recording{recA: r, recC: gone, recS: shift, recO: old}}
}

func (p *paper) note(what ...string) error {
	p.asked = append(p.asked, strings.Join(what, " "))
	return p.refuses
}

func (p *paper) Recording(_ context.Context, id string) (record.Recording, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r, ok := p.all[id]
	if !ok {
		return r, record.ErrUnknown
	}
	return r, nil
}

func (p *paper) List(_ context.Context, q record.Query) (page []record.Recording, next string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.all {
		if q.Matches(r) && r.ID != recC && (r.ID != recO || q.Session == r.Session) {
			page = append(page, r)
		}
	}
	if q.Limit == 1 {
		next = recA
	}
	return page, next, nil
}

func (p *paper) Update(_ context.Context, id string, c record.Patch) (record.Recording, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.all[id]
	if c.Title != nil {
		r.Title = *c.Title
	}
	if c.Keep != nil {
		r.Pinned = *c.Keep
	}
	p.all[id] = r
	return r, p.note("update", id)
}

func (p *paper) Delete(_ context.Context, id string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.all, id)
	return p.note("delete", id)
}

func (p *paper) Start(_ context.Context, room, by string) (record.Recording, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.all[recA]
	r.State, r.By, r.EndedAt, r.ExpiresAt, r.Segments, r.Duration, r.Bytes, r.Gaps = record.Running, by, time.Time{}, time.Time{}, 0, 0, 0, 0
	r.Width, r.Height, r.Video, r.Audio = 0, 0, "", ""
	return r, p.note("start", room, by)
}

func (p *paper) Stop(ctx context.Context, room, by string) (record.Recording, error) {
	r, _ := p.Start(ctx, room, by)
	r.State = record.Finishing
	return r, p.note("stop", room, by)
}

// exports are those of paper.
type exports struct{ *paper }

func (p exports) Export(_ context.Context, recording string, q export.Request) (export.Job, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if q.Span.To == 0 {
		q.Span.To = p.all[recording].Duration
	}
	j := export.Job{
		ID: "01JD0000000000000000000006", Recording: recording, Format: q.Format, Span: export.Span{From: q.Span.From - q.Span.From%2000, To: q.Span.To}, State: export.Waiting, By: q.By,
		CreatedAt: time.Date(2026, 9, 21, 15, 0, 0, 0, time.UTC),
	}
	if q.Format == export.Cut {
		j.Target = recB
		return j, p.note("cut", recording, q.Title)
	}
	p.jobs = []export.Job{j}
	p.jobs[0].State, p.jobs[0].EndedAt = export.Done, j.CreatedAt.Add(8*time.Second)
	p.jobs[0].Files = []export.File{{Start: 40, End: 60_040, Duration: 60_000, Bytes: 18_691_442, Width: 1280, Height: 720, Video: "h264", Audio: "aac", Segments: 10}}
	return j, p.note("export", recording, string(q.Format))
}

func (p exports) Exports(context.Context, string) ([]export.Job, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.jobs, nil
}

func (p exports) One(ctx context.Context, _, id string) (export.Job, error) {
	all, _ := p.Exports(ctx, "")
	if len(all) == 0 || all[0].ID != id {
		return export.Job{}, export.ErrUnknown
	}
	return all[0], nil
}

func (p exports) Delete(_ context.Context, recording, id string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.jobs) == 0 || p.jobs[0].ID != id {
		return export.ErrUnknown
	}
	p.jobs = nil
	return p.note("delete export", recording, id)
}

// sign is a web.RecordingSigner.
func (p *paper) sign(_ context.Context, recording string, _ time.Time) (hls string, files []string, err error) {
	const base = "http://localhost:8080/live/demo/d/dG9rZW4/"
	for _, j := range p.jobs {
		for n := range j.Files {
			files = append(files, base+j.Download(n+1))
		}
	}
	return base + recording + ".m3u8", files, nil
}

// onPaper has a bench keep recordings on paper.
func onPaper(p *paper) func(*web.Config, *web.Deps) {
	return func(_ *web.Config, d *web.Deps) {
		d.Recordings, d.Exports, d.SignRecording = p, exports{p}, p.sign
	}
}

// TestRecordingsAreTheAnchors: who may what, and that acts are in the log.
func TestRecordingsAreTheAnchors(t *testing.T) {
	p := newPaper()
	b := newBench(t, onPaper(p))
	b.createRoom("demo")
	alice, bob := b.userSig("alice"), b.userSig("bob")
	const one = "/api/v1/recordings/" + recA
	for _, tc := range []struct {
		status             int
		method, path, auth string
		body               any
	}{
		{401, "GET", "/api/v1/recordings", "", nil},
		{403, "GET", "/api/v1/recordings", alice, nil},
		{403, "GET", "/api/v1/recordings?room=demo", bob, nil},
		{200, "GET", "/api/v1/recordings?room=demo&state=done&session=x", alice, nil},
		{404, "GET", "/api/v1/recordings?room=none", alice, nil},
		{422, "GET", "/api/v1/recordings?state=deleting", apiToken, nil},
		{200, "GET", one, alice, nil},
		{403, "GET", one, bob, nil},
		{404, "GET", "/api/v1/recordings/" + recB, apiToken, nil},
		{404, "GET", "/api/v1/recordings/" + recS, apiToken, nil},
		{404, "GET", "/api/v1/recordings/" + recC, alice, nil},
		{200, "GET", "/api/v1/recordings/" + recC, apiToken, nil},
		{404, "GET", "/api/v1/recordings/" + recO, alice, nil},
		{404, "PATCH", "/api/v1/recordings/" + recO, alice, map[string]any{"keep": true}},
		{404, "DELETE", "/api/v1/recordings/" + recO, alice, nil},
		{404, "POST", "/api/v1/recordings/" + recO + "/sign", alice, nil},
		{404, "POST", "/api/v1/recordings/" + recO + "/cut", alice, map[string]any{}},
		{404, "GET", "/api/v1/recordings/" + recO + "/exports", alice, nil},
		{200, "GET", "/api/v1/recordings/" + recO, apiToken, nil},
		{403, "PATCH", one, bob, map[string]any{"keep": true}},
		{200, "PATCH", one, alice, map[string]any{"title": "Encore", "keep": true}},
		{403, "POST", "/api/v1/rooms/demo/recording/start", bob, nil},
		{200, "POST", "/api/v1/rooms/demo/recording/start", alice, nil},
		{200, "POST", "/api/v1/rooms/demo/recording/stop", apiToken, nil},
		{403, "POST", one + "/cut", bob, map[string]any{}},
		{202, "POST", one + "/cut", alice, map[string]any{"from": "90.5s", "to": "2m", "title": "Best of"}},
		{422, "POST", one + "/cut", alice, map[string]any{"from": "90.5s", "to": "90s"}},
		{422, "POST", one + "/cut", alice, map[string]any{"to": "0s"}},
		{422, "POST", one + "/cut", alice, map[string]any{"from": "-1s"}},
		{422, "POST", one + "/exports", alice, map[string]any{"format": "hls"}},
		{422, "POST", one + "/exports", alice, map[string]any{}},
		{403, "POST", one + "/exports", bob, map[string]any{"format": "mp4"}},
		{202, "POST", one + "/exports", alice, map[string]any{"format": "mp4"}},
		{403, "GET", one + "/exports", bob, nil},
		{200, "GET", one + "/exports", alice, nil},
		{404, "GET", one + "/exports/none", alice, nil},
		{403, "POST", one + "/sign", bob, nil},
		{200, "POST", one + "/sign", alice, nil},
		{422, "POST", one + "/sign", alice, map[string]any{"expiresIn": "59s"}},
		{404, "POST", one + "/sign", alice, map[string]any{"export": "none"}},
		{404, "DELETE", one + "/exports/none", alice, nil},
		{403, "DELETE", one + "/exports/01JD0000000000000000000006", bob, nil},
		{204, "DELETE", one + "/exports/01JD0000000000000000000006", alice, nil},
		{403, "DELETE", one, bob, nil},
		{204, "DELETE", one, alice, nil},
		{404, "DELETE", one, alice, nil},
	} {
		b.do(tc.status, tc.method, tc.path, tc.auth, tc.body)
	}
	want := "update " + recA + "|start demo alice|start demo administrator|stop demo administrator|cut " + recA + " Best of|export " + recA + " mp4|delete export " + recA + " 01JD0000000000000000000006|delete " + recA
	if got := strings.Join(p.asked, "|"); got != want {
		t.Errorf("asked\n%s\nwant\n%s", got, want)
	}
	of := "/api/v1/recordings?room=demo&session=" + p.all[recO].Session
	if a := b.do(200, "GET", of, alice, nil); strings.Contains(a.raw, recO) {
		t.Errorf("the anchor sees what the room before his left: %s", a.raw)
	}
	if a := b.do(200, "GET", of, apiToken, nil); !strings.Contains(a.raw, recO) {
		t.Errorf("the backend does not see what a room left: %s", a.raw)
	}
	var acts []string
	for _, one := range b.do(200, "GET", "/api/v1/audit?room=demo", apiToken, nil).json["acts"].([]any) { //nolint:forcetypeassert // it has them
		act, _ := one.(map[string]any)
		if action, _ := act["action"].(string); strings.HasPrefix(action, "recording") {
			acts = append(acts, action+" "+act["target"].(string)) //nolint:forcetypeassert // it has one
		}
	}
	const logged = "recording_delete A|recording_export_delete A|recording_export A|recording_cut A|recording_stop A|recording_start A|recording_change A"
	if got := strings.ReplaceAll(strings.Join(acts, "|"), recA, "A"); got != logged {
		t.Errorf("logged %s", got)
	}
}

// TestRecordingRefusals: each refusal has its own code, and the field at fault.
func TestRecordingRefusals(t *testing.T) {
	p := newPaper()
	b := newBench(t, onPaper(p))
	b.createRoom("demo")
	for _, tc := range []struct {
		err         error
		status      int
		code, field string
	}{
		{&record.Error{Code: "recording_off", Detail: "d"}, 409, "recording_off", ""},
		{&record.Error{Code: "invalid", Field: "title", Detail: "d"}, 422, "invalid", "title"},
		{&export.RangeError{Field: "from", Detail: "d"}, 422, "invalid", "from"},
		{export.ErrUnfinished, 409, "recording_unfinished", ""},
		{export.ErrTooMany, 409, "too_many_exports", ""},
		{fmt.Errorf("%w: cut off", export.ErrUnreadable), 409, "recording_unreadable", ""},
		{record.ErrUnknown, 404, "not_found", ""},
		{errors.New("other"), 500, "internal", ""},
	} {
		p.refuses = tc.err
		for _, path := range []string{"rooms/demo/recording/start", "recordings/" + recA + "/cut"} {
			a := b.do(tc.status, "POST", "/api/v1/"+path, apiToken, map[string]any{})
			if a.code() != tc.code || a.field() != tc.field {
				t.Errorf("%v: %s", tc.err, a.raw)
			}
		}
	}
	bare := newBench(t, nothingRecorded)
	if a := bare.do(404, "GET", "/api/v1/recordings", apiToken, nil); a.code() != "not_offered" {
		t.Errorf("%s", a.raw)
	}
}

// nothingRecorded is a server without recordings.
func nothingRecorded(_ *web.Config, d *web.Deps) {
	d.Recordings, d.Exports, d.SignRecording = nil, nil, nil
}

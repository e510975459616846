package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"liveroom/live/record"
	"liveroom/live/record/export"
)

// Exports is what the API asks of exports and cuts (export.Service).
type Exports interface {
	Export(ctx context.Context, recording string, q export.Request) (export.Job, error)
	Exports(ctx context.Context, recording string) ([]export.Job, error)
	One(ctx context.Context, recording, id string) (export.Job, error)
	Delete(ctx context.Context, recording, id string) error
}

// RecordingSigner makes addresses of a recording that hold until then: of its HLS, and of each file that was made of it, which
// ends with the file's name (export.Job.Download).
type RecordingSigner func(ctx context.Context, recording string, until time.Time) (hls string, files []string, err error)

func (s *Server) registerExports() {
	has := s.recordings != nil && s.fileExports != nil
	op := s.operation("cut-recording", http.MethodPost, "/recordings/{recording}/cut", "recordings", "Cut a part out of a recording, as another recording", tokenOrAnchor)
	op.DefaultStatus = http.StatusAccepted
	op.Description = "It is cut at keyframes: from goes back to the one before, to on to the next, so that nothing of what was asked for is missing; the answer says where. " +
		"The new recording is there when the export is done."
	offer(s, has, op, s.cutRecording)
	op = s.operation("export-recording", http.MethodPost, "/recordings/{recording}/exports", "recordings", "Make files of a recording, or of a part of it", tokenOrAnchor)
	op.DefaultStatus = http.StatusAccepted
	offer(s, has, op, s.exportRecording)
	offer(s, has, s.operation("exports", http.MethodGet, "/recordings/{recording}/exports", "recordings", "List a recording's exports and cuts", tokenOrAnchor), s.listExports)
	offer(s, has, s.operation("export", http.MethodGet, "/recordings/{recording}/exports/{export}", "recordings", "Show an export", tokenOrAnchor), s.showExport)
	op = s.operation("delete-export", http.MethodDelete, "/recordings/{recording}/exports/{export}", "recordings", "Cancel an export, or delete its files", tokenOrAnchor)
	op.DefaultStatus = http.StatusNoContent
	offer(s, has, op, s.deleteExport)
	offer(s, has && s.signRecording != nil, s.operation("sign-recording", http.MethodPost, "/recordings/{recording}/sign", "recordings", "Make addresses that play and download a recording", tokenOrAnchor), s.signAddresses)
}

// ExportBody is an export or a cut.
type ExportBody struct {
	ID        string       `json:"id" doc:"Of those that the room's rule asks for, the format."`
	Format    string       `json:"format" enum:"mp4,flv,cut"`
	From      Duration     `json:"from" doc:"Where it begins and ends in the recording, gaps left out: at keyframes."`
	To        Duration     `json:"to"`
	State     string       `json:"state" enum:"waiting,running,done,failed"`
	Cause     string       `json:"cause" doc:"Why it failed, or waits, in words."`
	Progress  float64      `json:"progress" doc:"From 0 to 1."`
	Files     []ExportFile `json:"files" doc:"Those that are whole: several where codecs change, or one would last longer than the room's rule has it."`
	Recording string       `json:"recording" doc:"Of a cut: the recording that it becomes, which is there when it is done."`
	By        string       `json:"by" doc:"Who asked for it; empty: the room's rule."`
	CreatedAt Time         `json:"createdAt"`
	EndedAt   NullTime     `json:"endedAt"`
}

// ExportFile is a file of an export.
type ExportFile struct {
	Number    int      `json:"number" doc:"From 1 on."`
	Name      string   `json:"name"`
	StartedAt NullTime `json:"startedAt" doc:"When what is in it was pushed."`
	EndedAt   NullTime `json:"endedAt"`
	Duration  Duration `json:"duration" doc:"Gaps take no time."`
	Bytes     int64    `json:"bytes"`
	Width     int      `json:"width"`
	Height    int      `json:"height"`
	Video     string   `json:"video" example:"h264" doc:"Empty: no pictures."`
	Audio     string   `json:"audio" example:"aac"`
}

func exportBody(r record.Recording, j export.Job) ExportBody {
	b := ExportBody{
		ID: j.ID, Format: string(j.Format), From: Duration(ms(j.Span.From)), To: Duration(ms(j.Span.To)), State: string(j.State), Cause: j.Cause,
		Progress: j.Progress(), Files: []ExportFile{}, Recording: j.Target, By: j.By, CreatedAt: Time{j.CreatedAt}, EndedAt: NullTime{j.EndedAt},
	}
	for i, f := range j.Files {
		one := ExportFile{
			Number: i + 1, Name: j.Download(i + 1), Duration: Duration(ms(f.Duration)), Bytes: f.Bytes, Width: f.Width, Height: f.Height, Video: f.Video, Audio: f.Audio,
		}
		if !r.Zero.IsZero() {
			one.StartedAt, one.EndedAt = NullTime{r.Zero.Add(ms(f.Start))}, NullTime{r.Zero.Add(ms(f.End))}
		}
		b.Files = append(b.Files, one)
	}
	return b
}

// SpanBody is a part of a recording, gaps left out.
type SpanBody struct {
	From *Duration `json:"from,omitempty" doc:"Absent: the recording's begin."`
	To   *Duration `json:"to,omitempty" doc:"Absent: its end."`
}

func (b SpanBody) span() (export.Span, error) {
	s := export.Span{From: b.From.value().Milliseconds(), To: b.To.value().Milliseconds()}
	if b.To != nil && s.To <= s.From {
		return s, &export.RangeError{Field: "to", Detail: "must be after from"}
	}
	return s, nil
}

type cutIn struct {
	RecordingPath
	Body struct {
		SpanBody
		Title string `json:"title,omitempty" maxLength:"120" doc:"At most 120 bytes; default: that of the recording."`
	}
}

type exportIn struct {
	RecordingPath
	Body struct {
		SpanBody
		Format string `json:"format" enum:"mp4,flv"`
	}
}

type exportOut struct{ Body ExportBody }

func (s *Server) cutRecording(ctx context.Context, in *cutIn) (*exportOut, error) {
	if len(in.Body.Title) > maxTitleBytes {
		return nil, newProblem(http.StatusUnprocessableEntity, "invalid", "must be at most "+strconv.Itoa(maxTitleBytes)+" bytes").at("title")
	}
	return s.export(ctx, in.Recording, "recording_cut", in.Body.SpanBody, export.Request{Format: export.Cut, Title: in.Body.Title})
}

// maxTitleBytes bounds the title of a recording, as record.Service does.
const maxTitleBytes = 120

func (s *Server) exportRecording(ctx context.Context, in *exportIn) (*exportOut, error) {
	return s.export(ctx, in.Recording, "recording_export", in.Body.SpanBody, export.Request{Format: export.Format(in.Body.Format)})
}

func (s *Server) export(ctx context.Context, id, action string, part SpanBody, q export.Request) (*exportOut, error) {
	r, err := s.changing(ctx, id)
	if err != nil {
		return nil, err
	}
	if q.Span, err = part.span(); err != nil {
		return nil, err
	}
	q.By = s.speaker(ctx).User
	j, err := s.fileExports.Export(ctx, id, q)
	if err != nil {
		return nil, err
	}
	detail := map[string]string{"export": j.ID, "format": string(j.Format)}
	if j.Target != "" {
		detail["recording"] = j.Target
	}
	s.record(ctx, r.Group, action, id, detail)
	return &exportOut{exportBody(r, j)}, nil
}

type exportsOut struct {
	Body struct {
		Exports []ExportBody `json:"exports" doc:"In the order of their making."`
	}
}

func (s *Server) listExports(ctx context.Context, in *RecordingPath) (*exportsOut, error) {
	r, err := s.ofRecording(ctx, in.Recording)
	if err != nil {
		return nil, err
	}
	all, err := s.fileExports.Exports(ctx, in.Recording)
	if err != nil {
		return nil, err
	}
	out := &exportsOut{}
	out.Body.Exports = make([]ExportBody, len(all))
	for i, j := range all {
		out.Body.Exports[i] = exportBody(r, j)
	}
	return out, nil
}

// ExportPath names an export.
type ExportPath struct {
	RecordingPath
	Export string `path:"export" pattern:"^[0-9A-Za-z]{1,40}$" maxLength:"40" doc:"The export's id." example:"mp4"`
}

func (s *Server) showExport(ctx context.Context, in *ExportPath) (*exportOut, error) {
	r, err := s.ofRecording(ctx, in.Recording)
	if err != nil {
		return nil, err
	}
	j, err := s.fileExports.One(ctx, in.Recording, in.Export)
	if err != nil {
		return nil, err
	}
	return &exportOut{exportBody(r, j)}, nil
}

func (s *Server) deleteExport(ctx context.Context, in *ExportPath) (*empty, error) {
	r, err := s.changing(ctx, in.Recording)
	if err != nil {
		return nil, err
	}
	if err := s.fileExports.Delete(ctx, in.Recording, in.Export); err != nil {
		return nil, err
	}
	s.record(ctx, r.Group, "recording_export_delete", in.Recording, map[string]string{"export": in.Export})
	return nil, nil
}

// Bounds of how long signed addresses of recordings hold.
const (
	minSigned     = time.Minute
	defaultSigned = 24 * time.Hour
	maxSigned     = 8784 * time.Hour
)

type signIn struct {
	RecordingPath
	Body *struct {
		ExpiresIn *Duration `json:"expiresIn,omitempty" doc:"From 1m to 8784h; default: 24h."`
		Export    string    `json:"export,omitempty" maxLength:"40" pattern:"^[0-9A-Za-z]*$" doc:"Only the files of this export; default: of all."`
	}
}

// SignedFile is where a file of an export can be had.
type SignedFile struct {
	Export string `json:"export"`
	ExportFile
	URL string `json:"url"`
}

type signOut struct {
	Body struct {
		HLS       string       `json:"hls" doc:"Plays the recording, whatever its room shows."`
		Files     []SignedFile `json:"files"`
		ExpiresAt Time         `json:"expiresAt" doc:"After this they begin nothing any more."`
	}
}

func (s *Server) signAddresses(ctx context.Context, in *signIn) (*signOut, error) {
	r, err := s.ofRecording(ctx, in.Recording)
	if err != nil {
		return nil, err
	}
	lasts, only := defaultSigned, ""
	if in.Body != nil {
		only = in.Body.Export
		if in.Body.ExpiresIn != nil {
			lasts = in.Body.ExpiresIn.value()
		}
	}
	if lasts < minSigned || lasts > maxSigned {
		return nil, newProblem(http.StatusUnprocessableEntity, "invalid", "must be from 1m to 8784h").at("expiresIn")
	}
	var all []export.Job
	if only == "" {
		all, err = s.fileExports.Exports(ctx, r.ID)
	} else {
		var one export.Job
		one, err = s.fileExports.One(ctx, r.ID, only)
		all = []export.Job{one}
	}
	if err != nil {
		return nil, err
	}
	until := time.Now().Add(lasts).Truncate(time.Second)
	out := &signOut{}
	var urls []string
	if out.Body.HLS, urls, err = s.signRecording(ctx, r.ID, until); err != nil {
		return nil, err
	}
	out.Body.ExpiresAt, out.Body.Files = Time{until}, signedFiles(r, all, urls)
	return out, nil
}

// download is an address of the one MP4 file of a whole recording that holds until then; empty: there is none.
func (s *Server) download(ctx context.Context, recording string, until time.Time) (string, error) {
	r, err := s.recordings.Recording(ctx, recording)
	if errors.Is(err, record.ErrUnknown) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	all, err := s.fileExports.Exports(ctx, recording)
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(all, func(j export.Job) bool {
		return j.Format == export.MP4 && j.State == export.Done && len(j.Files) == 1 && j.Span.From == 0 && j.Span.To >= r.Duration
	})
	if i < 0 {
		return "", nil
	}
	_, urls, err := s.signRecording(ctx, recording, until)
	if err != nil {
		return "", err
	}
	for _, f := range signedFiles(r, all[i:i+1], urls) {
		return f.URL, nil
	}
	return "", nil // it was deleted just now
}

// signedFiles finds the address of each file.
func signedFiles(r record.Recording, all []export.Job, urls []string) []SignedFile {
	out := []SignedFile{}
	for _, j := range all {
		for _, f := range exportBody(r, j).Files {
			if i := slices.IndexFunc(urls, func(u string) bool { return strings.HasSuffix(u, "/"+f.Name) }); i >= 0 {
				out = append(out, SignedFile{Export: j.ID, ExportFile: f, URL: urls[i]})
			}
		}
	}
	return out
}

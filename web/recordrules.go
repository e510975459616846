package web

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"liveroom/live"
)

// RecordingRule is a room's own rule for recordings.
type RecordingRule struct {
	Mode      string    `json:"mode,omitempty" enum:"off,demand,always" doc:"When sessions are recorded; demand: between recording/start and recording/stop."`
	Formats   []string  `json:"formats,omitempty" maxItems:"3" enum:"hls,mp4,flv" doc:"hls is how recordings are kept; the others are exports, made when a recording is done."`
	FileMax   *Duration `json:"fileMax,omitempty" doc:"Longest exported file, from 60s to 24h; 0s: no limit."`
	Keep      *Duration `json:"keep,omitempty" doc:"How long recordings are kept after they are done; 0s: for ever."`
	TimeShift *Duration `json:"timeShift,omitempty" doc:"How far back viewers may watch while live, from 10s to 24h; 0s: not at all."`
	Download  bool      `json:"download,omitempty" doc:"Viewers may download the recording that is played back, where its MP4 is one file. Default: false."`
}

func recordingRule(r live.Recording) *RecordingRule {
	if r == (live.Recording{}) {
		return nil
	}
	length := func(l live.Length) *Duration {
		if !l.Set {
			return nil
		}
		d := Duration(l.Value)
		return &d
	}
	b := &RecordingRule{Mode: r.Mode, FileMax: length(r.FileMax), Keep: length(r.Keep), TimeShift: length(r.TimeShift), Download: r.Download}
	if r.Formats != "" {
		b.Formats = strings.Split(r.Formats, ",")
	}
	return b
}

func (b *RecordingRule) rule() live.Recording {
	if b == nil {
		return live.Recording{}
	}
	length := func(d *Duration) live.Length {
		if d == nil {
			return live.Length{}
		}
		return live.Length{Set: true, Value: d.value()}
	}
	return live.Recording{
		Mode: b.Mode, Formats: strings.Join(b.Formats, ","), FileMax: length(b.FileMax), Keep: length(b.Keep), TimeShift: length(b.TimeShift),
		Download: b.Download,
	}
}

// RecordingPatch is a rule that may be absent (stays), null (is removed) or given.
type RecordingPatch struct {
	Set  bool
	Rule *RecordingRule // nil: removed
}

// UnmarshalJSON notes that the field was there.
func (p *RecordingPatch) UnmarshalJSON(b []byte) error {
	p.Set, p.Rule = true, nil
	if bytes.Equal(b, []byte("null")) {
		return nil
	}
	return json.Unmarshal(b, &p.Rule)
}

// Schema describes the type in the API's description.
func (RecordingPatch) Schema(r huma.Registry) *huma.Schema {
	length := Duration(0).Schema(r)
	words := func(all []string) *huma.Schema {
		s := &huma.Schema{Type: huma.TypeString}
		for _, w := range all {
			s.Enum = append(s.Enum, w)
		}
		return s
	}
	most := 3
	return &huma.Schema{
		Type: huma.TypeObject, Nullable: true, AdditionalProperties: false, Properties: map[string]*huma.Schema{
			"mode": words(live.RecordModes), "formats": {Type: huma.TypeArray, Items: words(live.RecordFormats), MaxItems: &most},
			"fileMax": length, "keep": length, "timeShift": length, "download": {Type: huma.TypeBoolean},
		},
	}
}

func (p RecordingPatch) patch() *live.Recording {
	if !p.Set {
		return nil
	}
	rule := p.Rule.rule()
	return &rule
}

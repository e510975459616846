package web

import (
	"bytes"
	"encoding/json"

	"github.com/danielgtaylor/huma/v2"

	"liveroom/live"
)

// ScreenshotsBody is a room's own rule for screenshots.
type ScreenshotsBody struct {
	Every Duration `json:"every" doc:"How often one is taken, from 2s to 600s; 0s: never."`
}

func screenshotsBody(s live.Screenshots) *ScreenshotsBody {
	if !s.Set {
		return nil
	}
	return &ScreenshotsBody{Duration(s.Every)}
}

func (b *ScreenshotsBody) rule() live.Screenshots {
	if b == nil {
		return live.Screenshots{}
	}
	return live.Screenshots{Set: true, Every: b.Every.value()}
}

// ScreenshotsPatch is a rule that may be absent (stays), null (is removed) or given.
type ScreenshotsPatch struct {
	Set  bool
	Rule *ScreenshotsBody // nil: removed
}

// UnmarshalJSON notes that the field was there.
func (p *ScreenshotsPatch) UnmarshalJSON(b []byte) error {
	p.Set, p.Rule = true, nil
	if bytes.Equal(b, []byte("null")) {
		return nil
	}
	return json.Unmarshal(b, &p.Rule)
}

// Schema describes the type in the API's description.
func (ScreenshotsPatch) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{
		Type: huma.TypeObject, Nullable: true, Properties: map[string]*huma.Schema{"every": Duration(0).Schema(r)},
		Required: []string{"every"}, AdditionalProperties: false,
	}
}

func (p ScreenshotsPatch) patch() *live.Screenshots {
	if !p.Set {
		return nil
	}
	rule := p.Rule.rule()
	return &rule
}

package web

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"liveroom/chat/draw"
)

// DrawEntry is a user in a draw.
type DrawEntry draw.EntryView

// DrawExport is a draw that has ended and who was in it.
type DrawExport struct {
	Draw    DrawBody    `json:"draw"`
	Entries []DrawEntry `json:"entries" doc:"In the order in which they entered."`
}

func (s *Server) registerDrawExport() {
	op := s.operation("export-draw", http.MethodGet, "/rooms/{room}/draws/{draw}/export", "draws", "Export a draw that has ended, for liveroom draw verify", anyone)
	body := s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[DrawExport](), true, "DrawExport")
	op.Responses = map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{"application/json": {Schema: body}}}}
	register(s, op, s.exportDraw)
}

// exportDraw answers all entries of a draw. What has ended does not change.
func (s *Server) exportDraw(ctx context.Context, in *DrawPath) (*huma.StreamResponse, error) {
	if s.draws == nil {
		return nil, errNotOffered()
	}
	group, err := s.group(ctx, in.Room)
	if err != nil {
		return nil, err
	}
	ctx, cancel := timed(ctx)
	defer cancel()
	d, err := s.draws.Draw(ctx, group, in.Draw)
	if err != nil {
		return nil, err
	}
	raw, err := s.exports.of(ctx, d.Commitment, func() ([]byte, error) { // of a seed that no other draw has
		x, err := s.draws.Export(ctx, group, in.Draw)
		if err != nil {
			return nil, err
		}
		return json.Marshal(x.View())
	})
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		r, w := humagin.Unwrap(ctx).Request, humagin.Unwrap(ctx).Writer
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("ETag", `"`+d.Commitment+`"`)
		http.ServeContent(&steady{ResponseWriter: w, control: http.NewResponseController(w), timeout: s.cfg.StallTimeout}, r, "", time.Time{}, bytes.NewReader(raw))
	}}, nil
}

// exportsKept is how many exports are kept for who asks next.
const exportsKept = 3

// exports are exports of draws as they are sent. One of 100,000 entries is more than ten megabytes, and everybody may ask for it: one
// at a time is made, and all who ask for the same one get the same bytes.
type exports struct {
	turn chan struct{} // is full while one is made

	mu   sync.Mutex // guards kept
	kept []exported // the newest last
}

type exported struct {
	key string
	raw []byte
}

func newExports() *exports { return &exports{turn: make(chan struct{}, 1)} }

// of returns the export of a key, which encode makes unless it is there.
func (e *exports) of(ctx context.Context, key string, encode func() ([]byte, error)) ([]byte, error) {
	if raw := e.find(key); raw != nil {
		return raw, nil
	}
	select {
	case e.turn <- struct{}{}:
		defer func() { <-e.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if raw := e.find(key); raw != nil { // made meanwhile
		return raw, nil
	}
	raw, err := encode()
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.kept = append(e.kept, exported{key, raw})
	e.kept = slices.Delete(e.kept, 0, max(0, len(e.kept)-exportsKept))
	return raw, nil
}

func (e *exports) find(key string) []byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, one := range e.kept {
		if one.key == key {
			return one.raw
		}
	}
	return nil
}

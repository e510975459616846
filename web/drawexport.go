package web

import (
	"bufio"
	"context"
	"iter"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"liveroom/chat/draw"
)

// Bounds of exports under way: each holds a page of entries, for as long as its client takes what is written.
const (
	maxExports       = 64 // in all
	exportsOfAddress = 4
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
	op.Description = "An export that is no whole JSON was cut off: ask again. An address may have 4 under way."
	op.Responses = map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{
		"application/json": {Schema: s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[DrawExport](), true, "DrawExport")},
	}}}
	offer(s, s.draws != nil, op, s.exportDraw)
}

func (s *Server) exportDraw(ctx context.Context, in *DrawPath) (*huma.StreamResponse, error) {
	group, _, err := s.drawsOf(ctx, in.Room)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		addr := remoteOf(ctx.Context())
		if !s.exports.enter(addr) {
			s.refuse(ctx, newProblem(http.StatusTooManyRequests, "too_many_requests", "this address has as many exports under way as it may").retry(5*time.Second))
			return
		}
		defer s.exports.leave(addr)
		defer s.count.exports.Add(-1)
		if s.count.exports.Add(1) > maxExports {
			s.refuse(ctx, newProblem(http.StatusServiceUnavailable, "busy", "too many exports are under way").retry(5*time.Second))
			return
		}
		d, entries, err := s.draws.Export(ctx.Context(), group, in.Draw)
		if err != nil {
			s.refuse(ctx, err)
			return
		}
		s.writeExport(ctx, d, entries)
	}}, nil
}

// writeExport streams a draw. What the store refuses at once is answered like any error.
func (s *Server) writeExport(ctx huma.Context, d draw.Draw, entries iter.Seq2[draw.Entry, error]) {
	w := humagin.Unwrap(ctx).Writer
	tag := `"` + d.Commitment + `"` // what has ended does not change, and no other draw has its seed
	if ctx.Header("If-None-Match") == tag {
		w.Header().Set("ETag", tag)
		w.WriteHeader(http.StatusNotModified)
		return
	}
	answer := &begun{start: func() {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("ETag", tag)
		w.WriteHeader(http.StatusOK)
	}, to: &steady{ResponseWriter: w, control: http.NewResponseController(w), timeout: s.cfg.StallTimeout}}
	out := bufio.NewWriterSize(answer, 32<<10)
	err := draw.WriteExport(out, d, entries)
	switch {
	case err != nil && !answer.is:
		s.refuse(ctx, err)
	case err != nil && answer.err == nil:
		s.log.Warn("export of a draw cut off", "requestId", requestID(ctx.Context()), "group", d.Group, "draw", d.ID, "err", err)
		panic(http.ErrAbortHandler) // who reads it must see that it is not whole
	case err == nil:
		_ = out.Flush() // the client is gone: nobody to tell
	}
}

// begun is an answer that starts when something is written of it.
type begun struct {
	start func()
	to    *steady
	is    bool
	err   error // of writing: the client is gone
}

func (b *begun) Write(p []byte) (int, error) {
	if !b.is {
		b.is = true
		b.start()
	}
	n, err := b.to.Write(p)
	if err != nil {
		b.err = err
	}
	return n, err
}

package web

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"liveroom/chat"
	"liveroom/chat/gift"
	"liveroom/live"
)

// EntryBody is an accepted order in a room's ledger.
type EntryBody struct {
	Entry uint64 `json:"entry" doc:"Its number in the room's ledger, which has no gaps; entries never change."`
	OrderBody
}

// LedgerBody is a page of a ledger.
type LedgerBody struct {
	Entries    []EntryBody `json:"entries" doc:"In the order they were accepted."`
	NextCursor string      `json:"nextCursor,omitempty" doc:"Absent on the last page. A page with one may be short, or empty, where few entries match."`
}

type ledgerIn struct {
	RoomPath
	Session string `query:"session" maxLength:"64" doc:"Of this live session."`
	User    string `query:"user" maxLength:"64" doc:"That this account gave."`
	Gift    string `query:"gift" maxLength:"64" doc:"Of this gift."`
	Since   string `query:"since" maxLength:"40" format:"date-time" doc:"Accepted then or later, RFC 3339."`
	Until   string `query:"until" maxLength:"40" format:"date-time" doc:"Accepted before then."`
	Limit   int    `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"Of format json."`
	Cursor  string `query:"cursor" maxLength:"20" pattern:"^[0-9]*$" doc:"nextCursor of the page before. With csv and jsonl: the number of the entry after which to go on."`
	Format  string `query:"format" enum:"json,csv,jsonl" default:"json" doc:"json: a page; csv, jsonl: everything that matches, one entry a line."`
}

func (s *Server) registerLedger() {
	op := s.operation("gift-ledger", http.MethodGet, "/rooms/{room}/gifts/ledger", "gifts", "Read or export what was given", tokenOrAnchor)
	op.Description = "The ledger of accepted orders: a page as JSON, or all that matches as CSV or JSON lines. " +
		"Of a room that is gone an API token reads the ledger by the id of its chat group. In CSV, a text that a spreadsheet would take for a formula has an apostrophe in front. " +
		"An export that ends without its last line being whole was cut off: go on with cursor."
	page := s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[LedgerBody](), true, "LedgerBody")
	text := &huma.Schema{Type: huma.TypeString}
	op.Responses = map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{
		"application/json": {Schema: page}, "text/csv": {Schema: text}, "application/x-ndjson": {Schema: text},
	}}}
	offer(s, s.gifts != nil, op, s.giftLedger)
}

func (s *Server) giftLedger(ctx context.Context, in *ledgerIn) (*huma.StreamResponse, error) {
	group, err := s.ledgerOf(ctx, in.Room)
	if err != nil {
		return nil, err
	}
	q := gift.Query{Group: group, Session: in.Session, From: in.User, Gift: in.Gift, Limit: in.Limit}
	if q.Since, q.Until, err = span(in.Since, in.Until); err != nil {
		return nil, err
	}
	if in.Cursor != "" {
		if q.After, err = strconv.ParseUint(in.Cursor, 10, 64); err != nil {
			return nil, newProblem(http.StatusUnprocessableEntity, "invalid", "must be nextCursor of another page").at("cursor")
		}
	}
	if in.Format == "json" {
		return s.ledgerPage(ctx, q)
	}
	return s.ledgerExport(q, in.Format == "csv")
}

// ledgerOf is the group whose ledger the caller may read. It outlives its room, for backends.
func (s *Server) ledgerOf(ctx context.Context, room string) (string, error) {
	l, err := s.mayDrive(ctx, room)
	var missing *live.Error
	if errors.As(err, &missing) && callerOf(ctx).token {
		return room, nil
	}
	return l.Room.GroupID, err
}

func (s *Server) ledgerPage(ctx context.Context, q gift.Query) (*huma.StreamResponse, error) {
	ctx, cancel := timed(ctx)
	defer cancel()
	page, err := s.gifts.Ledger(ctx, q)
	if err != nil {
		return nil, err
	}
	body := LedgerBody{Entries: make([]EntryBody, len(page.Entries))}
	for i, e := range page.Entries {
		body.Entries[i] = EntryBody{e.Number, orderBody(e.Order)}
	}
	if page.Next > 0 {
		body.NextCursor = strconv.FormatUint(page.Next, 10)
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		ctx.SetHeader("Content-Type", "application/json")
		ctx.SetStatus(http.StatusOK)
		_, _ = ctx.BodyWriter().Write(raw) // the client is gone: nobody to tell
	}}, nil
}

// ledgerExport streams all entries of a query. What the store refuses at once is answered like any error.
func (s *Server) ledgerExport(q gift.Query, asCSV bool) (*huma.StreamResponse, error) {
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		next, stop := iter.Pull2(s.gifts.Export(ctx.Context(), q))
		defer stop()
		first, err, any := next()
		if any && err != nil {
			s.refuse(ctx, err)
			return
		}
		w := humagin.Unwrap(ctx).Writer
		h := w.Header()
		h.Set("Content-Type", "application/x-ndjson")
		name := q.Group + ".jsonl"
		if asCSV {
			h.Set("Content-Type", "text/csv; charset=utf-8; header=present")
			name = q.Group + ".csv"
		}
		h.Set("Content-Disposition", `attachment; filename="gifts-`+fileName(name)+`"`)
		w.WriteHeader(http.StatusOK)
		out := bufio.NewWriterSize(&steady{ResponseWriter: w, control: http.NewResponseController(w), timeout: s.cfg.StallTimeout}, 32<<10)
		lines := newLedgerLines(out, asCSV)
		for e := first; any && err == nil; e, err, any = next() {
			if err = lines.write(e); err != nil {
				return // the client is gone
			}
		}
		if err = errors.Join(err, lines.flush(), out.Flush()); err != nil {
			s.log.Warn("export of a ledger cut off", "requestId", requestID(ctx.Context()), "group", q.Group, "err", err)
			panic(http.ErrAbortHandler) // who reads it must see that it is not whole
		}
	}}, nil
}

// fileName drops what could not stand in a header's quotes.
func fileName(name string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r > 0x7e || strings.ContainsRune(`"\/:*?<>|`, r) {
			return '_'
		}
		return r
	}, name)
}

// ledgerLines writes entries, one a line.
type ledgerLines struct {
	rows *csv.Writer   // nil: JSON
	json *json.Encoder // nil: CSV
}

// ledgerColumns are the columns of a CSV export. More may come behind them.
var ledgerColumns = []string{
	"entry", "order", "createdAt", "settledAt", "group", "session", "gift", "name", "price", "count", "value",
	"from", "nick", "level", "to", "combo", "via", "message",
}

func newLedgerLines(out *bufio.Writer, asCSV bool) *ledgerLines {
	if !asCSV {
		e := json.NewEncoder(out)
		e.SetEscapeHTML(false)
		return &ledgerLines{json: e}
	}
	w := csv.NewWriter(out)
	w.UseCRLF = true // RFC 4180
	_ = w.Write(ledgerColumns)
	return &ledgerLines{rows: w}
}

func (l *ledgerLines) write(e gift.Entry) error {
	if l.json != nil {
		return l.json.Encode(EntryBody{e.Number, orderBody(e.Order)})
	}
	return l.rows.Write([]string{
		strconv.FormatUint(e.Number, 10), harmless(e.ID), e.CreatedAt.UTC().Format(chat.TimeLayout), e.SettledAt.UTC().Format(chat.TimeLayout),
		harmless(e.Group), harmless(e.Session), harmless(e.Gift), harmless(e.Name), itoa(e.Price), strconv.Itoa(e.Count), itoa(e.Value),
		harmless(e.From), harmless(e.Nick), strconv.Itoa(e.Level), harmless(e.To), harmless(e.Combo), string(e.Via), harmless(e.Message),
	})
}

func (l *ledgerLines) flush() error {
	if l.rows == nil {
		return nil
	}
	l.rows.Flush()
	return l.rows.Error()
}

// harmless is a text as no spreadsheet takes it for a formula: what one begins with has an apostrophe in front.
func harmless(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r\n|%＝＋－＠", []rune(text)[0]) {
		return "'" + text
	}
	return text
}

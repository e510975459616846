package replay

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Bounds of a request.
const (
	windowUsual   = 60_000      // ms
	windowMost    = 600_000     // ms
	playTimeMost  = 100_000_000 // ms: more than a day
	maxRecordings = 100
)

// errEnough ends a listing early.
var errEnough = errors.New("enough")

// badRequest names what is wrong with a request.
type badRequest struct{ field, detail string }

func (b *badRequest) Error() string { return b.field + ": " + b.detail }

// wish is what a request asks for.
type wish struct {
	from, to int64
	limit    int
	in       int // recording in which it goes on
	after    *Place
}

func parseWish(q url.Values) (w wish, err error) {
	number := func(field string, or, most int64) (n int64) {
		v := q.Get(field)
		if v == "" || err != nil {
			return or
		}
		n, bad := strconv.ParseInt(v, 10, 64)
		if bad != nil || n < 0 || n > most {
			err = &badRequest{field, "must be a whole number from 0 to " + strconv.FormatInt(most, 10)}
		}
		return n
	}
	w.from = number("from", 0, playTimeMost)
	w.to = number("to", w.from+windowUsual, playTimeMost+windowUsual)
	w.limit = cmp.Or(int(number("limit", MaxItems, MaxItems)), MaxItems)
	if err == nil && (w.to < w.from || w.to-w.from > windowMost) {
		err = &badRequest{"to", "must be from, or up to " + strconv.Itoa(windowMost) + " ms later"}
	}
	if c := q.Get("cursor"); c != "" && err == nil {
		in, place, _ := strings.Cut(c, "-")
		p, ok := parsePlace(place)
		n, bad := strconv.ParseUint(in, 10, 16)
		if !ok || bad != nil {
			err = &badRequest{"cursor", "must be the next of an answer before"}
		}
		w.in, w.after = int(n), &p
	}
	return w, err
}

// answer is what a request gets.
type answer struct {
	Items []Item  `json:"items"`
	Next  *string `json:"next"` // the cursor that goes on in this window; null: there is no more in it
}

// ServeChat answers ?from=&to=&limit=&cursor= with what was said in these recordings, played one after the other: times are ms of
// the whole. Who may ask is for its caller to say.
func (s *Service) ServeChat(w http.ResponseWriter, r *http.Request, recordings []string) {
	want, err := parseWish(r.URL.Query())
	if err == nil {
		var a answer
		if a, err = s.answer(r, want, recordings[:min(len(recordings), maxRecordings)]); err == nil {
			s.reply(w, r, http.StatusOK, "application/json", a)
			return
		}
	}
	if r.Context().Err() != nil {
		return
	}
	s.refuse(w, r, err)
}

// answer reads the window from the recordings it touches.
func (s *Service) answer(r *http.Request, want wish, recordings []string) (answer, error) {
	a := answer{Items: []Item{}}
	var base int64
	for n, id := range recordings {
		rec, spans, err := s.recs.Find(r.Context(), id)
		if errors.Is(err, ErrUnknown) {
			continue // it takes no time in what is played either
		}
		if err != nil {
			return a, err
		}
		t := newTimeline(spans)
		from, to := want.from-base, want.to-base
		if to <= 0 {
			break
		}
		if len(a.Items) >= want.limit { // there may be more in this one, from its beginning on
			cursor := strconv.Itoa(n) + "-" + Place{}.String()
			a.Next = &cursor
			break
		}
		if n >= want.in && from <= t.total {
			after := want.after
			if n > want.in {
				after = nil
			}
			items, next, err := s.messages(r.Context(), rec, t, from, to, after, want.limit-len(a.Items))
			if err != nil {
				return a, err
			}
			for _, i := range items {
				i.At += base
				a.Items = append(a.Items, i)
			}
			if next != nil {
				cursor := strconv.Itoa(n) + "-" + next.String()
				a.Next = &cursor
				break
			}
		}
		base += t.total
	}
	return a, nil
}

// refuse answers with a problem document (RFC 9457).
func (s *Service) refuse(w http.ResponseWriter, r *http.Request, err error) {
	type problem struct {
		Type   string `json:"type"`
		Title  string `json:"title"`
		Status int    `json:"status"`
		Code   string `json:"code"`
		Detail string `json:"detail"`
		Field  string `json:"field,omitempty"`
	}
	p := problem{Type: "about:blank", Status: http.StatusServiceUnavailable, Code: "store_unavailable", Detail: "The chat of this recording can't be read at the moment; try again."}
	if bad, ok := errors.AsType[*badRequest](err); ok {
		p.Status, p.Code, p.Detail, p.Field = http.StatusBadRequest, "bad_request", bad.Error(), bad.field
	} else {
		w.Header().Set("Retry-After", "2")
		s.log.Warn("chat of a recording could not be read", "err", err)
	}
	p.Title = http.StatusText(p.Status)
	s.reply(w, r, p.Status, "application/problem+json", p)
}

func (s *Service) reply(w http.ResponseWriter, r *http.Request, status int, kind string, v any) {
	body, err := json.Marshal(v)
	if err != nil { // the bodies of messages are valid JSON
		s.log.Error("chat of a recording can't be written as JSON", "err", err)
		http.Error(w, "internal", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Cache-Control", "no-store") // a withdrawal or a ban counts at once
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the client may be gone
	}
}

package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"liveroom/chat/words"
)

// Words is what the API asks of the sensitive words (words.Service).
type Words interface {
	Change(ctx context.Context, c words.Change) (words.Result, error)
	Page(ctx context.Context, after string, limit int) (page []words.Word, next string, head words.Head, err error)
	Blocking(ctx context.Context) ([]string, error)
}

// maxWordsBytes bounds a list of words as a whole: 100,000 of them, as JSON, of usual length.
const maxWordsBytes = 16 << 20

// WordBody is a sensitive word.
type WordBody struct {
	Word        string `json:"word" maxLength:"200" doc:"At most 200 bytes and 64 letters. Width, case, accents and invisible characters make no difference."`
	Action      string `json:"action,omitempty" enum:"block,replace" doc:"block, the default: a text that holds the word is refused. replace: the word gives way."`
	Replacement string `json:"replacement,omitempty" maxLength:"60" doc:"What it gives way to; default ***."`
	Whole       bool   `json:"whole,omitempty" doc:"Found only as a word of its own, not inside another."`
}

// WordsBody is a change of the list, or the whole of it.
type WordsBody struct {
	Words []WordBody `json:"words" maxItems:"100000"`
	Loose *bool      `json:"loose,omitempty" doc:"Spaces and punctuation between the letters of a word don't hide it. Holds for the whole list; absent: stays, at first false."`
}

// WordsHead is what the list is after a change.
type WordsHead struct {
	Version   uint64   `json:"version" doc:"Grows with each change; also the ETag."`
	Count     int      `json:"count"`
	Loose     bool     `json:"loose"`
	ChangedAt NullTime `json:"changedAt"`
}

func wordsHead(h words.Head) WordsHead {
	return WordsHead{Version: h.Version, Count: h.Count, Loose: h.Loose, ChangedAt: NullTime{h.ChangedAt}}
}

func (s *Server) registerWords() {
	register(s, s.operation("words", http.MethodGet, "/words", "words", "List the sensitive words", tokenHolder), s.listWords)
	register(s, s.wordsOperation("add-words", http.MethodPost, "Add sensitive words, or change what they do"), s.addWords)
	register(s, s.wordsOperation("replace-words", http.MethodPut, "Replace the whole list of sensitive words"), s.replaceWords)
	register(s, s.wordsOperation("delete-words", http.MethodDelete, "Delete sensitive words"), s.deleteWords)
	register(s, s.operation("delete-word", http.MethodDelete, "/words/{word}", "words", "Delete a sensitive word", tokenHolder), s.deleteWord)
	register(s, s.operation("client-words", http.MethodGet, "/words/client", "words", "List the words that block, for clients", anyone), s.clientWords)
}

// wordsOperation takes a body that is too large for the usual way, which would hold it three times.
func (s *Server) wordsOperation(id, method, summary string) huma.Operation {
	op := s.operation(id, method, "/words", "words", summary, tokenHolder)
	op.MaxBodyBytes, op.SkipValidateBody = maxWordsBytes, true
	schema := s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[WordsBody](), true, "WordsBody")
	op.Description = "The body may also be text/plain: one word a line, which blocks; or a word, a tab and replace, and after another tab its replacement."
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: schema}}}
	return op
}

type wordsPageIn struct {
	Limit       int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	Cursor      string `query:"cursor" maxLength:"1024" doc:"nextCursor of the page before."`
	IfNoneMatch string `header:"If-None-Match" maxLength:"128"`
}

// etagged is an answer that may be 304.
type etagged[T any] struct {
	Status int
	ETag   string `header:"ETag"`
	Body   *T
}

// WordsPage is a part of the list.
type WordsPage struct {
	WordsHead
	Words      []WordBody `json:"words"`
	NextCursor string     `json:"nextCursor,omitempty" doc:"Absent on the last page."`
}

func (s *Server) listWords(ctx context.Context, in *wordsPageIn) (*etagged[WordsPage], error) {
	after, err := base64.RawURLEncoding.DecodeString(in.Cursor)
	if err != nil {
		return nil, newProblem(http.StatusUnprocessableEntity, "invalid", "must be nextCursor of another page").at("cursor")
	}
	page, next, head, err := s.words.Page(ctx, string(after), in.Limit)
	if err != nil {
		return nil, err
	}
	body := &WordsPage{WordsHead: wordsHead(head), Words: make([]WordBody, len(page))}
	for i, w := range page {
		body.Words[i] = WordBody{Word: w.Text, Action: w.Action.String(), Replacement: w.Replacement, Whole: w.Whole}
	}
	if next != "" {
		body.NextCursor = base64.RawURLEncoding.EncodeToString([]byte(next))
	}
	return tagged(wordsTag(head), in.IfNoneMatch, body), nil
}

func wordsTag(h words.Head) string { return `"` + strconv.FormatUint(h.Version, 10) + `"` }

func tagged[T any](tag, known string, body *T) *etagged[T] {
	out := &etagged[T]{Status: http.StatusOK, ETag: tag, Body: body}
	if known != "" && matches(known, tag) {
		out.Status, out.Body = http.StatusNotModified, nil
	}
	return out
}

type wordsIn struct {
	ContentType string `header:"Content-Type" maxLength:"128"`
	IfMatch     string `header:"If-Match" maxLength:"128" doc:"The ETag of the list that is to be changed; if it is another one meanwhile, 412."`
	RawBody     []byte `contentType:"text/plain"`
}

type wordsOut struct {
	ETag string `header:"ETag"`
	Body WordsHead
}

func (s *Server) addWords(ctx context.Context, in *wordsIn) (*wordsOut, error) {
	return s.changeWords(ctx, in, func(c *words.Change) string { return "words_add" })
}

func (s *Server) replaceWords(ctx context.Context, in *wordsIn) (*wordsOut, error) {
	return s.changeWords(ctx, in, func(c *words.Change) string {
		c.Whole = true
		return "words_replace"
	})
}

func (s *Server) deleteWords(ctx context.Context, in *wordsIn) (*wordsOut, error) {
	return s.changeWords(ctx, in, func(c *words.Change) string {
		for _, w := range c.Put {
			c.Delete = append(c.Delete, w.Text)
		}
		c.Put = nil
		return "words_delete"
	})
}

// changeWords reads the body, lets a call make of it what it means, and does it.
func (s *Server) changeWords(ctx context.Context, in *wordsIn, mean func(*words.Change) (action string)) (*wordsOut, error) {
	c, err := in.change()
	if err != nil {
		return nil, err
	}
	n := len(c.Put)
	action := mean(&c)
	ctx, cancel := timed(ctx)
	defer cancel()
	done, err := s.words.Change(ctx, c)
	if err != nil {
		return nil, err
	}
	s.record(ctx, "", action, "", map[string]string{"words": strconv.Itoa(n), "version": strconv.FormatUint(done.Version, 10)})
	return &wordsOut{ETag: wordsTag(done.Head), Body: wordsHead(done.Head)}, nil
}

// change reads words as JSON or text.
func (in *wordsIn) change() (c words.Change, err error) {
	if in.IfMatch != "" {
		version, err := strconv.ParseUint(strings.Trim(strings.TrimPrefix(in.IfMatch, "W/"), `"`), 10, 64)
		if err != nil {
			return c, newProblem(http.StatusPreconditionFailed, "changed", "If-Match is no ETag of this list").at("If-Match")
		}
		c.If = &version
	}
	kind, _, _ := mime.ParseMediaType(in.ContentType)
	switch kind {
	case "text/plain":
		all, bad := words.Parse(string(in.RawBody))
		if len(bad) > 0 {
			return c, newProblem(http.StatusUnprocessableEntity, "invalid", bad[0].Error()).at("line " + strconv.Itoa(bad[0].Line))
		}
		c.Put = all
	case "application/json", "":
		var body WordsBody
		if err := decodeStrictly(in.RawBody, &body); err != nil {
			return c, err
		}
		c.Loose = body.Loose
		c.Put = make([]words.Word, len(body.Words))
		for i, b := range body.Words {
			if c.Put[i], err = b.word(); err != nil {
				return c, newProblem(http.StatusUnprocessableEntity, "invalid", err.Error()).at(fmt.Sprintf("words[%d]", i))
			}
		}
	default:
		return c, newProblem(http.StatusUnsupportedMediaType, "unsupported_media_type", "send application/json or text/plain")
	}
	if len(c.Put) > words.MaxWords {
		return c, words.ErrTooMany
	}
	return c, nil
}

// word is the word, checked.
func (b WordBody) word() (words.Word, error) {
	w := words.Word{Text: strings.TrimSpace(b.Word), Replacement: b.Replacement, Whole: b.Whole}
	if err := w.Action.UnmarshalText([]byte(b.Action)); err != nil {
		return w, err
	}
	return w, w.Check()
}

// decodeStrictly reads one JSON value, as the API reads its other bodies: a name that means nothing is an error.
func decodeStrictly(raw []byte, into any) error {
	bad := func(status int, code, detail string) error { return newProblem(status, code, shorten(detail)) }
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	err := dec.Decode(into)
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return bad(http.StatusBadRequest, "bad_request", "the body is not JSON")
	case err != nil:
		return bad(http.StatusUnprocessableEntity, "invalid", strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return bad(http.StatusBadRequest, "bad_request", "the body is more than one JSON value")
	}
	return nil
}

type wordIn struct {
	Word string `path:"word" maxLength:"200"`
}

func (s *Server) deleteWord(ctx context.Context, in *wordIn) (*wordsOut, error) {
	ctx, cancel := timed(ctx)
	defer cancel()
	done, err := s.words.Change(ctx, words.Change{Delete: []string{in.Word}})
	if err != nil {
		return nil, err
	}
	if done.Removed == 0 {
		return nil, newProblem(http.StatusNotFound, "not_found", "there is no such word in the list").at("word")
	}
	s.record(ctx, "", "words_delete", "", map[string]string{"words": "1", "version": strconv.FormatUint(done.Version, 10)})
	return &wordsOut{ETag: wordsTag(done.Head), Body: wordsHead(done.Head)}, nil
}

type clientWordsIn struct {
	IfNoneMatch string `header:"If-None-Match" maxLength:"128"`
}

// ClientWords is what clients may look for before they send.
type ClientWords struct {
	Words []string `json:"words" doc:"Words that block. A client may refuse a text that holds one before it sends it (SDK error 3123); the server decides."`
}

func (s *Server) clientWords(ctx context.Context, in *clientWordsIn) (*etagged[ClientWords], error) {
	if !s.tuning.Load().PublicWords {
		return nil, newProblem(http.StatusNotFound, "words_private", "this server shows its words to nobody")
	}
	all, err := s.words.Blocking(ctx)
	if err != nil {
		return nil, err
	}
	if all == nil {
		all = []string{}
	}
	sum := sha256.Sum256([]byte(strings.Join(all, "\n")))
	return tagged(`"`+hex.EncodeToString(sum[:12])+`"`, in.IfNoneMatch, &ClientWords{Words: all}), nil
}

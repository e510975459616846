package im

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"sync"
)

// The words of ActionStatus.
const (
	statusOK        = "OK"
	statusFail      = "FAIL"
	statusSomeError = "SomeError" // part of a batch failed
)

// maxAnswerBytes is the largest answer (spec im-rest §1.2).
const maxAnswerBytes = 1 << 20

// outcome is an answer that says itself what stands in the envelope beside its own fields.
type outcome interface {
	outcome() (status string, code int, info string)
}

// envelope begins every answer (spec im-rest §1.2).
type envelope struct {
	ActionStatus string
	ErrorCode    int
	ErrorInfo    string
	ErrorDisplay *string `json:",omitempty"` // for end users; nil: the service has none
}

// maxKeptBytes bounds buffers that are kept for the next answer.
const maxKeptBytes = 64 << 10

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// write writes an envelope and the fields of fields, which is nil or marshals to a JSON object.
func write(w http.ResponseWriter, e envelope, fields any) error {
	b, _ := buffers.Get().(*bytes.Buffer)
	b.Reset()
	defer func() {
		if b.Cap() <= maxKeptBytes {
			buffers.Put(b)
		}
	}()
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(e); err != nil {
		return err
	}
	if fields != nil {
		end := b.Len() - len("}\n")
		if err := enc.Encode(fields); err != nil {
			return err
		}
		joined := b.Bytes()
		if rest := joined[end+len("}\n"):]; len(rest) > len("{}\n") {
			joined[end] = ','
			b.Truncate(end + 1 + copy(joined[end+1:], rest[1:]))
		} else {
			b.Truncate(end + len("}\n"))
		}
	}
	if b.Len() > maxAnswerBytes {
		return refuse(10018, "the answer is larger than %d bytes; ask for less", maxAnswerBytes)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	_, _ = w.Write(b.Bytes()) // the client is gone: nobody to tell
	return nil
}

package socket

import (
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"liveroom/chat"
)

// maxNesting is how deep a frame may nest: a message may half as deep, and nothing else comes near.
const maxNesting = 64

// maxID is the largest id that JavaScript can count to.
const maxID = 1<<53 - 1

// request is a frame of a client. Fields an op does not know are ignored; those only one op knows it reads with into.
type request struct {
	raw []byte // the frame; valid while the op runs

	ID uint64 `json:"id"`
	Op string `json:"op"`

	Group string `json:"group"`
	Epoch string `json:"epoch"`
	Seq   uint64 `json:"seq"`

	Random          uint32          `json:"random"`
	Priority        string          `json:"priority"`
	Body            json.RawMessage `json:"body"`
	CloudCustomData string          `json:"cloudCustomData"`
	Fate            bool            `json:"fate"`

	Count      int               `json:"count"`
	Keys       []string          `json:"keys"`
	Attributes map[string]string `json:"attributes"`
}

// errNoRequest is a frame that cannot even be answered; the text says why.
type errNoRequest string

func (e errNoRequest) Error() string { return string(e) }

// decode reads a frame. A *chat.Error can be answered, because the id is known; after an errNoRequest nothing can be
// trusted that this client sends.
func decode(raw []byte) (request, error) {
	var r request
	if !utf8.Valid(raw) {
		return r, errNoRequest("the frame is not valid UTF-8")
	}
	if chat.Nesting(raw) > maxNesting {
		return r, errNoRequest(fmt.Sprintf("the frame nests more than %d levels deep", maxNesting))
	}
	err := json.Unmarshal(raw, &r)
	var wrongType *json.UnmarshalTypeError
	if err != nil && !errors.As(err, &wrongType) {
		return r, errNoRequest("the frame is not JSON: " + err.Error())
	}
	r.raw = raw
	if r.ID == 0 || r.ID > maxID {
		return r, errNoRequest("the frame is not an object with a positive integer id")
	}
	if wrongType != nil {
		return r, badParameter(wrongType.Field, fmt.Sprintf("a JSON %s does not fit here", wrongType.Value))
	}
	return r, nil
}

// into reads the fields of one op from the frame, which is known to be JSON. A field of a wrong type is refused by its name.
func (r *request) into(fields any) error {
	var wrongType *json.UnmarshalTypeError
	err := json.Unmarshal(r.raw, fields)
	if errors.As(err, &wrongType) {
		return badParameter(wrongType.Field, fmt.Sprintf("a JSON %s does not fit here", wrongType.Value))
	}
	return err
}

func badParameter(field, detail string) *chat.Error {
	return &chat.Error{Code: chat.ErrParameter.Code, Name: chat.ErrParameter.Name, Field: field, Detail: detail}
}

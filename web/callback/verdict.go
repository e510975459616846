package callback

import (
	"bytes"
	"encoding/json"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"liveroom/chat"
)

// verdict is what a receiver that was asked decided (spec im-callbacks §1.2, §5.1).
type verdict struct {
	code  int64
	info  string
	body  json.RawMessage // nil: as it was
	cloud *string         // nil: as it was
}

// readVerdict reads an answer. The error is a *failure: then nothing was decided.
func readVerdict(got answer) (verdict, error) {
	if got.status != http.StatusOK {
		return verdict{}, &failure{"status", "answered " + strconv.Itoa(got.status)}
	}
	var reply struct {
		ErrorCode       json.RawMessage
		ErrorInfo       any
		MsgBody         json.RawMessage
		CloudCustomData any
	}
	if !isObject(got.body) || json.Unmarshal(got.body, &reply) != nil {
		return verdict{}, &failure{"not_json", "the answer is no JSON object"}
	}
	code, err := strconv.ParseInt(strings.Trim(string(reply.ErrorCode), `"`), 10, 64)
	if err != nil {
		return verdict{}, &failure{"no_code", "the answer has no ErrorCode"}
	}
	v := verdict{code: code}
	v.info, _ = reply.ErrorInfo.(string)
	if cloud, _ := reply.CloudCustomData.(string); cloud != "" {
		v.cloud = &cloud
	}
	if body := bytes.TrimSpace(reply.MsgBody); len(body) > 2 && body[0] == '[' {
		v.body = body
	}
	return v, nil
}

// maxErrorInfo bounds the words of a receiver that reach a user, in bytes.
const maxErrorInfo = 1024

// codes are the numbers from..to that a receiver may refuse with in its own words.
type codes struct{ from, to int64 }

// The sets of spec im-callbacks §5.1. Joining has none.
var (
	groupCodes  = codes{10100, 10200}
	letterCodes = codes{120001, 130000}
)

// Refusals by a receiver that names no reason, or because none answered.
const (
	codeGroup  = 10016
	codeLetter = 20006
	codeNone   = 80003 // of a message to a group (spec im-rest §1.5)

	nameRefused = "refused_by_callback"
	nameNone    = "callback_failed"
)

// refusal is what who asked for something is told of a verdict that is not 0.
func (v verdict) refusal(own codes, plain int) *chat.Error {
	if v.code >= own.from && v.code <= own.to {
		return &chat.Error{Code: int(v.code), Name: nameRefused, Detail: clip(v.info)}
	}
	return &chat.Error{Code: plain, Name: nameRefused, Detail: "the operator's backend refused it"}
}

// clip bounds words from outside, at a whole character.
func clip(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) <= maxErrorInfo {
		return text
	}
	cut := maxErrorInfo
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut]
}

// ruling is what a verdict of 0 puts in the place of a message. What only repeats the message changes nothing.
func (v verdict) ruling(m *chat.Message) chat.Ruling {
	var r chat.Ruling
	if v.body != nil && !sameJSON(v.body, m.Body) {
		r.Body = v.body
	}
	if v.cloud != nil && *v.cloud != m.CloudCustomData {
		r.CloudCustomData = v.cloud
	}
	return r
}

func sameJSON(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}

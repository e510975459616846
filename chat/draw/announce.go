package draw

import (
	"encoding/json"
	"time"

	"liveroom/chat"
)

// The messages of the server that tell a room of its draws, by their type (docs/messages.md).
const (
	KindStart     = "draw_start"
	KindResult    = "draw_result"
	KindCancelled = "draw_cancelled"
)

// shownBytes bounds the winners that a message names, as they are written into its body. All are in the draw.
const shownBytes = 4 << 10

func wire(t time.Time) string { return t.UTC().Format(chat.TimeLayout) }

// started is a draw as the room is told of it.
type started struct {
	ID          string      `json:"id"`
	Title       string      `json:"title"`
	Prize       string      `json:"prize"`
	Trigger     Trigger     `json:"trigger"`
	EndsAt      string      `json:"endsAt"`
	Winners     int         `json:"winners"`
	Eligibility Eligibility `json:"eligibility"`
	Commitment  string      `json:"commitment"`
	RulesHash   string      `json:"rulesHash"`
}

type message[T any] struct {
	Type string `json:"type"`
	Draw T      `json:"draw"`
}

func (d Draw) startMessage() any {
	return message[started]{KindStart, started{
		d.ID, d.Title, d.Prize, d.Trigger, wire(d.EndsAt), d.Winners, d.Eligibility, d.Commitment, RulesHash(d),
	}}
}

// named is a winner as the room is told of him.
type named struct {
	User string `json:"user"`
	Nick string `json:"nick"`
}

type result struct {
	ID          string  `json:"id"`
	Title       string  `json:"title"`
	Prize       string  `json:"prize"`
	Seed        string  `json:"seed"`
	Commitment  string  `json:"commitment"`
	RulesHash   string  `json:"rulesHash"`
	EntriesHash string  `json:"entriesHash"`
	Entries     int     `json:"entries"`
	Gap         bool    `json:"gap,omitempty"`  // as View has them: the room shall know of it
	Full        bool    `json:"full,omitempty"` //
	Places      int     `json:"places"`         // how many could win
	Drawn       int     `json:"drawn"`          // how many did
	Winners     []named `json:"winners"`        // the first of them
}

func (d Draw) resultMessage() any {
	shown, size := []named{}, 0
	for _, w := range d.Drawn {
		n := named{w.User, w.Nick}
		text, _ := json.Marshal(n) // texts always can be
		quoted, _ := json.Marshal(string(text))
		if size += len(quoted); size > shownBytes {
			break
		}
		shown = append(shown, n)
	}
	return message[result]{KindResult, result{
		d.ID, d.Title, d.Prize, d.Seed, d.Commitment, RulesHash(d), d.EntriesHash, d.Entries, d.Gap, d.Full, d.Winners, len(d.Drawn), shown,
	}}
}

func (d Draw) cancelledMessage(reason string) any {
	return message[any]{KindCancelled, struct {
		ID     string `json:"id"`
		Title  string `json:"title"`
		Reason string `json:"reason"`
	}{d.ID, d.Title, reason}}
}

// Body is the MsgBody of what the outbox has.
func (o Out) Body() json.RawMessage {
	body, err := json.Marshal([]any{map[string]any{"MsgType": "TIMCustomElem", "MsgContent": map[string]string{
		"Data": string(o.Data), "Desc": "", "Ext": "", "Sound": "",
	}}})
	if err != nil {
		panic(err) // texts always can be
	}
	return body
}

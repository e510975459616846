package draw

import (
	"encoding/json"
	"strings"

	"golang.org/x/text/unicode/norm"

	"liveroom/chat"
)

// element is what of a MsgBody's element matters here.
type element struct {
	MsgType    string
	MsgContent struct {
		Text string
		Data string
	}
}

// plain is a text as keywords are compared: without regard to width and case, and to blanks around it.
func plain(s string) string {
	return strings.TrimSpace(strings.ToLower(strings.ToUpper(norm.NFKC.String(s)))) // first up: letters may have two small forms
}

// matcher finds the messages that enter a draw.
type matcher struct {
	Trigger
	keyword string
	typ     string
}

func newMatcher(t Trigger) matcher { return matcher{t, plain(t.Keyword), chat.FoldType(t.MessageType)} }

// enters says whether a message enters, if who sent it may.
func (m matcher) enters(msg *chat.Message) bool {
	if msg.Server || msg.Broadcast || msg.Withdrawn != "" || msg.From == "" || msg.From == chat.Administrator {
		return false
	}
	var elements []element
	if json.Unmarshal(msg.Body, &elements) != nil {
		return false // it is no text, and no custom message of ours
	}
	var text strings.Builder
	for _, e := range elements {
		switch {
		case e.MsgType == "TIMTextElem":
			text.WriteString(e.MsgContent.Text)
		case e.MsgType == "TIMCustomElem" && m.typ != "":
			var data struct {
				Type string `json:"type"`
			}
			if json.Unmarshal([]byte(e.MsgContent.Data), &data) == nil && chat.FoldType(data.Type) == m.typ {
				return true
			}
		}
	}
	if m.keyword == "" || text.Len() == 0 {
		return false
	}
	said := plain(text.String())
	return said == m.keyword || m.Contains && strings.Contains(said, m.keyword)
}

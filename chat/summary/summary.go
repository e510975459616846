package summary

import (
	"encoding/json"
	"slices"
	"time"

	"liveroom/chat"
)

// Ranked is somebody who gave gifts, and how much.
type Ranked struct {
	Rank   int    `json:"rank"`
	User   string `json:"user"`
	Nick   string `json:"nick,omitempty"`
	Avatar string `json:"avatar,omitempty"`
	Level  int    `json:"level,omitempty"`
	Value  int64  `json:"value"` // minor units
	Count  int64  `json:"count"`
}

// Gifts are the gifts of a session, as the ledger has them.
type Gifts struct {
	Value   int64 // minor units
	Count   int64
	Senders int
	Top     []Ranked // those who gave most, ten at most
}

// Public is what everybody may know of how a session went. Times are RFC 3339 with milliseconds, lengths whole seconds.
type Public struct {
	Session    string   `json:"session"`
	StartedAt  string   `json:"startedAt"`
	EndedAt    string   `json:"endedAt"`
	Duration   int64    `json:"duration"`  // pauses included
	Pauses     int      `json:"pauses"`    // how many
	Viewers    int64    `json:"viewers"`   // how often somebody began to watch
	Peak       int      `json:"peak"`      // most people at a time
	Members    int64    `json:"members"`   // different named users who were in the chat
	WatchTime  int64    `json:"watchTime"` // of all people together, pauses not included
	Messages   int64    `json:"messages"`
	Likes      int64    `json:"likes"`
	GiftValue  int64    `json:"giftValue"` // minor units
	GiftCount  int64    `json:"giftCount"`
	Top        []Ranked `json:"top"`       // ten at most
	Curve      []int64  `json:"curve"`     // popularity, from beginning to end
	CurveStep  int64    `json:"curveStep"` // what one point stands for; the last may be less
	Popularity int64    `json:"popularity"`
}

// Summary is how a session went. One that is kept never changes.
type Summary struct {
	Room   string `json:"room"`
	Group  string `json:"group"`
	Number uint64 `json:"number,omitempty"` // see Store.Keep; 0: it is not kept
	Public

	Reason      string      `json:"reason"` // of the end, as the status has it
	Paused      int64       `json:"paused"` // seconds, all pauses together
	PauseList   []PauseBody `json:"pauseList"`
	PeakAt      string      `json:"peakAt,omitempty"`
	PeakMembers int         `json:"peakMembers"`
	PeakViewers int         `json:"peakViewers"` // play sessions
	GiftSenders int         `json:"giftSenders"`
	OnlineCurve []int64     `json:"onlineCurve"`
	Running     bool        `json:"running,omitempty"` // true: this is not the end; it was never kept nor told
	Complete    bool        `json:"complete"`          // false: likes or gifts could not be read, and are 0
}

// PauseBody is a pause as it is told.
type PauseBody struct {
	From    string `json:"from"`
	Seconds int64  `json:"seconds"`
	Reason  string `json:"reason"`
}

func wire(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format(chat.TimeLayout)
}

func seconds(d time.Duration) int64 { return int64(d.Round(time.Second) / time.Second) }

// sum makes the summary of a session that is over.
func sum(s Session, c Counts, likes int64, g Gifts, complete bool) Summary {
	all := Summary{
		Room: s.Room, Group: s.Group,
		Public: Public{
			Session: s.Session, StartedAt: wire(s.BeganAt), EndedAt: wire(s.EndedAt), Duration: seconds(s.EndedAt.Sub(s.BeganAt)),
			Pauses: s.PauseN, Viewers: c.Plays, Peak: s.Peak.Online, Members: c.Members, WatchTime: seconds(s.Watched), Messages: c.Messages,
			Likes: likes, GiftValue: g.Value, GiftCount: g.Count, Top: g.Top[:min(len(g.Top), maxTop)],
			Curve: s.Curve.Popularity(), CurveStep: seconds(s.Curve.Step), Popularity: s.Peak.Popularity,
		},
		Reason: s.Reason, Paused: seconds(s.PausedFor), PauseList: []PauseBody{}, PeakAt: wire(s.Peak.At), PeakMembers: s.Peak.Members,
		PeakViewers: s.Peak.Viewers, GiftSenders: g.Senders, OnlineCurve: s.Curve.Online(), Complete: complete,
	}
	if all.Top == nil {
		all.Top = []Ranked{}
	}
	for _, p := range s.Pauses {
		all.PauseList = append(all.PauseList, PauseBody{wire(p.From), seconds(p.Until.Sub(p.From)), p.Reason})
	}
	return all
}

// Bounds of what is told to everybody.
const (
	maxTop         = 10
	publicPoints   = 60
	maxPublicBytes = 11 << 10 // as a text in a message's JSON
)

// Shared is the public part, small enough for a message: with a curve of 60 points at most, and without pictures if these are
// long.
func (s Summary) Shared() Public {
	p := s.Public
	for len(p.Curve) > publicPoints {
		half := make([]int64, 0, (len(p.Curve)+1)/2)
		for i := 0; i < len(p.Curve); i += 2 {
			v := p.Curve[i]
			if i+1 < len(p.Curve) {
				v = max(v, p.Curve[i+1])
			}
			half = append(half, v)
		}
		p.Curve, p.CurveStep = half, 2*p.CurveStep
	}
	if p.textBytes() > maxPublicBytes {
		p.Top = slices.Clone(p.Top)
		for i := range p.Top {
			p.Top[i].Avatar = ""
		}
	}
	return p
}

// textBytes is how long it is as a text in JSON, which escapes what JSON escaped already.
func (p Public) textBytes() int {
	raw, _ := json.Marshal(p) // numbers and texts always can be
	text, _ := json.Marshal(string(raw))
	return len(text)
}

// Began is the session's place in the lists of its group: the milliseconds of its beginning.
func (s Summary) Began() uint64 {
	at, err := time.Parse(chat.TimeLayout, s.StartedAt)
	if err != nil || at.UnixMilli() < 1 {
		return 1
	}
	return uint64(at.UnixMilli())
}

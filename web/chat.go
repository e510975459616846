package web

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"net/http"

	"liveroom/chat"
)

// Chat is what the API asks of the chat rooms (chat.Service).
type Chat interface {
	ChatRecalls
	ChatGroups
	ChatValues
	Notifier
	Moderation
	ChatPeople
	Send(ctx context.Context, m chat.Message, who chat.Identity) (chat.Ack, error)
	History(ctx context.Context, group string, n int) ([]*chat.Message, error)
}

// backend is who speaks for the holder of an API token.
var backend = chat.Identity{User: chat.Administrator, Admin: true, Platform: "RESTAPI"}

func (s *Server) registerChat() {
	s.registerChatGroup()
	s.registerAttributes()
	s.registerCounters()
	s.registerNotice()
	s.registerRecall()
	s.registerModeration()
	s.registerFiles()
	s.registerMembers()
	register(s, s.operation("messages", http.MethodGet, "/rooms/{room}/messages", "chat", "Show recent messages", anyone), s.messages)
	register(s, s.operation("send-message", http.MethodPost, "/rooms/{room}/messages", "chat", "Send a message", tokenOrAnchor), s.sendMessage)
}

func (s *Server) group(ctx context.Context, room string) (string, error) {
	l, err := s.rooms.Room(ctx, room)
	return l.Room.GroupID, err
}

// MessageBody is a message as the chat protocol shows it (docs/protocol.md).
type MessageBody struct {
	Seq             uint64          `json:"seq"`
	Time            int64           `json:"time" doc:"Unix seconds."`
	From            string          `json:"from"`
	Nick            string          `json:"nick"`
	Avatar          string          `json:"avatar"`
	Priority        string          `json:"priority" enum:"High,Normal,Low,Lowest"`
	Random          uint32          `json:"random"`
	Body            json.RawMessage `json:"body" doc:"Tencent's MsgBody array."`
	CloudCustomData string          `json:"cloudCustomData"`
	Level           int             `json:"level,omitempty" doc:"Of the sender; absent: not known."`
	Badge           string          `json:"badge,omitempty" doc:"What the sender is shown with."`
	Withdrawn       string          `json:"withdrawn,omitempty" enum:"recalled,blocked" doc:"Why the body is gone, if it is."`
}

type messagesIn struct {
	RoomPath
	Limit int `query:"limit" minimum:"1" maximum:"1000" default:"20" doc:"At most as many as the server keeps for newcomers (chat-history)."`
}

type messagesOut struct {
	Body struct {
		Messages []MessageBody `json:"messages" doc:"Oldest first."`
	}
}

func (s *Server) messages(ctx context.Context, in *messagesIn) (*messagesOut, error) {
	group, err := s.group(ctx, in.Room)
	if err != nil {
		return nil, err
	}
	found, err := s.chat.History(ctx, group, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &messagesOut{}
	out.Body.Messages = make([]MessageBody, len(found))
	for i, m := range found {
		out.Body.Messages[i] = MessageBody{
			Seq: m.Seq, Time: m.Time.Unix(), From: m.From, Nick: m.Nick, Avatar: m.Avatar, Priority: priorityNames[m.Priority],
			Random: m.Random, Body: m.Body, CloudCustomData: m.CloudCustomData, Level: m.Level, Badge: m.Badge, Withdrawn: string(m.Withdrawn),
		}
		if m.Body == nil {
			out.Body.Messages[i].Body = json.RawMessage("[]")
		}
	}
	return out, nil
}

var priorityNames = map[chat.Priority]string{chat.High: "High", chat.Normal: "Normal", chat.Low: "Low", chat.Lowest: "Lowest"}

// SendBody is a message to be sent.
type SendBody struct {
	From            string           `json:"from,omitempty" maxLength:"32" doc:"Account in whose name an API token sends; default administrator. Others send in their own."`
	Priority        string           `json:"priority,omitempty" enum:"High,Normal,Low,Lowest" doc:"Default: what the type of a custom message has, else Normal."`
	Random          uint32           `json:"random,omitempty" doc:"The same random within 5 minutes is the same message; default: made up."`
	Text            string           `json:"text,omitempty" maxLength:"12000" doc:"Short for a body of one text element."`
	Body            []map[string]any `json:"body,omitempty" maxItems:"50" doc:"Tencent's MsgBody array."`
	CloudCustomData string           `json:"cloudCustomData,omitempty" maxLength:"12000"`
}

type sendIn struct {
	RoomPath
	Body SendBody
}

type sendOut struct {
	Body struct {
		Time    int64  `json:"time" doc:"Unix seconds."`
		Seq     uint64 `json:"seq"`
		Dropped bool   `json:"dropped" doc:"Frequency control dropped it; seq is then the room's newest."`
		Delayed bool   `json:"delayed,omitempty" doc:"Members get it later, as late as they see the stream; seq is then the room's newest."`
		NextAt  *Time  `json:"nextAt,omitempty" doc:"When the sender may send again in slow mode."`

		Body            json.RawMessage `json:"body,omitempty" doc:"What members get, where it is something else: sensitive words were replaced, or a backend changed it."`
		CloudCustomData *string         `json:"cloudCustomData,omitempty" doc:"What members get, where a backend changed it."`
	}
}

func (s *Server) sendMessage(ctx context.Context, in *sendIn) (*sendOut, error) {
	ctx, cancel := timed(ctx)
	defer cancel()
	who := s.speaker(ctx)
	m, err := in.Body.message()
	switch {
	case err != nil:
		return nil, err
	case m.From == "" && callerOf(ctx).token:
		m.From = chat.Administrator
	case m.From != "" && m.From != who.User && !who.Admin:
		return nil, newProblem(http.StatusForbidden, "no_permission", "you may send in your own name only; leave from away").at("from")
	}
	if m.Group, err = s.group(ctx, in.Room); err != nil {
		return nil, err
	}
	ack, err := s.chat.Send(ctx, m, who)
	if err != nil {
		return nil, err
	}
	out := &sendOut{}
	if !ack.NextAt.IsZero() {
		out.Body.NextAt = &Time{ack.NextAt}
	}
	out.Body.Time, out.Body.Seq, out.Body.Dropped = ack.Time.Unix(), ack.Seq, ack.Dropped
	out.Body.Delayed = ack.Delayed
	out.Body.Body, out.Body.CloudCustomData = json.RawMessage(ack.Body), ack.CloudCustomData
	return out, nil
}

func (b SendBody) message() (chat.Message, error) {
	m := chat.Message{From: b.From, Random: b.Random, CloudCustomData: b.CloudCustomData}
	for p, name := range priorityNames {
		if name == b.Priority {
			m.Priority = p
		}
	}
	for m.Random == 0 {
		m.Random = rand.Uint32()
	}
	elements := b.Body
	switch {
	case (b.Text == "") == (len(b.Body) == 0):
		return chat.Message{}, newProblem(http.StatusUnprocessableEntity, "invalid", "give either text or body").at("body")
	case b.Text != "":
		elements = []map[string]any{{"MsgType": "TIMTextElem", "MsgContent": map[string]string{"Text": b.Text}}}
	}
	var err error
	m.Body, err = json.Marshal(elements)
	return m, err
}

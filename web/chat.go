package web

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"strings"

	"liveroom/chat"
	"liveroom/live"
)

// Chat is what the API asks of the chat rooms (chat.Service).
type Chat interface {
	ChatRecalls
	ChatGroups
	Moderation
	Send(ctx context.Context, m chat.Message, who chat.Identity) (chat.Ack, error)
	History(ctx context.Context, group string, n int) ([]*chat.Message, error)
	Attributes(ctx context.Context, group string, keys []string) (map[string]string, error)
	SetAttributes(ctx context.Context, group string, by chat.Identity, attributes map[string]string) error
	ReplaceAttributes(ctx context.Context, group string, by chat.Identity, attributes map[string]string) error
	Fields(ctx context.Context, group string) (map[string]string, error)
	SetNotice(ctx context.Context, group string, by chat.Identity, notice string) error
}

// backend is who speaks for the holder of an API token.
var backend = chat.Identity{User: chat.Administrator, Admin: true, Platform: "RESTAPI"}

func (s *Server) registerChat() {
	s.registerChatGroup()
	s.registerRecall()
	s.registerModeration()
	register(s, s.operation("attributes", http.MethodGet, "/rooms/{room}/attributes", "chat", "Show the group's attributes", anyone), s.attributes)
	register(s, s.operation("replace-attributes", http.MethodPut, "/rooms/{room}/attributes", "chat", "Replace the group's attributes, but the server's", tokenHolder), s.replaceAttributes)
	register(s, s.operation("set-attributes", http.MethodPatch, "/rooms/{room}/attributes", "chat", "Set some of the group's attributes", tokenHolder), s.setAttributes)
	register(s, s.operation("fields", http.MethodGet, "/rooms/{room}/fields", "chat", "Show the group's custom fields", anyone), s.fields)
	register(s, s.operation("messages", http.MethodGet, "/rooms/{room}/messages", "chat", "Show recent messages", anyone), s.messages)
	register(s, s.operation("send-message", http.MethodPost, "/rooms/{room}/messages", "chat", "Send a message", tokenHolder), s.sendMessage)
	register(s, s.operation("set-notice", http.MethodPut, "/rooms/{room}/notice", "chat", "Set the notice", tokenOrAnchor), s.setNotice)
}

func (s *Server) group(ctx context.Context, room string) (string, error) {
	l, err := s.rooms.Room(ctx, room)
	return l.Room.GroupID, err
}

// AttributesBody holds attributes.
type AttributesBody struct {
	Attributes map[string]string `json:"attributes" maxProperties:"17"`
}

type attributesOut struct{ Body AttributesBody }

type attributesIn struct {
	RoomPath
	Body AttributesBody
}

type attributeKeysIn struct {
	RoomPath
	Keys string `query:"keys" maxLength:"1024" doc:"Separated by commas; absent: all."`
}

func (s *Server) attributes(ctx context.Context, in *attributeKeysIn) (*attributesOut, error) {
	group, err := s.group(ctx, in.Room)
	if err != nil {
		return nil, err
	}
	var keys []string
	if in.Keys != "" {
		keys = strings.Split(in.Keys, ",")
	}
	found, err := s.chat.Attributes(ctx, group, keys)
	if err != nil {
		return nil, err
	}
	return &attributesOut{Body: AttributesBody{Attributes: orEmpty(found)}}, nil
}

func (s *Server) replaceAttributes(ctx context.Context, in *attributesIn) (*attributesOut, error) {
	return s.writeAttributes(ctx, in, s.chat.ReplaceAttributes)
}

func (s *Server) setAttributes(ctx context.Context, in *attributesIn) (*attributesOut, error) {
	return s.writeAttributes(ctx, in, s.chat.SetAttributes)
}

func (s *Server) writeAttributes(ctx context.Context, in *attributesIn, write func(context.Context, string, chat.Identity, map[string]string) error) (*attributesOut, error) {
	ctx, cancel := timed(ctx)
	defer cancel()
	group, err := s.group(ctx, in.Room)
	if err != nil {
		return nil, err
	}
	if err := write(ctx, group, backend, in.Body.Attributes); err != nil {
		return nil, err
	}
	return s.attributes(ctx, &attributeKeysIn{RoomPath: in.RoomPath})
}

type fieldsOut struct {
	Body struct {
		Fields map[string]string `json:"fields"`
	}
}

func (s *Server) fields(ctx context.Context, in *RoomPath) (*fieldsOut, error) {
	group, err := s.group(ctx, in.Room)
	if err != nil {
		return nil, err
	}
	found, err := s.chat.Fields(ctx, group)
	if err != nil {
		return nil, err
	}
	out := &fieldsOut{}
	out.Body.Fields = orEmpty(found)
	return out, nil
}

// orEmpty lets an absent map be {} on the wire.
func orEmpty(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
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
	Withdrawn       string          `json:"withdrawn,omitempty" enum:"recalled,blocked" doc:"Why the body is gone, if it is."`
}

type messagesIn struct {
	RoomPath
	Limit int `query:"limit" minimum:"1" maximum:"20" default:"20"`
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
			Random: m.Random, Body: m.Body, CloudCustomData: m.CloudCustomData, Withdrawn: string(m.Withdrawn),
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
	From            string           `json:"from,omitempty" maxLength:"32" doc:"Account in whose name; default administrator."`
	Priority        string           `json:"priority,omitempty" enum:"High,Normal,Low,Lowest" doc:"Default: Normal."`
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

		Body json.RawMessage `json:"body,omitempty" doc:"What members get, where sensitive words were replaced."`
	}
}

func (s *Server) sendMessage(ctx context.Context, in *sendIn) (*sendOut, error) {
	ctx, cancel := timed(ctx)
	defer cancel()
	m, err := in.Body.message()
	if err != nil {
		return nil, err
	}
	if m.Group, err = s.group(ctx, in.Room); err != nil {
		return nil, err
	}
	ack, err := s.chat.Send(ctx, m, backend)
	if err != nil {
		return nil, err
	}
	out := &sendOut{}
	out.Body.Time, out.Body.Seq, out.Body.Dropped, out.Body.Body = ack.Time.Unix(), ack.Seq, ack.Dropped, json.RawMessage(ack.Body)
	return out, nil
}

func (b SendBody) message() (chat.Message, error) {
	m := chat.Message{From: b.From, Priority: chat.Normal, Random: b.Random, CloudCustomData: b.CloudCustomData}
	if m.From == "" {
		m.From = chat.Administrator
	}
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

// NoticeBody is a notice.
type NoticeBody struct {
	Notice string `json:"notice" maxLength:"300" doc:"At most 300 bytes."`
}

type noticeIn struct {
	RoomPath
	Body NoticeBody
}

type noticeOut struct{ Body NoticeBody }

func (s *Server) setNotice(ctx context.Context, in *noticeIn) (*noticeOut, error) {
	ctx, cancel := timed(ctx)
	defer cancel()
	if _, err := s.mayDrive(ctx, in.Room); err != nil {
		return nil, err
	}
	l, err := s.rooms.Update(ctx, in.Room, live.Patch{Notice: &in.Body.Notice})
	if err != nil {
		return nil, err
	}
	if err := s.chat.SetNotice(ctx, l.Room.GroupID, backend, l.Room.Notice); err != nil {
		return nil, err
	}
	return &noticeOut{Body: NoticeBody{Notice: l.Room.Notice}}, nil
}

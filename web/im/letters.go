package im

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	"liveroom/chat"
)

// ChatLetters is what messages between users need of the chat.
type ChatLetters interface {
	SendToWith(ctx context.Context, user string, m chat.Message, who chat.Identity, from chat.Session, how chat.SendOptions) (chat.Ack, error)
}

// Numbers of the openim service (spec im-rest §1.6).
const (
	codeBadElement   = 90010 // of MsgBody
	codeBadBody      = 90002 // MsgBody is no array
	codeNoReceiver   = 90003 // To_Account is missing
	codeReceivers    = 90011 // too many of them
	codeLifeTime     = 90026
	codeOtherMachine = 90031
)

// What SyncOtherMachine may be.
const (
	synced    = 1
	notSynced = 2
)

// maxLifeTime is how long at most a message may be kept, in seconds. This server keeps none: who is not there misses it.
const maxLifeTime = 604800

func (s *Server) registerLetters() {
	register(s, &openIM, "sendmsg", limits{}, s.sendMessage)
	register(s, &openIM, "batchsendmsg", limits{}, s.sendMessages)
}

// letter is what both commands have (spec im-rest §4.6).
type letter struct {
	FromAccount      Account         `json:"From_Account" im:"code=90008"`
	MsgRandom        *uint32         `im:"need,code=90005"`
	MsgBody          json.RawMessage `im:"need,code=90002"`
	MsgSeq           uint32
	MsgTimeStamp     *uint32 `im:"code=90006"`
	SyncOtherMachine *uint32 `im:"code=90031"`
	MsgLifeTime      *uint32 `im:"code=90044"`
	CloudCustomData  string
	OfflinePushInfo  json.RawMessage `im:"code=90043"`
	Forbid           []string        `json:"ForbidCallbackControl"`
}

// check looks at what the chat doesn't know.
func (l *letter) check() error {
	switch {
	case l.MsgBody[0] != '[':
		return refuse(codeBadBody, "MsgBody must be an Array")
	case len(l.OfflinePushInfo) > 0 && l.OfflinePushInfo[0] != '{':
		return refuse(90043, "OfflinePushInfo must be an Object")
	case l.SyncOtherMachine != nil && *l.SyncOtherMachine != synced && *l.SyncOtherMachine != notSynced:
		return refuse(codeOtherMachine, "SyncOtherMachine must be 1 or 2")
	case l.MsgLifeTime != nil && *l.MsgLifeTime > maxLifeTime:
		return refuse(codeLifeTime, "MsgLifeTime must be at most %d seconds", maxLifeTime)
	}
	return nil
}

// message is a letter as the chat takes it.
func (l *letter) message() chat.Message {
	return chat.Message{From: string(l.FromAccount), Random: *l.MsgRandom, Seq: uint64(l.MsgSeq), Body: l.MsgBody, CloudCustomData: l.CloudCustomData}
}

// options are what the letter asks for besides. Its own devices see what a user is said to have sent, unless it says no.
func (l *letter) options() (chat.SendOptions, error) {
	how, err := sendOptions(&openIM, l.Forbid)
	how.Alone = l.SyncOtherMachine != nil && *l.SyncOtherMachine == notSynced
	return how, err
}

// key is the letter's name, the same for a repeat and in callbacks: sequence, which the sender gives or leaves 0, random
// number and time.
func (l *letter) key(ack chat.Ack) string {
	return fmt.Sprintf("%d_%d_%d", l.MsgSeq, *l.MsgRandom, ack.Time.Unix())
}

type messageRequest struct {
	letter
	ToAccount Account `json:"To_Account" im:"need,code=90003"`
}

type messageAnswer struct {
	MsgTime int64
	MsgKey  string
}

func (s *Server) sendMessage(ctx context.Context, by chat.Identity, in *messageRequest) (*messageAnswer, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	how, err := in.options()
	if err != nil {
		return nil, err
	}
	ack, err := s.chat.SendToWith(ctx, string(in.ToAccount), in.message(), by, nil, how)
	if err != nil {
		return nil, err
	}
	return &messageAnswer{ack.Time.Unix(), in.key(ack)}, nil
}

type messagesRequest struct {
	letter
	ToAccount []Account `json:"To_Account" im:"code=90007"`
}

type messagesAnswer struct {
	MsgKey    string         `json:",omitempty"`
	ErrorList []accountError `json:",omitempty"`

	none bool // nobody got it
}

// outcome tells a failure in part from one in whole.
func (a *messagesAnswer) outcome() (status string, code int, info string) {
	switch {
	case a.none:
		return statusFail, openIM.noAccount, "To_Account: none of these accounts exists"
	case len(a.ErrorList) > 0:
		return statusSomeError, 0, ""
	}
	return statusOK, 0, ""
}

// sendMessages sends one message to many, each by himself. What is wrong with the message is wrong for all. Nobody is asked
// before: only single messages have that callback (spec im-callbacks §7.2).
func (s *Server) sendMessages(ctx context.Context, by chat.Identity, in *messagesRequest) (*messagesAnswer, error) {
	switch n := len(in.ToAccount); {
	case n == 0:
		return nil, refuse(codeNoReceiver, "To_Account is missing")
	case n > maxAsked:
		return nil, refuse(codeReceivers, "To_Account may name at most %d accounts", maxAsked)
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	how, err := in.options()
	if err != nil {
		return nil, err
	}
	how.Unasked = true
	out := &messagesAnswer{none: true}
	for _, to := range in.ToAccount {
		ack, err := s.chat.SendToWith(ctx, string(to), in.message(), by, nil, how)
		if refusal := openIM.known(err); refusal != nil && refusal.Code == openIM.noAccount {
			out.ErrorList = append(out.ErrorList, accountError{string(to), refusal.Code})
			continue
		}
		if err != nil {
			return nil, err
		}
		out.MsgKey, out.none = cmp.Or(out.MsgKey, in.key(ack)), false
	}
	return out, nil
}

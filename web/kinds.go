package web

import (
	"context"
	"net/http"
	"strconv"

	"liveroom/chat"
	"liveroom/chat/kind"
)

// Kinds is what the API asks of registered types of custom messages (kind.Service).
type Kinds interface {
	All() []kind.Kind
	Find(typ string) (kind.Kind, error)
	Put(ctx context.Context, k kind.Kind) (kind.Kind, error)
	Delete(ctx context.Context, typ string) error
}

func (s *Server) registerKinds() {
	offer(s, s.kinds != nil, s.operation("message-types", http.MethodGet, "/message-types", "message types", "List the registered types of custom messages", tokenHolder), s.listKinds)
	offer(s, s.kinds != nil, s.operation("message-type", http.MethodGet, "/message-types/{type}", "message types", "Show a registered type", tokenHolder), s.showKind)
	offer(s, s.kinds != nil, s.operation("put-message-type", http.MethodPut, "/message-types/{type}", "message types", "Register a type, or change it", tokenHolder), s.putKind)
	op := s.operation("delete-message-type", http.MethodDelete, "/message-types/{type}", "message types", "End that a type is registered", tokenHolder)
	op.DefaultStatus = http.StatusNoContent
	offer(s, s.kinds != nil, op, s.deleteKind)
}

// KindPath names a type.
type KindPath struct {
	Type string `path:"type" minLength:"1" maxLength:"64" doc:"type in the Data of custom messages; case makes no difference." example:"coupon"`
}

// KindDraft is what is registered of a type. What is absent has its default: nothing stays.
type KindDraft struct {
	Priority    string `json:"priority,omitempty" enum:"High,Normal,Low,Lowest" doc:"Of messages whose sender names none; absent: as any message."`
	Senders     string `json:"senders,omitempty" enum:"anyone,members,admins,server" doc:"Who may send them: anyone (the default), members (no guests), admins (owner and administrators of the group), server (API tokens and application administrators)."`
	Weight      *int   `json:"weight,omitempty" minimum:"0" maximum:"100" doc:"One counts as so many messages for its sender's level; default 1."`
	MaxBytes    int    `json:"maxBytes,omitempty" minimum:"0" maximum:"12288" doc:"Of body and cloudCustomData together, from 16 on; 0: as any message."`
	Description string `json:"description,omitempty" maxLength:"500" doc:"At most 500 bytes, for people."`
}

// KindBody is a registered type.
type KindBody struct {
	Type        string `json:"type"`
	Priority    string `json:"priority" enum:"High,Normal,Low,Lowest," doc:"Empty: as any message."`
	Senders     string `json:"senders" enum:"anyone,members,admins,server"`
	Weight      int    `json:"weight"`
	MaxBytes    int    `json:"maxBytes"`
	Description string `json:"description"`
	ChangedAt   Time   `json:"changedAt"`
}

func kindBody(k kind.Kind) KindBody {
	return KindBody{k.Type, priorityNames[k.Priority], string(k.Senders), k.Weight, k.MaxBytes, k.Description, Time{k.ChangedAt}}
}

type kindOut struct{ Body KindBody }

type kindsOut struct {
	Body struct {
		Types []KindBody `json:"types" doc:"By type."`
	}
}

func (s *Server) listKinds(context.Context, *struct{}) (*kindsOut, error) {
	out := &kindsOut{}
	out.Body.Types = []KindBody{}
	for _, k := range s.kinds.All() {
		out.Body.Types = append(out.Body.Types, kindBody(k))
	}
	return out, nil
}

func (s *Server) showKind(_ context.Context, in *KindPath) (*kindOut, error) {
	k, err := s.kinds.Find(in.Type)
	if err != nil {
		return nil, err
	}
	return &kindOut{kindBody(k)}, nil
}

type putKindIn struct {
	KindPath
	Body KindDraft
}

func (s *Server) putKind(ctx context.Context, in *putKindIn) (*kindOut, error) {
	b := in.Body
	k := kind.Kind{Type: in.Type, Senders: kind.Senders(b.Senders), Weight: 1, MaxBytes: b.MaxBytes, Description: b.Description}
	if b.Weight != nil {
		k.Weight = *b.Weight
	}
	var err error
	if k.Priority, err = chat.ParsePriority(b.Priority); err != nil {
		return nil, err
	}
	ctx, cancel := timed(ctx)
	defer cancel()
	if k, err = s.kinds.Put(ctx, k); err != nil {
		return nil, err
	}
	s.record(ctx, "", "message_type_put", k.Type, map[string]string{
		"priority": b.Priority, "senders": string(k.Senders), "weight": strconv.Itoa(k.Weight), "maxBytes": strconv.Itoa(k.MaxBytes),
	})
	return &kindOut{kindBody(k)}, nil
}

func (s *Server) deleteKind(ctx context.Context, in *KindPath) (*empty, error) {
	ctx, cancel := timed(ctx)
	defer cancel()
	if err := s.kinds.Delete(ctx, in.Type); err != nil {
		return nil, err
	}
	s.record(ctx, "", "message_type_delete", chat.FoldType(in.Type), nil)
	return nil, nil
}

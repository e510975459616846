package web

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"liveroom/chat"
)

// ChatValues is what the API needs of a group's attributes, fields and counters (chat.Service).
type ChatValues interface {
	Attributes(ctx context.Context, group string, keys []string) (chat.Values, error)
	WriteAttributes(ctx context.Context, group string, by chat.Identity, c chat.AttributeChange) (chat.Values, error)
	Fields(ctx context.Context, group string) (map[string]string, error)

	Counters(ctx context.Context, group string, keys []string) (chat.Counters, error)
	SetCounters(ctx context.Context, group string, by chat.Identity, values map[string]chat.Number) (chat.Counters, error)
	AddCounters(ctx context.Context, group string, by chat.Identity, values map[string]chat.Number) (chat.Counters, error)
	ReplaceCounters(ctx context.Context, group string, by chat.Identity, values map[string]chat.Number) (chat.Counters, error)
	DeleteCounters(ctx context.Context, group string, by chat.Identity, keys []string) error
}

func (s *Server) registerAttributes() {
	register(s, s.operation("attributes", http.MethodGet, "/rooms/{room}/attributes", "chat", "Show the group's attributes", anyone), s.attributes)
	register(s, s.operation("replace-attributes", http.MethodPut, "/rooms/{room}/attributes", "chat", "Replace the group's attributes, but the server's", tokenOrAnchor), s.replaceAttributes)
	register(s, s.operation("set-attributes", http.MethodPatch, "/rooms/{room}/attributes", "chat", "Set some of the group's attributes", tokenOrAnchor), s.setAttributes)
	register(s, s.operation("delete-attributes", http.MethodDelete, "/rooms/{room}/attributes", "chat", "Delete attributes, but the server's", tokenOrAnchor), s.deleteAttributes)
	register(s, s.operation("fields", http.MethodGet, "/rooms/{room}/fields", "chat", "Show the group's custom fields", anyone), s.fields)
	register(s, s.operation("set-fields", http.MethodPatch, "/rooms/{room}/fields", "chat", "Set some of the group's custom fields", tokenOrAnchor), s.setFields)
}

// KeysIn names some keys of a group's values.
type KeysIn struct {
	RoomPath
	Keys string `query:"keys" maxLength:"4096" doc:"Separated by commas; absent: all."`
}

func (in KeysIn) list() []string {
	if in.Keys == "" {
		return nil
	}
	return strings.Split(in.Keys, ",")
}

// AttributesBody holds attributes.
type AttributesBody struct {
	Attributes map[string]string `json:"attributes"`
	Version    uint64            `json:"version" doc:"Grows with each change; also the ETag."`
}

type attributesOut struct {
	ETag string `header:"ETag"`
	Body AttributesBody
}

func attributesAnswer(v chat.Values) *attributesOut {
	return &attributesOut{versionTag(v.Version), AttributesBody{orEmpty(v.All), v.Version}}
}

// versionTag is the ETag of what has a version.
func versionTag(version uint64) string { return `"` + strconv.FormatUint(version, 10) + `"` }

// IfVersion makes a write depend on what its maker knew.
type IfVersion struct {
	IfMatch string `header:"If-Match" maxLength:"128" doc:"The ETag of the attributes as you know them: 412 if somebody wrote them meanwhile. Changes of live_status don't matter."`
}

// known is the version that the caller knows; 0: he does not say.
func (in IfVersion) known() (uint64, error) {
	if in.IfMatch == "" || in.IfMatch == "*" {
		return 0, nil
	}
	version, err := strconv.ParseUint(strings.Trim(strings.TrimPrefix(in.IfMatch, "W/"), `"`), 10, 64)
	if err != nil || version == 0 { // nobody knows so old a version still: live_status is written with the room
		return 0, newProblem(http.StatusPreconditionFailed, chat.ErrAttributesChanged.Name, "If-Match is no ETag of the attributes").at("If-Match")
	}
	return version, nil
}

type attributesIn struct {
	RoomPath
	IfVersion
	Body struct {
		Attributes map[string]string `json:"attributes" maxProperties:"17"`
	}
}

type deleteAttributesIn struct {
	KeysIn
	IfVersion
}

func (s *Server) attributes(ctx context.Context, in *KeysIn) (*attributesOut, error) {
	group, err := s.group(ctx, in.Room)
	if err != nil {
		return nil, err
	}
	found, err := s.chat.Attributes(ctx, group, in.list())
	if err != nil {
		return nil, err
	}
	return attributesAnswer(found), nil
}

func (s *Server) replaceAttributes(ctx context.Context, in *attributesIn) (*attributesOut, error) {
	return s.writeAttributes(ctx, in.Room, in.IfVersion, chat.AttributeChange{Op: chat.ReplaceAttribute, Set: in.Body.Attributes})
}

func (s *Server) setAttributes(ctx context.Context, in *attributesIn) (*attributesOut, error) {
	return s.writeAttributes(ctx, in.Room, in.IfVersion, chat.AttributeChange{Op: chat.SetAttribute, Set: in.Body.Attributes})
}

func (s *Server) deleteAttributes(ctx context.Context, in *deleteAttributesIn) (*attributesOut, error) {
	return s.writeAttributes(ctx, in.Room, in.IfVersion, chat.AttributeChange{Op: chat.DeleteAttribute, Keys: in.list()})
}

func (s *Server) writeAttributes(ctx context.Context, room string, known IfVersion, c chat.AttributeChange) (*attributesOut, error) {
	var now chat.Values
	var err error
	if c.Known, err = known.known(); err != nil {
		return nil, err
	}
	err = s.forMember(ctx, room, func(ctx context.Context, group string, by chat.Identity) (err error) {
		now, err = s.chat.WriteAttributes(ctx, group, by, c)
		return err
	})
	if err != nil {
		return nil, err
	}
	return attributesAnswer(now), nil
}

// FieldsBody holds custom fields.
type FieldsBody struct {
	Fields map[string]string `json:"fields"`
}

type fieldsOut struct{ Body FieldsBody }

type fieldsIn struct {
	RoomPath
	Body struct {
		Fields map[string]string `json:"fields" minProperties:"1" maxProperties:"11" doc:"An empty value deletes."`
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
	return &fieldsOut{FieldsBody{orEmpty(found)}}, nil
}

func (s *Server) setFields(ctx context.Context, in *fieldsIn) (*fieldsOut, error) {
	err := s.forMember(ctx, in.Room, func(ctx context.Context, group string, by chat.Identity) error {
		return s.chat.Change(ctx, group, by, chat.GroupPatch{Fields: in.Body.Fields})
	})
	if err != nil {
		return nil, err
	}
	return s.fields(ctx, &in.RoomPath)
}

// orEmpty lets an absent map be {} on the wire.
func orEmpty[V any](m map[string]V) map[string]V {
	if m == nil {
		return map[string]V{}
	}
	return m
}

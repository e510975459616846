package chat

import (
	"context"
	"encoding/json"
	"regexp"
)

// personalKind is what TellUser may call what it tells.
var personalKind = regexp.MustCompile(`^[A-Za-z]{1,32}$`)

// Addressee is a Session that hears what is told to its user alone: see Service.TellUser. Hear must not block. Data is a JSON
// object and shared.
type Addressee interface {
	Hear(kind string, data json.RawMessage)
}

// personal is what is told to a user.
type personal struct {
	User string          `json:"user"`
	Kind string          `json:"kind"`
	Data json.RawMessage `json:"data"`
}

// TellUser tells all devices of a user, on all nodes, something that is stored nowhere, whatever groups they are in. Kind is 1
// to 32 letters; data is encoded as a JSON object, which may have 12 KiB, or Config.MessageBytes where that is more. It is lost
// to a device that is not there, or does not keep up.
func (s *Service) TellUser(ctx context.Context, user, kind string, data any) error {
	raw, err := json.Marshal(data)
	most := s.serverMost()
	if err != nil || len(raw) > most || raw[0] != '{' || !personalKind.MatchString(kind) {
		return ErrParameter.with("data", "must be a JSON object of at most %d bytes, of a kind of 1 to 32 letters", most)
	}
	if err := s.ready(ctx); err != nil {
		return err
	}
	p := personal{user, kind, raw}
	s.tellHere(p)
	if s.abroad == nil {
		return nil
	}
	for _, node := range s.nodesOf(ctx, []string{user}) {
		s.abroad.mail.say(node, news{Personal: &p})
	}
	return nil
}

// tellHere tells the user's devices on this node.
func (s *Service) tellHere(p personal) {
	for _, d := range s.devicesOf(p.User) {
		if to, ok := d.sess.(Addressee); ok {
			s.guarded(func() { to.Hear(p.Kind, p.Data) })
		}
	}
}

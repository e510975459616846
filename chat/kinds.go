package chat

import (
	"maps"
	"slices"
)

// Senders says who may send custom messages of a type.
type Senders uint8

// The senders. What a group asks of all its members holds for each of them besides.
const (
	SendersAnyone  Senders = iota // who may send at all
	SendersMembers                // not guests
	SendersAdmins                 // owner and administrators of the group, and application administrators
	SendersServer                 // application administrators, for backends speak as such
)

// Kind is what is registered of a type of custom messages (Config.Kind).
type Kind struct {
	Priority Priority // of messages whose sender names none; 0: that of any message
	Senders  Senders
	MaxBytes int // MsgBody and CloudCustomData together; 0: as any message
}

// FoldType is the form in which a type of custom messages is compared: without case, blanks around it and invisible
// characters. Config.Kind is asked for it.
func FoldType(typ string) string { return fold(typ) }

// OfServer says whether custom messages of a type, in any form, come from the server only.
func OfServer(typ string) bool { return serverTypes[fold(typ)] }

// ServerTypes are those types, in order.
func ServerTypes() []string { return slices.Sorted(maps.Keys(serverTypes)) }

// mayBeSent refuses what a registered type does not allow its sender. Manages says whether he manages the group.
func (c content) mayBeSent(kind func(string) (Kind, bool), m *Message, who Identity, manages bool) error {
	if kind == nil {
		return nil
	}
	for _, typ := range c.types { // any of them may be what a reader sees
		k, ok := kind(typ)
		switch {
		case !ok:
		case k.MaxBytes > 0 && len(m.Body)+len(m.CloudCustomData) > k.MaxBytes:
			return ErrTooLarge.with("body", "custom messages of type %q have at most %d bytes", clip(typ), k.MaxBytes)
		case !k.Senders.allow(who, manages):
			return ErrPermission.with("body", "custom messages of type %q are not for you to send", clip(typ))
		}
	}
	return nil
}

// allow says whether somebody is among the senders.
func (s Senders) allow(who Identity, manages bool) bool {
	switch s {
	case SendersAnyone:
		return true
	case SendersMembers:
		return !who.Guest
	case SendersAdmins:
		return who.Admin || manages
	case SendersServer:
		return who.Admin
	}
	return false
}

// priorityOf is what a message gets whose sender names none, by its type.
func (s *Service) priorityOf(c content) Priority {
	if n := len(c.types); n > 0 && s.cfg.Kind != nil {
		if k, ok := s.cfg.Kind(c.types[n-1]); ok && k.Priority != 0 {
			return k.Priority
		}
	}
	return c.defaultPriority()
}

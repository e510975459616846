package chat

import (
	"context"
	"log/slog"
)

// Service is every chat room of this node.
type Service struct {
	cfg   Config
	store Store
	log   *slog.Logger
}

// New checks cfg and returns a Service that works once Run does.
func New(cfg Config, store Store, log *slog.Logger) (*Service, error) {
	cfg = cfg.withDefaults()
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return &Service{cfg: cfg, store: store, log: log}, nil
}

// Run owns every room's goroutine until ctx ends. When it returns, none is running and everything accepted is flushed.
func (s *Service) Run(ctx context.Context) error { <-ctx.Done(); return nil }

// Create makes a group. Creating it again for the same room changes nothing and succeeds.
func (s *Service) Create(ctx context.Context, g Group) error { return ErrStopping }

// Group returns a group.
func (s *Service) Group(ctx context.Context, id string) (Group, error) { return Group{}, ErrStopping }

// Dismiss ends a group: members get the event dismissed, then their sessions leave.
func (s *Service) Dismiss(ctx context.Context, id string) error { return ErrStopping }

// Join enters a group.
func (s *Service) Join(ctx context.Context, group string, who Identity, sess Session, since *Position) (Joined, error) {
	return Joined{}, ErrStopping
}

// Leave takes a session out of a group.
func (s *Service) Leave(group string, sess Session) {}

// Send sends a message of a member, or of an administrator in anyone's name.
func (s *Service) Send(ctx context.Context, m Message, who Identity) (Ack, error) {
	return Ack{}, ErrStopping
}

// SendServer sends a room message of the server.
func (s *Service) SendServer(ctx context.Context, m Message) (Ack, error) { return Ack{}, ErrStopping }

// SetAttributes upserts attributes.
func (s *Service) SetAttributes(ctx context.Context, group string, by Identity, attributes map[string]string) error {
	return ErrStopping
}

// ReplaceAttributes replaces all attributes but the server's.
func (s *Service) ReplaceAttributes(ctx context.Context, group string, by Identity, attributes map[string]string) error {
	return ErrStopping
}

// DeleteAttributes deletes attributes; without keys all but the server's.
func (s *Service) DeleteAttributes(ctx context.Context, group string, by Identity, keys []string) error {
	return ErrStopping
}

// ClearAttributes deletes all attributes but the server's.
func (s *Service) ClearAttributes(ctx context.Context, group string, by Identity) error {
	return ErrStopping
}

// Attributes returns the attributes with the given keys, or all.
func (s *Service) Attributes(ctx context.Context, group string, keys []string) (map[string]string, error) {
	return nil, ErrStopping
}

// SetFields upserts custom fields; an empty value deletes.
func (s *Service) SetFields(ctx context.Context, group string, by Identity, fields map[string]string) error {
	return ErrStopping
}

// Fields returns the custom fields.
func (s *Service) Fields(ctx context.Context, group string) (map[string]string, error) {
	return nil, ErrStopping
}

// SetNotice sets the notice.
func (s *Service) SetNotice(ctx context.Context, group string, by Identity, notice string) error {
	return ErrStopping
}

// History returns the newest n messages, oldest first, as a newcomer would get them.
func (s *Service) History(ctx context.Context, group string, n int) ([]*Message, error) {
	return nil, ErrStopping
}

// ApplyStatus applies a status change, once, and tells the members.
func (s *Service) ApplyStatus(ctx context.Context, c StatusChange) error { return ErrStopping }

// Count tells how many are in a group.
func (s *Service) Count(group string) Count { return Count{} }

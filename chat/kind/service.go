package kind

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"liveroom/chat"
)

// Service is what is registered, in force on this node.
type Service struct {
	store Store
	now   atomic.Pointer[map[string]entry] // by folded type; never changed, only put in another's place

	mu sync.Mutex // one reload at a time
}

type entry struct {
	Kind
	chat chat.Kind
}

// New reads what is registered.
func New(ctx context.Context, store Store) (*Service, error) {
	s := &Service{store: store}
	if err := s.Reload(ctx); err != nil {
		return nil, fmt.Errorf("message types: %w", err)
	}
	return s, nil
}

// Reload puts in force what is stored, which another node may have changed. What is in force stays if it can't be read.
func (s *Service) Reload(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	all, err := s.store.Kinds(ctx)
	if err != nil {
		return err
	}
	now := make(map[string]entry, len(all))
	for _, k := range all {
		senders, err := k.Senders.chat()
		if err != nil {
			return fmt.Errorf("type %q: %w", k.Type, err)
		}
		now[k.Type] = entry{k, chat.Kind{Priority: k.Priority, Senders: senders, MaxBytes: k.MaxBytes}}
	}
	s.now.Store(&now)
	return nil
}

// Kind is what is registered of a type, in the form of chat.FoldType, for the chat (chat.Config.Kind).
func (s *Service) Kind(typ string) (chat.Kind, bool) {
	k, ok := (*s.now.Load())[typ]
	return k.chat, ok
}

// custom is what a MsgBody with a custom element holds; others need no more than a look.
var custom = []byte("TIMCustomElem")

// Weight is how many messages one counts as for the level of its sender: 1 unless its type says otherwise.
func (s *Service) Weight(m *chat.Message) int {
	now := *s.now.Load()
	if len(now) == 0 || !bytes.Contains(m.Body, custom) {
		return 1
	}
	var elements []struct {
		MsgType    string
		MsgContent struct{ Data string }
	}
	if json.Unmarshal(m.Body, &elements) != nil {
		return 1
	}
	for _, e := range elements {
		var data struct {
			Type string `json:"type"`
		}
		if e.MsgType != string(custom) || json.Unmarshal([]byte(e.MsgContent.Data), &data) != nil {
			continue
		}
		if k, ok := now[chat.FoldType(data.Type)]; ok {
			return k.Weight
		}
	}
	return 1
}

// All are the registered types in force here, by type.
func (s *Service) All() []Kind {
	now := *s.now.Load()
	all := make([]Kind, 0, len(now))
	for _, k := range now {
		all = append(all, k.Kind)
	}
	slices.SortFunc(all, func(a, b Kind) int { return strings.Compare(a.Type, b.Type) })
	return all
}

// Find is one of them.
func (s *Service) Find(typ string) (Kind, error) {
	if k, ok := (*s.now.Load())[chat.FoldType(typ)]; ok {
		return k.Kind, nil
	}
	return Kind{}, ErrUnknown
}

// Put registers a type, or changes what is registered of it. It is in force here when it returns.
func (s *Service) Put(ctx context.Context, k Kind) (Kind, error) {
	k, err := k.Check()
	if err != nil {
		return Kind{}, err
	}
	k.ChangedAt = time.Now().UTC().Truncate(time.Millisecond)
	if err := s.store.PutKind(ctx, k); err != nil {
		return Kind{}, err
	}
	return k, s.inForce(ctx)
}

// Delete ends that a type is registered.
func (s *Service) Delete(ctx context.Context, typ string) error {
	if err := s.store.DeleteKind(ctx, chat.FoldType(typ)); err != nil {
		return err
	}
	return s.inForce(ctx)
}

func (s *Service) inForce(ctx context.Context) error {
	if err := s.Reload(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("it is stored, but not in force here yet: %w", err)
	}
	return nil
}

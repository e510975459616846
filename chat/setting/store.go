package setting

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// ErrChanged says that the switches are no longer those that a change was meant for.
var ErrChanged = errors.New("the settings have changed meanwhile")

// Record is what was changed of the switches over what is configured.
type Record struct {
	Version   uint64                     `json:"version"` // grows by one with each change; 0: there was none
	ChangedAt time.Time                  `json:"changedAt,omitzero"`
	ChangedBy string                     `json:"changedBy,omitempty"`
	Values    map[string]json.RawMessage `json:"values,omitempty"` // by Switch.Name
}

// Store keeps one Record. Each method is atomic, and what PutSettings answered is durable (class A).
type Store interface {
	// Settings is the Record; the zero one if there is none.
	Settings(ctx context.Context) (Record, error)
	// PutSettings puts a Record in the place of the one of the version before. It refuses with ErrChanged if another is there.
	PutSettings(ctx context.Context, next Record) error
}

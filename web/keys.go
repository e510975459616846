package web

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"liveroom/address"
	"liveroom/live/keyring"
)

// Keys are those of push and play addresses, which are changed while the server runs (keyring.Service).
type Keys interface {
	Look(ctx context.Context) keyring.View
	Reveal(k keyring.Kind) address.Keys
	Rotate(ctx context.Context, k keyring.Kind, key, primary string) (changed bool, err error)
	Revoke(ctx context.Context, k keyring.Kind, backup string) (changed bool, err error)
}

// KeyBody is a key, but for the key itself.
type KeyBody struct {
	Fingerprint string   `json:"fingerprint" doc:"Names the key, and tells nothing of it." example:"0f3c9a61b2d4"`
	Since       NullTime `json:"since" doc:"Since when it is there; null: it is configured."`
	LastUsedAt  NullTime `json:"lastUsedAt" doc:"When something that was signed with it was accepted last, on any node, up to a minute late; null: not known."`
}

// KeyPairBody are the keys of a kind.
type KeyPairBody struct {
	Primary KeyBody `json:"primary" doc:"Addresses are signed with it."`
	Backup  NullKey `json:"backup" doc:"Accepted too; null: there is none."`
}

// NullKey is a key that may not be.
type NullKey struct{ *KeyBody }

// MarshalJSON writes the key, or null.
func (k NullKey) MarshalJSON() ([]byte, error) { return json.Marshal(k.KeyBody) }

// Schema describes the type in the API's description.
func (NullKey) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{AnyOf: []*huma.Schema{r.Schema(reflect.TypeFor[KeyBody](), true, "KeyBody"), {Type: "null"}}}
}

type keysOut struct {
	Body struct {
		Push KeyPairBody `json:"push"`
		Play KeyPairBody `json:"play"`
	}
}

// KeyKind names a kind of keys.
type KeyKind struct {
	Kind string `path:"kind" enum:"push,play"`
}

type rotateIn struct {
	KeyKind
	Body *struct {
		Key     string `json:"key,omitempty" doc:"The new key, 8 to 128 ASCII characters without blanks; absent: one of 128 random bits."`
		Primary string `json:"primary,omitempty" maxLength:"64" doc:"Fingerprint of the key to be replaced: if it is another meanwhile, nothing changes and the answer is 409 keys_changed. Absent: whatever it is."`
	}
}

type revokeIn struct {
	KeyKind
	Backup string `query:"backup" maxLength:"64" doc:"Fingerprint of the key to be revoked: if another is the backup meanwhile, nothing changes and the answer is 409 keys_changed. Absent: whatever it is."`
}

type revealOut struct {
	CacheControl string `header:"Cache-Control"`
	Body         struct {
		Primary string  `json:"primary"`
		Backup  *string `json:"backup" nullable:"true"`
	}
}

func (s *Server) registerKeys() {
	has := s.keys != nil
	offer(s, has, s.operation("keys", http.MethodGet, "/keys", "keys", "Show which push and play keys there are", tokenHolder), s.showKeys)
	offer(s, has, s.operation("rotate-key", http.MethodPost, "/keys/{kind}/rotate", "keys", "Make a new primary key; the one before becomes the backup", tokenHolder), s.rotateKey)
	offer(s, has, s.operation("revoke-key", http.MethodDelete, "/keys/{kind}/backup", "keys", "Revoke the backup key", tokenHolder), s.revokeKey)
	offer(s, has, s.operation("reveal-keys", http.MethodPost, "/keys/{kind}/reveal", "keys", "Show the keys themselves", tokenHolder), s.revealKeys)
}

func (s *Server) showKeys(ctx context.Context, _ *struct{}) (*keysOut, error) {
	return keysBody(s.keys.Look(ctx)), nil
}

func keysBody(v keyring.View) *keysOut {
	key := func(k keyring.KeyView) KeyBody { return KeyBody{k.Fingerprint, NullTime{k.Since}, NullTime{k.UsedAt}} }
	pair := func(p keyring.PairView) KeyPairBody {
		out := KeyPairBody{Primary: key(p.Primary)}
		if p.Backup != nil {
			out.Backup = NullKey{ptr(key(*p.Backup))}
		}
		return out
	}
	out := &keysOut{}
	out.Body.Push, out.Body.Play = pair(v.Push), pair(v.Play)
	return out
}

func (s *Server) rotateKey(ctx context.Context, in *rotateIn) (*keysOut, error) {
	ctx, cancel := timed(ctx)
	defer cancel()
	var key, primary string
	if in.Body != nil {
		key, primary = in.Body.Key, in.Body.Primary
	}
	return s.changeKeys(ctx, in.Kind, "key_rotate", func(k keyring.Kind) (bool, error) { return s.keys.Rotate(ctx, k, key, primary) })
}

func (s *Server) revokeKey(ctx context.Context, in *revokeIn) (*keysOut, error) {
	ctx, cancel := timed(ctx)
	defer cancel()
	return s.changeKeys(ctx, in.Kind, "key_revoke", func(k keyring.Kind) (bool, error) { return s.keys.Revoke(ctx, k, in.Backup) })
}

// changeKeys changes the keys of a kind, and notes it if there is a change.
func (s *Server) changeKeys(ctx context.Context, kind, action string, change func(keyring.Kind) (bool, error)) (*keysOut, error) {
	changed, err := change(keyring.Kind(kind))
	if err != nil {
		return nil, err
	}
	now := s.keys.Look(ctx)
	if changed {
		s.record(ctx, "", action, kind, fingerprints(now, kind))
	}
	return keysBody(now), nil
}

// fingerprints are those of a kind's keys, for the audit log.
func fingerprints(v keyring.View, kind string) map[string]string {
	p := v.Play
	if kind == string(keyring.Push) {
		p = v.Push
	}
	detail := map[string]string{"primary": p.Primary.Fingerprint}
	if p.Backup != nil {
		detail["backup"] = p.Backup.Fingerprint
	}
	return detail
}

func (s *Server) revealKeys(ctx context.Context, in *KeyKind) (*revealOut, error) {
	keys := s.keys.Reveal(keyring.Kind(in.Kind))
	s.record(ctx, "", "key_reveal", in.Kind, fingerprints(s.keys.Look(ctx), in.Kind)) // before anybody sees them
	out := &revealOut{CacheControl: "no-store"}
	if out.Body.Primary = keys.Primary; keys.Backup != "" {
		out.Body.Backup = &keys.Backup
	}
	return out, nil
}

// keysProblem is a refusal of keyring.Service.
func keysProblem(e *keyring.Error) *Problem {
	httpStatus := http.StatusUnprocessableEntity
	if e.Code == "keys_changed" {
		httpStatus = http.StatusConflict
	}
	return newProblem(httpStatus, e.Code, e.Detail).at(e.Field)
}

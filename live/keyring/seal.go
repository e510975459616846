package keyring

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// Sealer closes rings for a Store that others can read, with AES-256-GCM under a key derived from the node key.
type Sealer struct{ box cipher.AEAD }

// NewSealer returns a sealer. A node key is at least 16 bytes.
func NewSealer(nodeKey []byte) (*Sealer, error) {
	key, err := hkdf.Key(sha256.New, nodeKey, nil, "liveroom keyring", 32)
	if err != nil {
		return nil, fmt.Errorf("keyring: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("keyring: %w", err)
	}
	box, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("keyring: %w", err)
	}
	return &Sealer{box}, nil
}

// sealedAs is what every sealed ring is bound to: nothing else that is ever sealed with the key is one.
const sealedAs = "liveroom ring 1"

// open is a Ring as it is sealed.
type open struct {
	Version uint64  `json:"version"`
	From    string  `json:"from"`
	Keys    [4]*key `json:"keys"` // push and its backup, play and its backup
}

type key struct {
	Secret string    `json:"secret"`
	Since  time.Time `json:"since,omitzero"`
}

// each are the keys of a ring in their order.
func (r *Ring) each() [4]*Key {
	return [4]*Key{&r.Push.Primary, &r.Push.Backup, &r.Play.Primary, &r.Play.Backup}
}

// Seal closes a ring: base64 of nonce and sealed JSON, another one each time.
func (s *Sealer) Seal(r Ring) (string, error) {
	o := open{Version: r.Version, From: r.From}
	for i, k := range r.each() {
		if k.Secret != "" {
			o.Keys[i] = &key{k.Secret, k.Since}
		}
	}
	plain, err := json.Marshal(o)
	if err != nil {
		return "", fmt.Errorf("encode keys: %w", err)
	}
	return base64.RawStdEncoding.EncodeToString(s.box.Seal(nil, nil, plain, []byte(sealedAs))), nil
}

// Open is the ring that was sealed; anything else is ErrSealed.
func (s *Sealer) Open(sealed string) (r Ring, err error) {
	raw, err := base64.RawStdEncoding.Strict().DecodeString(sealed)
	if err != nil {
		return Ring{}, ErrSealed
	}
	plain, err := s.box.Open(nil, nil, raw, []byte(sealedAs))
	var o open
	if err != nil || json.Unmarshal(plain, &o) != nil || o.Version == 0 {
		return Ring{}, ErrSealed
	}
	r.Version, r.From = o.Version, o.From
	for i, k := range r.each() {
		if o.Keys[i] != nil {
			k.Secret, k.Since = o.Keys[i].Secret, o.Keys[i].Since
		}
	}
	return r, nil
}

// fingerprint names a key of a kind.
func fingerprint(nodeKey []byte, kind Kind, secret string) string {
	mac := hmac.New(sha256.New, nodeKey)
	_, _ = mac.Write([]byte("liveroom key " + string(kind) + " " + secret)) // never fails
	return hex.EncodeToString(mac.Sum(nil)[:6])
}

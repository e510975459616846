package file

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"
)

// prefix begins the path of every address.
const prefix = "/files/"

// An id is 128 random bits in letters and digits that no file system mixes up.
const (
	idLength  = 26
	idLetters = "abcdefghijklmnopqrstuvwxyz234567"
)

var idEncoding = base32.NewEncoding(idLetters).WithPadding(base32.NoPadding)

// NewID makes an id that nobody can guess.
func NewID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: it ends the program instead
	return idEncoding.EncodeToString(b[:])
}

// ValidID says whether s may be an id of NewID.
func ValidID(s string) bool { return len(s) == idLength && only(s, idLetters) }

func only(s, letters string) bool {
	return strings.Trim(s, letters) == ""
}

// ParsePath takes the path of an address apart: /files/{id} of an upload, /files/{id}/{name} of a file. Both parts are
// of harmless letters.
func ParsePath(path string) (id, name string, ok bool) {
	rest, ok := strings.CutPrefix(path, prefix)
	if !ok {
		return "", "", false
	}
	id, name, named := strings.Cut(rest, "/")
	return id, name, ValidID(id) && (!named || validAlias(name))
}

// ticket is what an upload address grants. It stands in the address, signed.
type ticket struct {
	ID      string `json:"i"`
	Group   string `json:"g,omitempty"`
	User    string `json:"u"`
	Admin   bool   `json:"a,omitempty"`
	Kind    Kind   `json:"k"`
	Name    string `json:"n"`
	Size    int64  `json:"s"`
	Expires int64  `json:"e"` // Unix seconds: when the upload must have begun
}

// addresses makes and checks signed addresses. Uploads and files are signed with keys of their own.
type addresses struct {
	base     string // how clients reach this server, without / at the end
	put, get []byte
}

func newAddresses(publicURL string, key []byte) (addresses, error) {
	a := addresses{base: strings.TrimSuffix(publicURL, "/")}
	var err error
	if a.put, err = hkdf.Key(sha256.New, key, nil, "liveroom upload", sha256.Size); err == nil {
		a.get, err = hkdf.Key(sha256.New, key, nil, "liveroom file", sha256.Size)
	}
	return a, err
}

// upload is the address to send a file to. The host is not signed: proxies may change it.
func (a addresses) upload(t ticket) (string, error) {
	payload, err := json.Marshal(t)
	if err != nil {
		return "", err
	}
	return a.base + prefix + t.ID + "?token=" + base64.RawURLEncoding.EncodeToString(append(a.mac(payload), payload...)), nil
}

func (a addresses) mac(payload []byte) []byte {
	h := hmac.New(sha256.New, a.put)
	h.Write(payload)
	return h.Sum(nil)
}

// maxTokenBytes is above any token that upload makes.
const maxTokenBytes = 2048

// ticket reads what an upload address grants.
func (a addresses) ticket(id, token string, now time.Time) (ticket, error) {
	var t ticket
	if len(token) > maxTokenBytes {
		return t, ErrSignature
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(raw) < sha256.Size || base64.RawURLEncoding.EncodeToString(raw) != token || !hmac.Equal(raw[:sha256.Size], a.mac(raw[sha256.Size:])) {
		return t, ErrSignature
	}
	if err := json.Unmarshal(raw[sha256.Size:], &t); err != nil || t.ID != id || !ValidID(id) {
		return t, ErrSignature
	}
	if now.Unix() > t.Expires {
		return t, ErrExpired
	}
	return t, nil
}

// file is the address of a file. The name is for people and programs that go by its end.
func (a addresses) file(id, name string) string {
	return a.base + prefix + id + "/" + name + "?sig=" + a.sig(id, name)
}

func (a addresses) sig(id, name string) string {
	h := hmac.New(sha256.New, a.get)
	h.Write([]byte(id + "/" + name))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:16])
}

// signed says whether this server made the address of a file.
func (a addresses) signed(id, name, sig string) bool {
	return hmac.Equal([]byte(sig), []byte(a.sig(id, name)))
}

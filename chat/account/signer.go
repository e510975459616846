package account

import (
	"bytes"
	"compress/zlib"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"strconv"
	"time"
)

// Bounds of a UserSig's numbers: generous, and far from where adding them overflows.
const (
	maxUnix       = 1 << 40 // seconds
	maxFuture     = time.Hour
	maxSigBytes   = 6 << 10 // of the packed text
	maxDocBytes   = 4 << 10 // of the JSON document
	sigVersion    = "2.0"
	minSigSeconds = 1
)

// Signer makes and checks UserSigs of one application.
type Signer struct {
	AppID uint64 // SDKAppID
	Key   string // used as text, not hex-decoded
}

// Claims is what a valid UserSig says.
type Claims struct {
	User      string
	IssuedAt  time.Time
	ExpiresAt time.Time // the last second in which it is valid
}

// Validate names what is missing.
func (s Signer) Validate() error {
	switch {
	case s.AppID == 0:
		return fmt.Errorf("sdk app id: must not be 0")
	case s.Key == "":
		return fmt.Errorf("app secret: must not be empty")
	}
	return nil
}

// LogValue keeps the key out of logs.
func (s Signer) LogValue() slog.Value { return slog.Uint64Value(s.AppID) }

// String keeps the key out of formatted text.
func (s Signer) String() string { return "Signer(" + strconv.FormatUint(s.AppID, 10) + ")" }

// GoString keeps the key out of %#v too.
func (s Signer) GoString() string { return s.String() }

// document is the signed JSON object; pointers tell an absent field from an empty one.
type document struct {
	Version    *string `json:"TLS.ver"`
	Identifier *string `json:"TLS.identifier"`
	AppID      *uint64 `json:"TLS.sdkappid"`
	Expire     *int64  `json:"TLS.expire"`
	Time       *int64  `json:"TLS.time"`
	UserBuf    *string `json:"TLS.userbuf,omitempty"`
	Sig        *string `json:"TLS.sig"`
}

// claims is what a whole document says, true or not.
func (d document) claims() Claims {
	return Claims{User: *d.Identifier, IssuedAt: time.Unix(*d.Time, 0).UTC(), ExpiresAt: time.Unix(*d.Time+*d.Expire, 0).UTC()}
}

// Sign makes a UserSig for user, valid from at for ttl (whole seconds, at least one).
func (s Signer) Sign(user string, at time.Time, ttl time.Duration) (string, error) {
	if err := CheckUser(user); err != nil {
		return "", err
	}
	issued, seconds := at.Unix(), int64(ttl/time.Second)
	if seconds < minSigSeconds || seconds > maxUnix || issued < 0 || issued > maxUnix {
		return "", fmt.Errorf("sign for %s: a lifetime of %s from %s is out of range", user, ttl, at.UTC().Format(time.RFC3339))
	}
	version, sig := sigVersion, base64.StdEncoding.EncodeToString(s.mac(user, issued, seconds))
	doc, err := json.Marshal(document{
		Version: &version, Identifier: &user, AppID: &s.AppID, Expire: &seconds, Time: &issued, Sig: &sig,
	})
	if err != nil {
		return "", fmt.Errorf("sign for %s: %w", user, err)
	}
	return pack(doc), nil
}

// Verify checks a UserSig at now and returns whom it names: its identifier is the caller.
func (s Signer) Verify(sig string, now time.Time) (Claims, error) {
	return s.verify(sig, nil, now)
}

// VerifyFor is Verify for a caller who also says who he is.
func (s Signer) VerifyFor(user, sig string, now time.Time) (Claims, error) {
	return s.verify(sig, &user, now)
}

// verify looks at the signature before the expiry, so that a wrong key is never reported as expired (spec im-rest §2.4).
func (s Signer) verify(sig string, user *string, now time.Time) (Claims, error) {
	if sig == "" {
		return Claims{}, ErrEmpty
	}
	doc, given, err := decode(sig)
	if err != nil {
		return Claims{}, err
	}
	if *doc.AppID != s.AppID {
		return Claims{}, ErrOtherApp
	}
	if user != nil && *doc.Identifier != *user {
		return Claims{}, ErrOtherUser
	}
	if !hmac.Equal(given, s.mac(*doc.Identifier, *doc.Time, *doc.Expire)) {
		return Claims{}, ErrForged
	}
	if err := CheckUser(*doc.Identifier); err != nil {
		return Claims{}, err
	}
	c := doc.claims()
	if err := c.validAt(now); err != nil {
		return Claims{}, err
	}
	return c, nil
}

// validAt refuses what has expired, or is from the future.
func (c Claims) validAt(now time.Time) error {
	switch {
	case now.Unix() > c.ExpiresAt.Unix():
		return ErrExpired
	case c.IssuedAt.After(now.Add(maxFuture)):
		return because(ErrMalformed, "the UserSig was issued in the future; check the clock of the server that signs")
	}
	return nil
}

// mac is the HMAC over the lines of spec im-rest §2.2.
func (s Signer) mac(user string, issued, seconds int64) []byte {
	h := hmac.New(sha256.New, []byte(s.Key))
	fmt.Fprintf(h, "TLS.identifier:%s\nTLS.sdkappid:%d\nTLS.time:%d\nTLS.expire:%d\n", user, s.AppID, issued, seconds)
	return h.Sum(nil)
}

// decode unpacks a UserSig and checks that every field is there and in range.
func decode(sig string) (document, []byte, error) {
	text, err := unpack(sig)
	if err != nil {
		return document{}, nil, err
	}
	var doc document
	if err := json.Unmarshal(text, &doc); err != nil {
		return document{}, nil, because(ErrMalformed, "the UserSig does not hold the expected JSON object")
	}
	if doc.Version == nil || doc.Identifier == nil || doc.AppID == nil || doc.Expire == nil || doc.Time == nil || doc.Sig == nil {
		return document{}, nil, because(ErrMalformed, "the UserSig lacks a field")
	}
	if doc.UserBuf != nil {
		return document{}, nil, because(ErrMalformed, "the UserSig carries a userbuf; a PrivateMapKey is no login")
	}
	if *doc.Version != sigVersion {
		return document{}, nil, because(ErrMalformed, "the UserSig is not of version 2.0")
	}
	if *doc.Time < 0 || *doc.Time > maxUnix || *doc.Expire < 0 || *doc.Expire > maxUnix {
		return document{}, nil, because(ErrMalformed, "the UserSig's times are out of range")
	}
	given, err := base64.StdEncoding.DecodeString(*doc.Sig)
	if err != nil {
		return document{}, nil, because(ErrMalformed, "the UserSig's TLS.sig is not base64")
	}
	return doc, given, nil
}

// pack compresses and encodes a document (spec im-rest §2.3).
func pack(doc []byte) string {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	// Writes to a bytes.Buffer cannot fail.
	_, _ = w.Write(doc)
	_ = w.Close()
	text := make([]byte, base64.StdEncoding.EncodedLen(b.Len()))
	base64.StdEncoding.Encode(text, b.Bytes())
	for i, c := range text {
		switch c {
		case '+':
			text[i] = '*'
		case '/':
			text[i] = '-'
		case '=':
			text[i] = '_'
		}
	}
	return string(text)
}

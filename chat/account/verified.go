package account

import (
	"crypto/sha256"
	"sync"
	"time"
)

// maxVerified is how many UserSigs are remembered as good. Past it, any one gives way.
const maxVerified = 1024

// verified remembers UserSigs whose signature was good: a backend sends the same one with thousands of calls a second, and
// unpacking it costs more than many a call. Only what never changes is remembered. Whether it is still valid, and was not
// revoked, is looked at each time.
type verified struct {
	mu     sync.Mutex
	claims map[[sha256.Size]byte]Claims
}

// verify is Signer.VerifyFor, or Signer.Verify for an empty user.
func (v *verified) verify(s Signer, user, sig string, now time.Time) (Claims, error) {
	key := sha256.Sum256([]byte(sig))
	v.mu.Lock()
	c, ok := v.claims[key]
	v.mu.Unlock()
	if ok {
		if user != "" && user != c.User {
			return Claims{}, ErrOtherUser
		}
		return c, c.validAt(now)
	}
	var err error
	if user == "" {
		c, err = s.Verify(sig, now)
	} else {
		c, err = s.VerifyFor(user, sig, now)
	}
	if err == nil {
		v.remember(key, c)
	}
	return c, err
}

func (v *verified) remember(key [sha256.Size]byte, c Claims) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.claims == nil {
		v.claims = map[[sha256.Size]byte]Claims{}
	}
	if len(v.claims) >= maxVerified {
		for other := range v.claims {
			delete(v.claims, other)
			break
		}
	}
	v.claims[key] = c
}

package address

import (
	"crypto/md5"
	"encoding/hex"
	"log/slog"
	"math"
	"strconv"
	"strings"
	"time"
)

// Keys are one purpose's keys (push or play). Either one validates; addresses are made with the primary. An empty key
// matches nothing, so with both empty everything is refused.
type Keys struct {
	Primary string
	Backup  string
}

// LogValue, String and GoString keep keys out of logs and errors.
func (k Keys) LogValue() slog.Value { return slog.StringValue(k.String()) }

func (k Keys) String() string { return "[keys]" }

// GoString hides the keys from %#v.
func (k Keys) GoString() string { return k.String() }

// Sign makes the two parameters of an address that ends at expires (whole seconds, rounded down): txTime in upper-case
// hexadecimal, txSecret in lower case. Moments outside what 8 digits can say (1970 to 2106) become the nearest that can.
func Sign(key, name string, expires time.Time) (txSecret, txTime string) {
	seconds := min(max(expires.Unix(), 0), math.MaxUint32)
	txTime = strings.ToUpper(strconv.FormatInt(seconds, 16))
	sum := digest(key, name, txTime)
	return string(sum[:]), txTime
}

// digest is the lower-case hexadecimal md5 of key + name + txTime.
func digest(key, name, txTime string) (out [2 * md5.Size]byte) {
	var space [256]byte // the usual lengths fit, so nothing is allocated
	buf := append(space[:0], key...)
	buf = append(buf, name...)
	buf = append(buf, txTime...)
	sum := md5.Sum(buf)
	hex.Encode(out[:], sum[:])
	return out
}

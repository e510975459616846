package address

import (
	"strconv"
	"strings"
	"time"
)

// paramDelay is by how much later viewers see what is pushed. It is not signed (spec css §5.4).
const paramDelay = "txDelayTime"

// MaxDelay is the largest txDelayTime.
const MaxDelay = 600 * time.Second

// Delay is the txDelayTime of a push address, in whole seconds; given is false where it has none. queries are as Check has
// them, and copies must be equal as there. The error is an *Error.
func Delay(queries []string) (d time.Duration, given bool, err error) {
	var value string
	for _, query := range queries {
		here := false
		for part := range strings.SplitSeq(query, "&") {
			key, raw, _ := strings.Cut(part, "=")
			if unescape(key) != paramDelay {
				continue
			}
			if refused := keep(&value, unescape(raw), paramDelay, given, here); refused != nil {
				return 0, false, refused
			}
			given, here = true, true
		}
	}
	if !given {
		return 0, false, nil
	}
	seconds, bad := strconv.ParseUint(value, 10, 16)
	if bad != nil || len(value) > 4 || time.Duration(seconds)*time.Second > MaxDelay { //nolint:gosec // 16 bits
		return 0, false, refuse(CodeDelay, "txDelayTime must be whole seconds from 0 to 600: by how much later viewers see the push")
	}
	return time.Duration(seconds) * time.Second, true, nil //nolint:gosec // 16 bits
}

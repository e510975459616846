package im

import (
	"iter"
	"maps"
	"math"
	"slices"
	"time"

	"liveroom/chat"
)

// forever is what a time or length without end is on the wire.
const forever = math.MaxUint32

// bad refuses a field of a command about groups.
func bad(field, format string, args ...any) *Error {
	return refuse(groups.parameter, field+": "+format, args...)
}

// unsupported refuses what groups of other types would allow.
func unsupported(field, format string, args ...any) *Error {
	return refuse(chat.ErrPermission.Code, field+": "+format, args...)
}

// seconds is a time as it is on the wire; 0: never.
func seconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// sorted goes through a map by key, so that answers are the same each time.
func sorted[V any](m map[string]V) iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		for _, key := range slices.Sorted(maps.Keys(m)) {
			if !yield(key, m[key]) {
				return
			}
		}
	}
}

// lasting is a length of seconds on the wire.
func lasting(n uint32) time.Duration { return time.Duration(n) * time.Second }

// until is the end of a mute or ban; 0: there is none.
func until(end time.Time) int64 {
	if chat.IsEndless(end) {
		return forever
	}
	return seconds(end)
}

// users are accounts as the domain takes them.
func users(accounts []Account) []string {
	list := make([]string, len(accounts))
	for i, a := range accounts {
		list[i] = string(a)
	}
	return list
}

// tooMany refuses a call that names too many accounts.
func tooMany(field string, most int) *Error {
	return refuse(chat.ErrTooManyUsers.Code, "%s may name at most %d accounts", field, most)
}

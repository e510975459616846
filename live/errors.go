package live

// Error is what a caller did wrong, in terms it can act on.
type Error struct {
	Code   string // stable: not_found, exists, invalid, blocked_text, no_stream_keys, recording_unavailable
	Field  string // the field at fault, empty when there is none
	Detail string
}

func (e *Error) Error() string {
	if e.Field != "" {
		return e.Code + ": " + e.Field + ": " + e.Detail
	}
	return e.Code + ": " + e.Detail
}

// NotFound is the error for a room that doesn't exist.
func NotFound(room string) error {
	return &Error{Code: "not_found", Detail: "there is no room " + quote(room)}
}

// Exists is the error for a value of a unique field that another room has.
func Exists(field, value string) error {
	return &Error{Code: "exists", Field: field, Detail: "another room has " + field + " " + quote(value)}
}

func invalid(field, detail string) error {
	return &Error{Code: "invalid", Field: field, Detail: detail}
}

// quote shows s in an error without letting a stranger fill the log.
func quote(s string) string { return `"` + clip(s) + `"` }

func clip(s string) string {
	if len(s) > 64 {
		s = s[:64] + "…"
	}
	return s
}

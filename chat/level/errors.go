package level

import "fmt"

// Error is a refusal that names what is wrong.
type Error struct {
	Code   string // stable: invalid
	Field  string
	Detail string // a sentence a person can act on
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %s: %s", e.Code, e.Field, e.Detail) }

func invalid(field, format string, args ...any) error {
	return &Error{"invalid", field, fmt.Sprintf(format, args...)}
}

package words

import (
	"fmt"
	"strings"
)

// LineError says which line of a text can't be a word.
type LineError struct {
	Line int
	Err  error
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }

func (e *LineError) Unwrap() error { return e.Err }

// Parse reads a list as text, one word a line: a word alone blocks; a word, a tab and "replace" is replaced by Mask, or by
// what follows after another tab. Empty lines and those that begin with "# " count for nothing, nor does a byte order mark.
// Words that can't be are left out and returned as errors.
func Parse(text string) (all []Word, bad []*LineError) {
	text = strings.TrimPrefix(text, "\ufeff")
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimRight(line, "\r ")
		if strings.TrimSpace(line) == "" || line == "#" || strings.HasPrefix(line, "# ") {
			continue
		}
		w, err := parseLine(line)
		if err == nil {
			err = w.Check()
		}
		if err != nil {
			bad = append(bad, &LineError{i + 1, err})
			continue
		}
		all = append(all, w)
	}
	return all, bad
}

func parseLine(line string) (Word, error) {
	fields := strings.Split(line, "\t")
	w := Word{Text: strings.TrimSpace(fields[0])}
	if len(fields) == 1 {
		return w, nil
	}
	err := w.Action.UnmarshalText([]byte(strings.TrimSpace(fields[1])))
	if err == nil && len(fields) == 3 {
		w.Replacement = strings.TrimSpace(fields[2])
	}
	if len(fields) > 3 {
		err = &Error{Word: clip(w.Text), Detail: "has more than an action and a replacement behind it"}
	}
	return w, err
}

// String is the action's name.
func (a Action) String() string {
	if a == Replace {
		return "replace"
	}
	return "block"
}

// MarshalText writes the action's name.
func (a Action) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads what MarshalText writes; nothing is Block.
func (a *Action) UnmarshalText(text []byte) error {
	switch string(text) {
	case "", "block":
		*a = Block
	case "replace":
		*a = Replace
	default:
		return fmt.Errorf("the action must be block or replace")
	}
	return nil
}

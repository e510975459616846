package address

import "strings"

// MaxNameBytes is the longest stream name (design §3).
const MaxNameBytes = 64

// ValidName says whether name may be a stream's name: 1 to 64 of A-Z a-z 0-9 _ . -, not ending in .flv or .m3u8, and not
// one of the two names a path gives another meaning. The error is an *Error with CodeName.
func ValidName(name string) error {
	if !wellFormed(name) {
		return refuse(CodeName, "a stream name has 1 to 64 letters, digits, _ . or -")
	}
	for _, suffix := range []string{".flv", ".m3u8"} {
		if strings.HasSuffix(name, suffix) {
			return refuse(CodeName, "a stream name does not end in "+suffix)
		}
	}
	return nil
}

func wellFormed(name string) bool {
	return name != "" && name != "." && name != ".." && len(Loggable(name)) == len(name)
}

// Loggable is what a log may hold of a stream or app name that a stranger sent: up to the first character that no such
// name has, at most MaxNameBytes. What follows may be a signature in a wrong place, "demo&txSecret=…".
func Loggable(name string) string {
	for i := range len(name) {
		c := name[i]
		letter := (c|0x20) >= 'a' && (c|0x20) <= 'z'
		if i == MaxNameBytes || !letter && !isDigit(c) && c != '_' && c != '.' && c != '-' {
			return name[:i]
		}
	}
	return name
}

// ParseName takes apart what a client wrote as stream name, "demo?txSecret=…&txTime=…". The query begins at the first '?'
// and stays raw; the name is percent-decoded once and must be valid. queries has one element, or none without a '?'.
func ParseName(raw string) (name string, queries []string, err error) {
	name, query, found := strings.Cut(raw, "?")
	name = unescape(name)
	if err := ValidName(name); err != nil {
		return "", nil, err
	}
	if found {
		queries = []string{query}
	}
	return name, queries, nil
}

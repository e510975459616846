package address

import (
	"net/url"
	"strings"
)

// Names of the two signed parameters. Names are case-sensitive (spec css §1.6).
const (
	paramSecret = "txSecret"
	paramTime   = "txTime"
)

type params struct {
	secret, time string
}

// findParams collects the two parameters from every query string. A client that writes its whole query in two places
// (RTMP's tcUrl and publish name) is accepted while the copies are equal; two copies in one string, or copies that differ,
// are refused: whoever checks one copy must not use another (spec css §8.1.5).
func findParams(queries []string) (params, *Error) {
	var p params
	var haveSecret, haveTime bool
	for _, query := range queries {
		var inSecret, inTime bool
		for part := range strings.SplitSeq(query, "&") {
			rawKey, rawValue, _ := strings.Cut(part, "=")
			var refused *Error
			switch unescape(rawKey) {
			case paramSecret:
				refused = keep(&p.secret, unescape(rawValue), paramSecret, haveSecret, inSecret)
				haveSecret, inSecret = true, true
			case paramTime:
				refused = keep(&p.time, unescape(rawValue), paramTime, haveTime, inTime)
				haveTime, inTime = true, true
			}
			if refused != nil {
				return params{}, refused
			}
		}
	}
	switch {
	case !haveTime:
		return params{}, refuse(CodeMissing, "the address has no txTime")
	case !haveSecret:
		return params{}, refuse(CodeMissing, "the address has no txSecret")
	}
	return p, nil
}

// keep stores a parameter's value. seen: an earlier string had one; seenHere: this string had one.
func keep(to *string, value, name string, seen, seenHere bool) *Error {
	if seenHere || (seen && *to != value) {
		return refuse(CodeDuplicate, name+" appears more than once")
	}
	*to = value
	return nil
}

// unescape decodes once; what can't be decoded stays as it is and then fits nothing.
func unescape(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	if out, err := url.PathUnescape(s); err == nil {
		return out
	}
	return s
}

// secretWords mark parameter names whose values are never shown.
var secretWords = []string{"secret", "sig", "token", "key", "pass", "auth", "cred"}

// Redact hides the values of a query string's secret parameters: whatever name holds secret, sig, token, key, pass, auth
// or cred. '?' and ';' count as separators too, so that a malformed query hides no less.
func Redact(query string) string {
	var out strings.Builder
	for len(query) > 0 {
		part, separator := query, ""
		if i := strings.IndexAny(query, "&;?"); i >= 0 {
			part, separator = query[:i], query[i:i+1]
		}
		query = query[len(part)+len(separator):]
		if key, value, found := strings.Cut(part, "="); found && value != "" && isSecret(key) {
			part = key + "=…"
		}
		out.WriteString(part)
		out.WriteString(separator)
	}
	return out.String()
}

func isSecret(key string) bool {
	key = strings.ToLower(unescape(key))
	for _, word := range secretWords {
		if strings.Contains(key, word) {
			return true
		}
	}
	return strings.Contains(key, "%") // undecodable or doubly encoded: nobody knows what it names
}

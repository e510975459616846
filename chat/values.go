package chat

import (
	"maps"
	"regexp"
	"unicode/utf8"
)

// StatusKey is the attribute and the custom field that belong to the server (design §4).
const StatusKey = "live_status"

// Limits of attributes and custom fields (spec im-rest §3.17, §3.0). What belongs to the server does not count.
const (
	maxAttributes     = 16
	maxAttributeKey   = 32
	maxAttributeValue = 4000
	maxAttributeTotal = 16000
	maxFields         = 10
	maxFieldValue     = 512
)

var fieldKey = regexp.MustCompile(`^[A-Za-z0-9_]{1,16}$`)

// apply returns the attributes after the change, or why the whole change is refused. It never writes now's.
func (c AttributeChange) apply(now Values) (map[string]string, error) {
	old := now.All
	if c.Known != 0 && (c.Known < now.Written || c.Known > now.Version) {
		return nil, ErrAttributesChanged
	}
	if status := c.Set[StatusKey]; len(status) > maxAttributeValue || !utf8.ValidString(status) {
		return nil, ErrAttributeValue.with(StatusKey, "must be UTF-8 of at most %d bytes", maxAttributeValue)
	}
	all := make(map[string]string, len(old)+len(c.Set))
	if status, ok := old[StatusKey]; ok {
		all[StatusKey] = status
	}
	switch c.Op {
	case ReplaceAttribute:
		maps.Copy(all, c.Set)
	case SetAttribute:
		maps.Copy(all, old)
		maps.Copy(all, c.Set)
	case DeleteAttribute:
		maps.Copy(all, old)
		for _, key := range c.Keys {
			if _, ok := all[key]; !ok || key == StatusKey {
				return nil, ErrNoAttribute.with("keys", "there is no attribute %q", clip(key))
			}
			delete(all, key)
		}
	case ClearAttribute:
	default:
		return nil, ErrParameter.with("op", "unknown attribute operation %d", c.Op)
	}
	return all, checkAttributes(all)
}

func checkAttributes(all map[string]string) error {
	count, total := 0, 0
	for key, value := range all {
		switch {
		case key == StatusKey:
			continue // the server's own: see apply and statusMessage
		case key == "" || len(key) > maxAttributeKey:
			return ErrAttributeKey
		case len(value) > maxAttributeValue:
			return ErrAttributeValue.with("attributes", "the value of %q has %d bytes, at most %d are allowed", key, len(value), maxAttributeValue)
		case !utf8.ValidString(key) || !utf8.ValidString(value):
			return ErrParameter.with("attributes", "keys and values must be UTF-8")
		}
		count++
		total += len(value)
	}
	if count > maxAttributes {
		return ErrAttributeCount
	}
	if total > maxAttributeTotal {
		return ErrAttributeTotal
	}
	return nil
}

// mergeFields upserts fields into old; an empty value deletes.
func mergeFields(old, fields map[string]string) (map[string]string, error) {
	all := maps.Clone(old)
	if all == nil {
		all = make(map[string]string, len(fields))
	}
	for key, value := range fields {
		switch {
		case !fieldKey.MatchString(key):
			return nil, ErrParameter.with("fields", "key %q must be 1 to 16 letters, digits or _", clip(key))
		case len(value) > maxFieldValue:
			return nil, ErrParameter.with("fields", "the value of %q has %d bytes, at most %d are allowed", key, len(value), maxFieldValue)
		case !utf8.ValidString(value):
			return nil, ErrParameter.with("fields", "the value of %q must be UTF-8", key)
		case value == "":
			delete(all, key)
		default:
			all[key] = value
		}
	}
	count := len(all)
	for _, key := range []string{StatusKey, TotalsKey} {
		if _, ok := all[key]; ok {
			count--
		}
	}
	if count > maxFields {
		return nil, ErrParameter.with("fields", "a group has at most %d custom fields", maxFields)
	}
	return all, nil
}

// clip keeps what a stranger sent short enough for an error.
func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}

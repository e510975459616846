package callback

import (
	"net/url"
	"slices"
	"strings"
)

// order is the order in which Tencent writes the parameters of a callback (spec im-callbacks §1.1).
var order = []string{"SdkAppid", "CallbackCommand", "contenttype", "ClientIP", "OptPlatform", "Sign", "RequestTime"}

// withQuery appends parameters to a receiver's URL, which may have some already. Names keep their case; known ones come
// in Tencent's order, others after them.
func withQuery(base string, query url.Values) string {
	var b strings.Builder
	b.WriteString(base)
	separator := byte('?')
	if strings.Contains(base, "?") {
		separator = '&'
		if strings.HasSuffix(base, "?") || strings.HasSuffix(base, "&") {
			separator = 0
		}
	}
	add := func(name string) {
		for _, value := range query[name] {
			if separator != 0 {
				b.WriteByte(separator)
			}
			b.WriteString(url.QueryEscape(name) + "=" + url.QueryEscape(value))
			separator = '&'
		}
	}
	for _, name := range order {
		add(name)
	}
	others := make([]string, 0, len(query))
	for name := range query {
		if !slices.Contains(order, name) {
			others = append(others, name)
		}
	}
	slices.Sort(others)
	for _, name := range others {
		add(name)
	}
	return b.String()
}

package chat

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"
)

// errLink is for an address that a client must not follow or show.
var errLink = errors.New("addresses must begin with http:// or https://, or be empty")

// checkLinks looks at the addresses in an element's content, however deep: fields whose name ends with URL. Where they
// lead is not asked, only that a client which shows them neither runs a script nor reads its own device.
func checkLinks(fields map[string]json.RawMessage) error {
	for name, value := range fields {
		if err := checkLink(name, value); err != nil {
			return err
		}
	}
	return nil
}

func checkLink(name string, value json.RawMessage) error {
	switch value[0] {
	case '{':
		fields, err := objectOf(value)
		if err != nil {
			return err
		}
		return checkLinks(fields)
	case '[':
		list, err := arrayOf(value)
		if err != nil {
			return err
		}
		for _, one := range list {
			if err := checkLink(name, one); err != nil {
				return err
			}
		}
		return nil
	}
	if !strings.HasSuffix(fold(name), "url") {
		return nil
	}
	var link string
	if json.Unmarshal(value, &link) != nil {
		return errLink
	}
	if link == "" {
		return nil
	}
	u, err := url.Parse(link)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return errLink
	}
	return nil
}

// Package notice knows what a room's notice may be: text, or the JSON of a text and pictures,
//
//	{"text":"Be kind","images":["https://example.com/rules.png"]}
//
// with either of the two and nothing beside them. Anything else is the text that it is, as Tencent has it. testdata/forms.json holds
// what is of the form and what is not; the pages read by the same.
package notice

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// MaxImages is how many pictures a notice has at most.
const MaxImages = 6

// Notice is what a notice says.
type Notice struct {
	Text   string
	Images []string // web addresses, or paths on this server
}

// member finds a text that begins as the form does.
var member = regexp.MustCompile(`^\s*\{\s*"(text|images)"\s*:`)

// Parse takes a notice apart. One that is not of the form is all text.
func Parse(s string) (n Notice, form bool) {
	n, form, fault := parse(s)
	if !form || fault != "" {
		return Notice{Text: s}, false
	}
	return n, true
}

// Fault says what is wrong with a notice that is meant to be of the form and is not, in words for who wrote it; empty: nothing is.
// Pictures come by https, from a path, or from this server, whose public address is own.
func Fault(s, own string) string {
	n, form, fault := parse(s)
	if !form || fault != "" {
		return fault
	}
	own = strings.TrimSuffix(own, "/") + "/"
	for i, image := range n.Images {
		if strings.HasPrefix(image, "http:") && (own == "/" || !strings.HasPrefix(image, own)) {
			return imageFault(i)
		}
	}
	return ""
}

func imageFault(i int) string {
	return fmt.Sprintf("images[%d] must be an https URL or the address of a file of this server", i)
}

// parse says whether a notice is meant to be of the form, and what is wrong with it then.
func parse(s string) (n Notice, form bool, fault string) {
	if !strings.HasPrefix(strings.TrimLeft(s, " \t\r\n"), "{") {
		return n, false, ""
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(s), &members); err != nil {
		if !member.MatchString(s) {
			return n, false, ""
		}
		return n, true, `is not the JSON it begins as; give text, or {"text":"…","images":["https://…"]}`
	}
	text, hasText := members["text"]
	images, hasImages := members["images"]
	if !hasText && !hasImages {
		return n, false, ""
	}
	for name := range members {
		if name != "text" && name != "images" {
			return n, true, "may have the members text and images only"
		}
	}
	if hasText && (text[0] != '"' || json.Unmarshal(text, &n.Text) != nil) {
		return n, true, "text must be a string"
	}
	if hasImages {
		n.Images, fault = parseImages(images)
	}
	return n, true, fault
}

func parseImages(raw json.RawMessage) (images []string, fault string) {
	var all []any
	if raw[0] != '[' || json.Unmarshal(raw, &all) != nil || len(all) > MaxImages {
		return nil, fmt.Sprintf("images must be a list of at most %d addresses", MaxImages)
	}
	for i, v := range all {
		image, _ := v.(string)
		if !validImage(image) {
			return nil, imageFault(i)
		}
		images = append(images, image)
	}
	return images, ""
}

// validImage says whether browsers take an address for one of the web, and this server for the same.
func validImage(image string) bool {
	if image == "" || strings.ContainsFunc(image, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\\' }) {
		return false
	}
	u, err := url.Parse(image)
	if err != nil {
		return false
	}
	if u.Scheme == "" {
		return strings.HasPrefix(image, "/") && !strings.HasPrefix(image, "//")
	}
	return (strings.HasPrefix(image, "https://") || strings.HasPrefix(image, "http://")) && u.Hostname() != "" && u.User == nil
}

// Clean has what people read of a notice checked for words: of one of the form its text, as it is shown and not as JSON writes it.
// check returns a text with words replaced, or says that it is not allowed. What it changed nothing of stays byte for byte.
func Clean(s string, check func(text string) (clean string, blocked bool)) (clean string, blocked bool) {
	n, form := Parse(s)
	clean, blocked = check(n.Text)
	if blocked {
		return "", true
	}
	switch {
	case !form:
		return clean, false
	case clean == n.Text:
		return s, false
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(struct {
		Text   string   `json:"text"`
		Images []string `json:"images,omitempty"`
	}{clean, n.Images}); err != nil {
		panic(err) // of strings only
	}
	return strings.TrimSuffix(b.String(), "\n"), false
}

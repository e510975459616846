package file

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"liveroom/chat"
)

// FuzzFilesIn: whatever a message says, few and valid ids are found in it, and one written plainly is.
func FuzzFilesIn(f *testing.F) {
	s := &Service{addresses: testAddresses(f, "https://h")}
	id := NewID()
	url := s.addresses.file(id, "image.png")
	f.Add("see "+url, "")
	f.Add(`{"a":"`+strings.ReplaceAll(url, "/", `\/`)+`"}`, url)
	f.Add(strings.Repeat("/files/"+id+"/", 30), "/files/")
	f.Add(`{"a":"{\"b\":\"`+strings.ReplaceAll(url, "/", `\\\/`)+`\"}"}`, "")
	f.Add(`["`+strings.ReplaceAll(url, "files", `\u0066iles`)+`","\\`+strings.ReplaceAll(url, "/", `\u005c/`)+`"]`, "")
	f.Fuzz(func(t *testing.T, text, data string) {
		body, err := json.Marshal([]any{map[string]any{"MsgType": "TIMTextElem", "MsgContent": map[string]any{"Text": text}}})
		if err != nil {
			t.Fatal(err)
		}
		ids, signed := s.filesIn(&chat.Message{Body: body, CloudCustomData: data})
		if len(ids) > maxFiles {
			t.Fatalf("%d files", len(ids))
		}
		for _, one := range ids {
			if !ValidID(one) {
				t.Fatalf("found %q", one)
			}
		}
		for _, one := range signed {
			if !slices.Contains(ids, one) {
				t.Fatalf("signed %q is not among %q", one, ids)
			}
		}
		if len(ids) < maxFiles && strings.Contains(text, "/files/"+id+"/") && !slices.Contains(ids, id) {
			t.Fatalf("%q hides a file", text)
		}
		var content any
		if json.Unmarshal([]byte(text), &content) == nil && !mayShow([]byte(text)) {
			eachText(content, func(part string) {
				if address.MatchString(strings.ReplaceAll(part, `\/`, "/")) {
					t.Fatalf("%q is not read", text)
				}
			})
		}
	})
}

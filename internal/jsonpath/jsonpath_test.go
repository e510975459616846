package jsonpath

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestFind(t *testing.T) {
	const doc = `{"a":{"b":[1,{"c d":"x\"}"}, [true,null]],"é":1.50,"":0},"s":"{\"gift\":{\"id\":\"rose\",\"n\":\"\\u0037\"}}","twice":1,"twice":2,"n\u0061me":-3e2 , "text":"plain","deep":"\"[[5]]\""}`
	for _, tc := range []struct{ path, want string }{
		{"$.a.b[0]", "1"},
		{`$.a.b[1]["c d"]`, `"x\"}"`},
		{"$.a.b[2]", "[true,null]"},
		{"$.a.b[2][1]", "null"},
		{"$.a.b[3]", ""},
		{"$.a.é", "1.50"},
		{`$.a[""]`, "0"},
		{"$.a.b.c", ""},
		{"$.a[0]", ""},
		{"$.s.gift.id", `"rose"`},
		{"$.s.gift.n", `"\u0037"`},
		{"$.twice", "2"},
		{"$.name", "-3e2"},
		{"$.text.more", ""},
		{"$.deep[0]", ""}, // a string in a string: one is opened for each step
		{"$.none", ""},
	} {
		p, err := Parse(tc.path)
		if err != nil {
			t.Errorf("%s: %v", tc.path, err)
			continue
		}
		got, ok := p.Find(json.RawMessage(" \n" + doc + " "))
		if string(got) != tc.want || ok != (tc.want != "") || p.String() != tc.path {
			t.Errorf("%s: found %q, %v, want %q", p, got, ok, tc.want)
		}
	}
	whole, _ := Parse("$")
	for raw, want := range map[string]bool{"[1]": true, " 5": true, "": false, "{": false, "{}{}": false, "x": false} {
		if got, ok := whole.Find(json.RawMessage(raw)); ok != want || ok && string(got) != strings.TrimSpace(raw) {
			t.Errorf("%q: found %q, %v", raw, got, ok)
		}
	}
	if got, ok := (Path{}).Find(json.RawMessage("1")); ok {
		t.Errorf("the zero path leads to %s", got)
	}
}

func TestParse(t *testing.T) {
	for _, bad := range []string{
		"a", ".a", "$a", "$.", "$..a", "$.a b", "$[", "$[]", "$[-1]", "$[1", "$[70000]", "$['a']", `$["a`, `$["a"`, `$["\x01"]`, "$.*", "$[*]", "$ ",
		"$" + strings.Repeat(".a", 17), "$." + strings.Repeat("a", 511),
	} {
		if p, err := Parse(bad); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q", bad)) {
			t.Errorf("%q: %v, %v", bad, p, err)
		}
	}
	for _, good := range []string{"", "$", "$.a-b_9", "$" + strings.Repeat("[0]", 16), `$["a.b"]["[]"][7]`} {
		if p, err := Parse(good); err != nil || p.IsZero() != (good == "") {
			t.Errorf("%q: %v", good, err)
		}
	}
}

func TestTextAndInteger(t *testing.T) {
	for _, tc := range []struct {
		raw    string
		text   string
		number int64
		isText bool
		isInt  bool
	}{
		{`"rose"`, "rose", 0, true, false},
		{`"7"`, "7", 7, true, true},
		{"-9007199254740993", "-9007199254740993", -9007199254740993, true, true},
		{"1.0", "1.0", 0, true, false},
		{"1e3", "1e3", 0, true, false},
		{"true", "", 0, false, false},
		{"null", "", 0, false, false},
		{"[1]", "", 0, false, false},
		{"", "", 0, false, false},
		{"99999999999999999999", "99999999999999999999", 0, true, false},
	} {
		text, isText := Text(json.RawMessage(tc.raw))
		number, isInt := Integer(json.RawMessage(tc.raw))
		if text != tc.text || isText != tc.isText || isInt != tc.isInt || isInt && number != tc.number {
			t.Errorf("%s: text %q %v, number %d %v", tc.raw, text, isText, number, isInt)
		}
	}
}

// FuzzFind compares with encoding/json.
func FuzzFind(f *testing.F) {
	for _, seed := range [][2]string{
		{"$.a[1].b", `{"a":[1,{"b":"]}"}],"a":2}`}, {"$.s.x", `{"s":"{\"x\":[]}"}`}, {"$[0][0]", `[[1,2],"[3]"]`}, {"$.a", `{"\u0061":{"":{}}, "b" : null}`},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, path, doc string) {
		p, err := Parse(path)
		if err != nil || p.IsZero() {
			return
		}
		got, ok := p.Find(json.RawMessage(doc))
		want, there := slowly(p, doc)
		if ok != there {
			t.Fatalf("%s in %q: found %q, %v; encoding/json %v, %v", path, doc, got, ok, want, there)
		}
		if !ok {
			return
		}
		var value any
		if err := json.Unmarshal(got, &value); err != nil || !reflect.DeepEqual(value, want) {
			t.Fatalf("%s in %q: found %q, encoding/json %v; %v", path, doc, got, want, err)
		}
	})
}

// slowly is Find by encoding/json. Numbers that it can't hold make no difference: the text is looked at first.
func slowly(p Path, doc string) (any, bool) {
	var at json.RawMessage
	if json.Unmarshal([]byte(doc), &at) != nil {
		return nil, false
	}
	for _, s := range p.steps {
		if text := ""; at[0] == '"' {
			if json.Unmarshal(at, &text) != nil || json.Unmarshal([]byte(text), &at) != nil {
				return nil, false
			}
			at = []byte(strings.TrimSpace(string(at)))
		}
		if s.index < 0 {
			var object map[string]json.RawMessage
			if at[0] != '{' || json.Unmarshal(at, &object) != nil || object[s.name] == nil {
				return nil, false
			}
			at = object[s.name]
			continue
		}
		var array []json.RawMessage
		if at[0] != '[' || json.Unmarshal(at, &array) != nil || s.index >= len(array) {
			return nil, false
		}
		at = array[s.index]
	}
	var value any
	if json.Unmarshal(at, &value) != nil {
		return nil, false
	}
	return value, true
}

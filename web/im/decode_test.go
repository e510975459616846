package im

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
)

type sample struct {
	Name    string
	Who     Account `im:"need"`
	Number  uint32
	Maybe   *int64 `im:"code=7"`
	Big     uint64
	Raw     json.RawMessage
	Words   []string
	People  []Account
	Inner   inner
	Others  []inner
	Pointer *inner
	Renamed *string `json:"re_named"`
	embedded
}

type embedded struct{ Deep int }

type inner struct {
	Key   string `im:"need,code=8"`
	Value *string
}

func TestRequestsAreReadStrictly(t *testing.T) {
	empty, eight := "", int64(-8)
	for _, c := range []struct {
		name, body string
		want       sample
	}{
		{"all", `{"Name":"n","Who":"w","Number":4294967295,"Maybe":-8,"Big":18446744073709551615,"Raw":[1, {"x":"]"}],"Words":["a","b"],"People":["p"],` +
			`"Inner":{"Key":"k","Value":""},"Others":[{"Key":"1"},{"Key":"2"}],"Pointer":{"Key":"3"},"re_named":"","Deep":-1}`, sample{
			Name: "n", Who: "w", Number: 1<<32 - 1, Maybe: &eight, Big: 1<<64 - 1, Raw: json.RawMessage(`[1, {"x":"]"}]`), Words: []string{"a", "b"}, People: []Account{"p"},
			Inner: inner{"k", &empty}, Others: []inner{{"1", nil}, {"2", nil}}, Pointer: &inner{"3", nil}, Renamed: &empty, embedded: embedded{-1},
		}},
		{"null is as good as absent", `{"Who":"w","Name":null,"Maybe":null,"Raw":null,"Words":null,"Inner":null,"Pointer":null}`, sample{Who: "w"}},
		{"the last of a name counts", `{"Who":"a","Who":"w","Maybe":1,"Maybe":null,"Words":["a"],"Words":[]}`, sample{Who: "w", Words: []string{}}},
		{"spaces", " \r\n\t{ \"Who\" : \"w\" , \"Words\" : [ \"a\" , \"b\" ] , \"Others\" : [ ] } \n", sample{Who: "w", Words: []string{"a", "b"}, Others: []inner{}}},
		{"escapes", `{"Wh\u006f":"\u0077","Name":"\"\\\n\u4e00"}`, sample{Who: "w", Name: "\"\\\n一"}},
		{"unknown fields and other cases", `{"who":1,"WHO":{},"Who":"w","x":[{"Who":1}],"Inner2":"\\\""}`, sample{Who: "w"}},
	} {
		var got sample
		if err := shapeOf[sample]().decode(&groups, []byte(c.body), &got); err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, %v, want %+v", c.name, got, err, c.want)
		}
	}
}

func TestWhatIsWrongWithARequestIsNamed(t *testing.T) {
	for _, c := range []struct {
		body string
		code int
		info string
	}{
		{``, 60003, "the body is not JSON"},
		{`{"Who":"w"`, 60003, "the body is not JSON"},
		{`{"Who":"w"}{}`, 60003, "the body is not JSON"},
		{`{"Who":"w",}`, 60003, "the body is not JSON"},
		{"{\"Who\":\"\xff\"}", 60003, "the body is not UTF-8"},
		{`[]`, 60003, "the body must be a JSON object"},
		{`null`, 60003, "the body must be a JSON object"},
		{`"Who"`, 60003, "the body must be a JSON object"},
		{strings.Repeat(`{"x":`, 65) + "1" + strings.Repeat("}", 65), 60003, "the body nests deeper than 64 levels"},
		{strings.Repeat(`[`, 1<<17), 60003, "the body nests deeper than 64 levels"},
		{`{}`, 10004, "Who is missing"},
		{`{"Who":""}`, 10004, "Who is missing"},
		{`{"Who":1}`, 60015, "Who must be a String"},
		{`{"Who":["w"]}`, 60015, "Who must be a String"},
		{`{"Who":"w","People":["a",2]}`, 60015, "People[1] must be a String"},
		{`{"Who":"w","People":[null]}`, 60015, "People[0] must be a String"},
		{`{"Who":"w","Name":1}`, 10004, "Name must be a String"},
		{`{"Who":"w","Number":"1"}`, 10004, "Number must be an Integer from 0 to 4294967295"},
		{`{"Who":"w","Number":4294967296}`, 10004, "Number must be an Integer from 0 to 4294967295"},
		{`{"Who":"w","Number":-1}`, 10004, "Number must be an Integer from 0 to 4294967295"},
		{`{"Who":"w","Number":1.0}`, 10004, "Number must be an Integer from 0 to 4294967295"},
		{`{"Who":"w","Number":1e3}`, 10004, "Number must be an Integer from 0 to 4294967295"},
		{`{"Who":"w","Number":true}`, 10004, "Number must be an Integer from 0 to 4294967295"},
		{`{"Who":"w","Maybe":9223372036854775808}`, 7, "Maybe must be an Integer of 64 bits"},
		{`{"Who":"w","Words":"a"}`, 10004, "Words must be an Array"},
		{`{"Who":"w","Words":[{}]}`, 10004, "Words[0] must be a String"},
		{`{"Who":"w","Inner":[]}`, 10004, "Inner must be an Object"},
		{`{"Who":"w","Inner":{}}`, 8, "Inner.Key is missing"},
		{`{"Who":"w","Others":[{"Key":"1"},{"Key":2}]}`, 8, "Others[1].Key must be a String"},
		{`{"Who":"w","Others":["x"]}`, 10004, "Others[0] must be an Object"},
		{`{"Who":"w","Pointer":{"Key":"k","Value":3}}`, 10004, "Pointer.Value must be a String"},
		{`{"Number":"x"}`, 10004, "Number must be an Integer from 0 to 4294967295"}, // what is wrong goes before what is missing
	} {
		var got sample
		err := shapeOf[sample]().decode(&groups, []byte(c.body), &got)
		var refused *Error
		if !errors.As(err, &refused) || refused.Code != c.code || refused.Info != c.info {
			t.Errorf("%.60s: %v, want %d: %s", c.body, err, c.code, c.info)
		}
	}
}

// FuzzDecode holds the reader against encoding/json: whatever it takes, that takes too, and reads the same.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"Who":"w"}`, `{"Name":"n","Who":"w","Number":4294967295,"Maybe":-8,"Big":1,"Raw":[1, {"x":"]"}],"Words":["a\n","b"],"People":["p"]}`,
		`{"Who":"w","Inner":{"Key":"k","Value":""},"Others":[{"Key":"1"},{"Key":"2"}],"Pointer":{"Key":"3"},"re_named":"","Deep":-1}`,
		`{"Who" : "w" , "Words" : [ "a" , "b" ] , "Others" : [ ] }`, `{"Wh\u006f":"\ud800"}`, `{"Who":"w","Who":null}`, `{"a":"\\\"","Who":"}"}`,
		`{}`, `[]`, ``, `{"Who":1}`, `{"Who":"w","x":1e9,"y":-0.5,"z":true,"Number":0}`, "{\"Who\":\"\u00e9\u2028\"}", `{"Who":"w","Number":01}`, `{"Who":"w","Number":-0}`,
	} {
		f.Add([]byte(seed))
	}
	shape := shapeOf[sample]()
	f.Fuzz(func(t *testing.T, body []byte) {
		given := string(body)
		var got sample
		err := shape.decode(&groups, body, &got)
		if string(body) != given {
			t.Fatal("the body was changed")
		}
		if err != nil {
			var refused *Error
			if !errors.As(err, &refused) || refused.Code == 0 || refused.Info == "" {
				t.Fatalf("refused without a code: %v", err)
			}
			return
		}
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(body, &fields); err != nil {
			t.Fatalf("encoding/json: %v", err)
		}
		// Only what is named exactly, and once: there the two agree on what counts.
		for name := range fields {
			if shape.byName[name] == nil {
				delete(fields, name)
			}
		}
		exact, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		var want sample
		if err := json.Unmarshal(exact, &want); err != nil {
			t.Fatalf("encoding/json: %v", err)
		}
		if got.Name != want.Name || got.Who != want.Who || got.Number != want.Number || got.Big != want.Big || got.Deep != want.Deep ||
			!reflect.DeepEqual(got.Maybe, want.Maybe) || !reflect.DeepEqual(got.Words, want.Words) || !reflect.DeepEqual(got.People, want.People) || !reflect.DeepEqual(got.Renamed, want.Renamed) {
			t.Fatalf("%s: read %+v, encoding/json %+v", body, got, want)
		}
	})
}

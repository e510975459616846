package notice_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"liveroom/chat/notice"
)

// form is an entry of testdata/forms.json.
type form struct {
	Name, Notice, Text string
	Images             []string
	Fault              bool
}

func forms(t *testing.T) (all []form) {
	t.Helper()
	raw, err := os.ReadFile("testdata/forms.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &all); err != nil || len(all) == 0 {
		t.Fatalf("%d forms, %v", len(all), err)
	}
	return all
}

// TestForms: what is of the form, what is text, and what is meant to be of the form and refused. Whoever reads that, of a door that
// takes any text, reads it as text.
func TestForms(t *testing.T) {
	for _, f := range forms(t) {
		t.Run(f.Name, func(t *testing.T) {
			if fault := notice.Fault(f.Notice, "http://here"); (fault != "") != f.Fault {
				t.Errorf("fault %q", fault)
			}
			n, _ := notice.Parse(f.Notice)
			want := f.Text
			if f.Fault {
				want = f.Notice
			}
			if n.Text != want || !slices.Equal(n.Images, f.Images) {
				t.Errorf("%+v", n)
			}
		})
	}
}

// TestPicturesWithoutTLS come from this server only.
func TestPicturesWithoutTLS(t *testing.T) {
	for _, tc := range []struct {
		image, own string
		fault      bool
	}{
		{"http://here:8080/files/a.png", "http://here:8080", false},
		{"http://here:8080/files/a.png", "http://here:8080/", false},
		{"http://here:8080.evil.example/a.png", "http://here:8080", true},
		{"http://a.example/a.png", "http://here:8080", true},
		{"http://a.example/a.png", "", true},
		{"https://a.example/a.png", "", false},
	} {
		if fault := notice.Fault(`{"images":["`+tc.image+`"]}`, tc.own); (fault != "") != tc.fault {
			t.Errorf("%+v: %q", tc, fault)
		}
	}
}

// TestCleanChecksWhatPeopleRead, however JSON writes it.
func TestCleanChecksWhatPeopleRead(t *testing.T) {
	words := func(text string) (string, bool) {
		return strings.ReplaceAll(text, "darn", "****"), strings.Contains(text, "awful")
	}
	for _, tc := range []struct{ notice, want string }{
		{"darn it", "**** it"},
		{`{"other":"darn"}`, `{"other":"****"}`},
		{`{"text":"d\u0061rn <it>"}`, `{"text":"**** <it>"}`},
		{`{ "images":["https://a.example/darn.png"], "text":"fine" }`, `{ "images":["https://a.example/darn.png"], "text":"fine" }`},
		{`{"images":["/darn.png"],"text":"darn"}`, `{"text":"****","images":["/darn.png"]}`},
		{`{"text":"darn",`, `{"text":"****",`},
	} {
		if got, blocked := notice.Clean(tc.notice, words); blocked || got != tc.want {
			t.Errorf("%s: %s, %v", tc.notice, got, blocked)
		}
	}
	for _, bad := range []string{"awful", `{"text":"\u0061wful"}`} {
		if got, blocked := notice.Clean(bad, words); !blocked || got != "" {
			t.Errorf("%s: %q, %v", bad, got, blocked)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"", "{", `{"text":"hi","images":["https://a.example/1"]}`, `{"images":["/1"]}`, `{"text":`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, form := notice.Parse(s)
		if !form && (n.Text != s || n.Images != nil) {
			t.Errorf("%q: %+v", s, n)
		}
		for _, image := range n.Images {
			if !strings.HasPrefix(image, "https://") && !strings.HasPrefix(image, "http://") && image[0] != '/' {
				t.Errorf("%q: %q", s, image)
			}
		}
		same := func(text string) (string, bool) { return text, false }
		if got, blocked := notice.Clean(s, same); got != s || blocked {
			t.Errorf("%q: %q", s, got)
		}
	})
}

package replay_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"liveroom/chat/replay"
)

// FuzzDoor asks anything of a recording whose chunk holds anything: the answer is JSON, a list or what is wrong, and what it says to go
// on with is taken.
func FuzzDoor(f *testing.F) {
	f.Add("from=0&to=1000", "000000000000-a-1.ndjson", `{"at":1,"seq":2,"from":"a","nick":"","avatar":"","body":[]}`)
	f.Add("from=0&to=600000&limit=1&cursor=0-1-2", "000000000000-a-1.ndjson", "{\"at\":1,\"seq\":2,\"body\":1}\n{\"at\":1,\"seq\":3,\"body\":2}")
	f.Add("cursor=1-9223372036854775807-18446744073709551615", "x-1", "\n\n\xff")
	f.Add("from=99999999999999999999", "999999999999-a-1.ndjson", `{"at":9223372036854775807,"seq":18446744073709551615,"body":{}}`)
	f.Fuzz(func(t *testing.T, query, name, chunk string) {
		st := &stage{t: t, store: newShelf(), lib: &library{spans: make(map[string][]replay.Span)}}
		ended := time.Now()
		st.lib.recs = []replay.Recording{{ID: "r1", Group: "demo", Began: ended.Add(-time.Minute), Ended: ended}}
		st.lib.spans["r1"] = []replay.Span{{Start: 5, Duration: 1000}, {Start: 2000, Duration: 1 << 40}}
		st.store.objects["rec/r1/chat/"+name] = []byte(chunk)
		s, err := replay.New(st.config(), st.lib, st.store, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			w := httptest.NewRecorder()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/live/demo/v/sid/chat", nil)
			r.URL.RawQuery = query
			s.ServeChat(w, r, []string{"r1", "r1"})
			var got struct {
				Items []replay.Item
				Next  *string
				Field string
			}
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
				t.Fatalf("%s: %v", w.Body, err)
			}
			switch {
			case w.Code == http.StatusBadRequest && got.Field != "":
				return
			case w.Code != http.StatusOK:
				t.Fatalf("answered %d %s", w.Code, w.Body)
			case got.Next == nil:
				return
			}
			q, _ := url.ParseQuery(query)
			q.Set("cursor", *got.Next)
			query = strings.TrimPrefix(q.Encode(), "?")
		}
	})
}

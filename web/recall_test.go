package web_test

import (
	"strings"
	"testing"
)

// TestRecallAndVerdictOverREST: by token or anchor; the body is gone from the history.
func TestRecallAndVerdictOverREST(t *testing.T) {
	b := newBench(t, nil)
	b.createRoom("demo")
	path := "/api/v1/rooms/demo/messages"
	for range 3 {
		b.do(200, "POST", path, apiToken, `{"text":"a secret"}`)
	}
	b.do(204, "DELETE", path+"/1?reason=oops", apiToken, nil)
	b.do(204, "DELETE", path+"/1", b.userSig("alice"), nil)
	b.do(204, "POST", path+"/2/verdict", b.userSig("alice"), `{"verdict":"block","reason":"spam"}`)
	b.do(204, "POST", path+"/3/verdict", apiToken, `{"verdict":"pass"}`)
	history := b.do(200, "GET", path, "", nil)
	if n := strings.Count(history.raw, "a secret"); n != 1 {
		t.Errorf("%d bodies are left in %s", n, history.raw)
	}
	for _, want := range []string{`"body":[],"cloudCustomData":"","withdrawn":"recalled"`, `"withdrawn":"blocked"`} {
		if !strings.Contains(history.raw, want) {
			t.Errorf("no %s in %s", want, history.raw)
		}
	}
	for _, tc := range []struct {
		method, path, auth, body string
		status                   int
		code                     string
	}{
		{"DELETE", path + "/1", b.userSig("bob"), "", 403, "no_permission"},
		{"POST", path + "/1/verdict", b.userSig("bob"), `{"verdict":"block"}`, 403, "no_permission"},
		{"DELETE", path + "/9", apiToken, "", 404, "no_such_message"},
		{"DELETE", path + "/0", apiToken, "", 422, "invalid"},
		{"DELETE", path + "/-1", apiToken, "", 422, "invalid"},
		{"POST", path + "/2/verdict", apiToken, `{"verdict":"pass"}`, 409, "not_recallable"},
		{"POST", path + "/2/verdict", apiToken, `{"verdict":"maybe"}`, 422, "invalid"},
		{"DELETE", "/api/v1/rooms/none/messages/1", apiToken, "", 404, "not_found"},
	} {
		var body any
		if tc.body != "" {
			body = tc.body
		}
		if a := b.request(tc.method, tc.path, tc.auth, body); a.status != tc.status || a.code() != tc.code {
			t.Errorf("%s %s %s = %s", tc.method, tc.path, tc.body, a.raw)
		}
	}
}

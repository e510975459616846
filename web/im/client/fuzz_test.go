package client_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"liveroom/status"
	"liveroom/web/im/client"
)

// FuzzAnswers lets a host answer anything to every command: an announcement ends, and what it says of it has no UserSig.
func FuzzAnswers(f *testing.F) {
	for _, seed := range []string{
		`{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":""}`,
		`{"ActionStatus":"FAIL","ErrorCode":10010,"ErrorInfo":"gone"}`,
		`{"ActionStatus":"FAIL","ErrorCode":70001,"ErrorInfo":"expired"}`,
		`{"ErrorCode":0,"GroupAttrAry":[{"key":"live_status","value":"{\"epoch\":\"01J\",\"version\":18446744073709551615}"}]}`,
		`{"ErrorCode":0,"GroupAttrAry":[{"key":"live_status","value":7}]}`,
		`{"ErrorCode":0,"GroupAttrAry":[null],"MsgDropReason":"MsgFreqCtrl"}`,
		`{"ErrorCode":1e400}`, `null`, `[]`, ``, "\x00\xff",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		var sig string
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			sig = r.URL.Query().Get("usersig") // one call at a time
			_, _ = w.Write(answer)
		}))
		defer s.Close()
		c := newClient(t, client.Config{BaseURL: s.URL, Signer: signer})
		err := client.NewAnnouncer(c, true).To(show).ApplyStatus(t.Context(), record(1, status.ReasonCreated))
		if err == nil {
			return
		}
		if _, refused := errors.AsType[*client.Error](err); !refused && !errors.Is(err, client.ErrUnreachable) && !errors.Is(err, client.ErrDropped) {
			t.Errorf("%v", err)
		}
		if sig == "" || strings.Contains(err.Error(), sig) {
			t.Errorf("with the UserSig, or without a call: %v", err)
		}
	})
}

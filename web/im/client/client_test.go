package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"liveroom/chat/account"
	"liveroom/web/im/client"
)

// signer is an application of the tests.
var signer = account.Signer{AppID: 1400000001, Key: "a key that nobody must ever read"}

// host serves answer as an IM host and returns a client of it.
func host(t *testing.T, answer http.HandlerFunc) *client.Client {
	t.Helper()
	s := httptest.NewServer(answer)
	t.Cleanup(s.Close)
	return newClient(t, client.Config{BaseURL: s.URL, Signer: signer})
}

func newClient(t *testing.T, cfg client.Config) *client.Client {
	t.Helper()
	c, err := client.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestCallIsWhatTencentsHostsWant(t *testing.T) {
	c := host(t, func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		claims, err := signer.VerifyFor("administrator", q.Get("usersig"), time.Now())
		if err != nil || claims.ExpiresAt.Before(time.Now().Add(23*time.Hour)) {
			t.Errorf("UserSig: %+v, %v", claims, err)
		}
		body, _ := io.ReadAll(r.Body)
		if r.Method != http.MethodPost || r.URL.Path != "/v4/im_open_login_svc/account_import" || q.Get("sdkappid") != "1400000001" ||
			q.Get("identifier") != "administrator" || q.Get("random") == "" || q.Get("contenttype") != "json" ||
			string(body) != `{"UserID":"alice"}` {
			t.Errorf("%s %s\n%s", r.Method, r.URL, body)
		}
		_, _ = io.WriteString(w, `{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":"","FailAccounts":["bob"]}`)
	})
	var out struct{ FailAccounts []string }
	err := c.Call(t.Context(), "im_open_login_svc", "account_import", map[string]string{"UserID": "alice"}, &out)
	if err != nil || len(out.FailAccounts) != 1 || out.FailAccounts[0] != "bob" {
		t.Errorf("%+v, %v", out, err)
	}
}

func TestConnectionsAreKept(t *testing.T) {
	var opened atomic.Int64
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":""}`)
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	c := newClient(t, client.Config{BaseURL: s.URL + "/", Signer: signer})
	for range 20 {
		if err := c.Call(t.Context(), "s", "c", struct{}{}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if n := opened.Load(); n != 1 {
		t.Errorf("%d connections for 20 calls", n)
	}
}

func TestRefusals(t *testing.T) {
	for _, tc := range []struct {
		code                 int
		temporary, unwelcome bool
	}{
		{10002, true, false},
		{10010, false, false},
		{10004, false, false},
		{10049, true, false},
		{60007, true, false},
		{60010, false, true},
		{60020, false, true},
		{70009, false, true},
		{70020, false, true},
		{70500, true, false},
		{90012, false, false},
	} {
		t.Run(fmt.Sprint(tc.code), func(t *testing.T) {
			c := host(t, func(w http.ResponseWriter, _ *http.Request) {
				_, _ = fmt.Fprintf(w, `{"ActionStatus":"FAIL","ErrorCode":%d,"ErrorInfo":"so it is"}`, tc.code)
			})
			err := c.Call(t.Context(), "s", "destroy_group", struct{}{}, nil)
			refused, ok := errors.AsType[*client.Error](err)
			if !ok || refused.Code != tc.code || refused.Command != "destroy_group" || refused.Info != "so it is" {
				t.Fatal(err)
			}
			if refused.Temporary() != tc.temporary || refused.Unwelcome() != tc.unwelcome {
				t.Errorf("temporary %v, unwelcome %v", refused.Temporary(), refused.Unwelcome())
			}
		})
	}
}

// TestWhatNoHostShouldAnswer lets a host answer what is none of Tencent's answers.
func TestWhatNoHostShouldAnswer(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("the UserSig was carried on to %s", r.URL)
	}))
	t.Cleanup(elsewhere.Close)
	for name, answer := range map[string]http.HandlerFunc{
		"502":            func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) },
		"a page":         func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") },
		"nothing":        func(http.ResponseWriter, *http.Request) {},
		"another object": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"code":0}`) },
		"another type":   func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"ErrorCode":0,"Member":7}`) },
		"code as text":   func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"ErrorCode":"0"}`) },
		"without an end": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.Copy(w, io.LimitReader(spaces{}, 64<<20)) // the client hangs up long before
		},
		"another address": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL+r.URL.RequestURI(), http.StatusTemporaryRedirect)
		},
		"hanging up": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			var sig atomic.Value
			c := host(t, func(w http.ResponseWriter, r *http.Request) {
				sig.Store(r.URL.Query().Get("usersig"))
				answer(w, r)
			})
			var out struct{ Member string }
			err := c.Call(t.Context(), "s", "c", struct{}{}, &out)
			if !errors.Is(err, client.ErrUnreachable) {
				t.Fatal(err)
			}
			if strings.Contains(err.Error(), sig.Load().(string)) {
				t.Errorf("the error has the UserSig in it: %v", err)
			}
		})
	}
}

// spaces is white space without an end.
type spaces struct{}

func (spaces) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestHostThatDoesNotAnswer(t *testing.T) {
	done := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-done }))
	t.Cleanup(s.Close)
	t.Cleanup(func() { close(done) })
	slow := newClient(t, client.Config{BaseURL: s.URL, Signer: signer, Timeout: 100 * time.Millisecond})
	if err := slow.Call(t.Context(), "s", "c", struct{}{}, nil); !errors.Is(err, client.ErrUnreachable) {
		t.Errorf("no answer: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := slow.Call(ctx, "s", "c", struct{}{}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	nobody := newClient(t, client.Config{BaseURL: gone.URL, Signer: signer})
	err := nobody.Call(t.Context(), "s", "c", struct{}{}, nil)
	if !errors.Is(err, client.ErrUnreachable) || strings.Contains(err.Error(), "usersig") || strings.Contains(err.Error(), "eJ") {
		t.Errorf("nobody there: %v", err)
	}
}

// TestNothingTellsTheSecrets looks for key and UserSig where they might come out, a host that repeats its caller included.
func TestNothingTellsTheSecrets(t *testing.T) {
	c := host(t, func(w http.ResponseWriter, r *http.Request) {
		info, _ := json.Marshal("not valid: " + r.URL.Query().Get("usersig") + strings.Repeat("ü", 1000))
		_, _ = fmt.Fprintf(w, `{"ActionStatus":"FAIL","ErrorCode":70003,"ErrorInfo":%s}`, info)
	})
	err := c.Call(t.Context(), "s", "c", struct{}{}, nil)
	refused, ok := errors.AsType[*client.Error](err)
	if !ok || !strings.HasPrefix(refused.Info, "not valid: …ü") || len(refused.Info) > 300 {
		t.Errorf("%v", err)
	}
	cfg := client.Config{BaseURL: "ftp://h", Signer: signer}
	_, err = client.New(cfg)
	for _, text := range []string{fmt.Sprintf("%v %+v", cfg, cfg), fmt.Sprintf("%#v", cfg), err.Error()} {
		if strings.Contains(text, signer.Key) {
			t.Errorf("the key is in %s", text)
		}
	}
}

// TestWhoRepeatsTheRequestTellsNoSecret: as it went over the wire, in words of an envelope or in place of HTTP.
func TestWhoRepeatsTheRequestTellsNoSecret(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(conn, conn)
				_ = conn.Close()
			}()
		}
	}()
	for name, c := range map[string]*client.Client{
		"an echo": newClient(t, client.Config{BaseURL: "http://" + ln.Addr().String(), Signer: signer}),
		"a host": host(t, func(w http.ResponseWriter, r *http.Request) {
			info, _ := json.Marshal(r.URL.RawQuery[max(0, strings.Index(r.URL.RawQuery, "usersig=")):])
			_, _ = fmt.Fprintf(w, `{"ActionStatus":"FAIL","ErrorCode":60002,"ErrorInfo":%s}`, info)
		}),
	} {
		err := c.Call(t.Context(), "s", "c", struct{}{}, nil)
		if err == nil || !strings.Contains(err.Error(), "usersig=…") || strings.Contains(err.Error(), "usersig=e") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestExpiredSigIsRenewed(t *testing.T) {
	for _, code := range []int{70001, 70052} {
		var calls atomic.Int64
		c := host(t, func(w http.ResponseWriter, _ *http.Request) {
			if calls.Add(1) == 1 {
				_, _ = fmt.Fprintf(w, `{"ActionStatus":"FAIL","ErrorCode":%d,"ErrorInfo":"no more"}`, code)
				return
			}
			_, _ = io.WriteString(w, `{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":""}`)
		})
		if err := c.Call(t.Context(), "s", "c", struct{}{}, nil); err != nil || calls.Load() != 2 {
			t.Errorf("%d: %v after %d calls", code, err, calls.Load())
		}
	}
}

func TestConfigThatIsNoGood(t *testing.T) {
	for name, cfg := range map[string]client.Config{
		"no address":     {Signer: signer},
		"no host":        {BaseURL: "https://", Signer: signer},
		"other scheme":   {BaseURL: "ws://h", Signer: signer},
		"with a path":    {BaseURL: "https://h/v4", Signer: signer},
		"with a query":   {BaseURL: "https://h?a=b", Signer: signer},
		"with a login":   {BaseURL: "https://u:p@h", Signer: signer},
		"no application": {BaseURL: "https://h", Signer: account.Signer{Key: "k"}},
		"no key":         {BaseURL: "https://h", Signer: account.Signer{AppID: 1}},
		"admin":          {BaseURL: "https://h", Signer: signer, Admin: "two words"},
	} {
		if _, err := client.New(cfg); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

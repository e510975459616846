package web_test

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"liveroom/web"
)

// held is a media handler that holds its requests until it is told to let go.
type held struct{ began, let chan struct{} }

func (h held) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.began <- struct{}{}
	select {
	case <-h.let:
	case <-r.Context().Done():
	}
}

// An event stream of the chat lasts for hours. It takes none of the places that its own POSTs need.
func TestStreamsOfTheChatAreNoRequestsUnderWay(t *testing.T) {
	h := held{make(chan struct{}, 10), make(chan struct{})}
	b := newBench(t, func(cfg *web.Config, deps *web.Deps) { cfg.MaxPerAddress, deps.Socket = 1, h })
	ended := make(chan struct{})
	for range 2 {
		go func() {
			b.request("GET", "/chat/stream", "", nil)
			ended <- struct{}{}
		}()
		<-h.began
	}
	close(h.let)
	b.request("POST", "/chat/stream/key", "", nil)
	<-h.began
	for range 2 {
		<-ended
	}
	if n := b.figure("liveroom_requests_crowded_total"); n != 0 {
		t.Errorf("%v crowded", n)
	}
}

// One address may not have more under way than sockets, even if one connection of HTTP/2 or a proxy carries them all.
func TestRequestsOfOneAddressAreLimited(t *testing.T) {
	h := held{make(chan struct{}, 10), make(chan struct{})}
	b := newBench(t, func(cfg *web.Config, deps *web.Deps) {
		cfg.MaxPerAddress, deps.Media = 2, h
		cfg.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	})
	ts := httptest.NewUnstartedServer(b.server)
	ts.EnableHTTP2 = true
	ts.StartTLS()
	defer ts.Close()
	client := ts.Client()
	client.Transport.(*http.Transport).TLSClientConfig.MinVersion = tls.VersionTLS12
	get := func(ctx context.Context, from, path string) (status, proto int) {
		req, err := http.NewRequestWithContext(ctx, "GET", ts.URL+path, nil)
		must(t, err)
		req.Header.Set("X-Forwarded-For", from)
		resp, err := client.Do(req)
		if err != nil {
			return 0, 0 // given up below
		}
		defer func() { _ = resp.Body.Close() }()
		_, _ = io.Copy(io.Discard, resp.Body)
		return resp.StatusCode, resp.ProtoMajor
	}
	first := make(chan int, 2)
	for range 2 {
		go func() {
			status, _ := get(t.Context(), "2001:db8::1", "/live/demo.flv")
			first <- status
		}()
		<-h.began
	}
	for _, path := range []string{"/live/demo.flv", "/api/v1/rooms", "/chat"} {
		if status, proto := get(t.Context(), "2001:db8::2", path); status != http.StatusTooManyRequests || proto != 2 {
			t.Errorf("third request of the same /64, %s = %d over HTTP/%d", path, status, proto)
		}
	}
	if status, _ := get(t.Context(), "2001:db8:0:1::1", "/api/v1/rooms"); status != http.StatusOK {
		t.Errorf("another address = %d", status)
	}
	if n := b.figure("liveroom_requests_crowded_total"); n != 3 {
		t.Errorf("%v counted", n)
	}
	close(h.let)
	for range 2 {
		if status := <-first; status != http.StatusOK {
			t.Errorf("one of the first = %d", status)
		}
	}
	if status, _ := get(t.Context(), "2001:db8::1", "/api/v1/rooms"); status != http.StatusOK {
		t.Errorf("when they are over = %d", status)
	}
}

func TestTheLimitOfAnAddressCanBeTurnedOff(t *testing.T) {
	h := held{make(chan struct{}, 1000), make(chan struct{})}
	b := newBench(t, func(cfg *web.Config, deps *web.Deps) { cfg.MaxPerAddress, deps.Media = -1, h })
	done := make(chan struct{})
	const many = 600
	for range many {
		go func() {
			r := httptest.NewRequest("GET", "/live/demo.flv", nil)
			b.server.ServeHTTP(httptest.NewRecorder(), r)
			done <- struct{}{}
		}()
	}
	for range many {
		<-h.began
	}
	close(h.let)
	for range many {
		<-done
	}
}

// detaching is a media handler whose request goes on after it has returned.
type detaching struct{ done chan func() }

func (d detaching) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	d.done <- w.(interface{ Detach() (done func()) }).Detach()
}

func TestARequestThatOutlastsItsHandlerKeepsItsPlace(t *testing.T) {
	h := detaching{make(chan func(), 1)}
	b := newBench(t, func(cfg *web.Config, deps *web.Deps) { cfg.MaxPerAddress, deps.Media = 1, h })
	get := func(path string) int {
		w := httptest.NewRecorder()
		b.server.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		return w.Code
	}
	get("/live/demo.flv")
	done := <-h.done
	if status := get("/api/v1/rooms"); status != http.StatusTooManyRequests {
		t.Errorf("while it plays = %d", status)
	}
	done()
	if status := get("/api/v1/rooms"); status != http.StatusOK {
		t.Errorf("when it is over = %d", status)
	}
}

// busyHeld is held, and says itself when an address has too many requests under way.
type busyHeld struct{ held }

func (busyHeld) ServeBusy(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "busy") }

// Backends of Tencent's API look for their envelope whatever the HTTP status.
func TestCommandsOfACrowdedAddressAreTurnedAwayByTheirDoor(t *testing.T) {
	h := busyHeld{held{make(chan struct{}, 10), make(chan struct{})}}
	b := newBench(t, func(cfg *web.Config, deps *web.Deps) { cfg.MaxPerAddress, deps.IM = 1, h })
	ended := make(chan struct{})
	go func() {
		b.request("POST", "/v4/openim/sendmsg", "", nil)
		close(ended)
	}()
	<-h.began
	if a := b.request("POST", "/v4/openim/sendmsg", "", nil); a.status != http.StatusOK || a.raw != "busy" {
		t.Errorf("%d %s", a.status, a.raw)
	}
	if a := b.request("GET", "/api/v1/rooms", "", nil); a.status != http.StatusTooManyRequests {
		t.Errorf("the API: %d", a.status)
	}
	close(h.let)
	<-ended
}

package callback

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"

	"liveroom/web/callback/delivery"
)

const testApp = 1400000001

// reception is one request as a receiver got it.
type reception struct {
	query  url.Values
	line   string // the query as it was written
	header http.Header
	body   string
}

// backend is a receiver that answers what it is told to.
type backend struct {
	*httptest.Server
	mu     sync.Mutex
	got    []reception
	answer func(w http.ResponseWriter, r reception)
}

func newBackend(t *testing.T, answer func(w http.ResponseWriter, r reception)) *backend {
	t.Helper()
	b := &backend{answer: answer}
	b.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got := reception{r.URL.Query(), r.URL.RawQuery, r.Header, string(body)}
		b.mu.Lock()
		b.got = append(b.got, got)
		b.mu.Unlock()
		b.answer(w, got)
	}))
	t.Cleanup(b.Close)
	return b
}

// says is an answer with a status and a body.
func says(status int, body string) func(http.ResponseWriter, reception) {
	return func(w http.ResponseWriter, _ reception) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func (b *backend) received() []reception {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.got
}

// last is the newest request.
func (b *backend) last(t *testing.T) reception {
	t.Helper()
	got := b.received()
	if len(got) == 0 {
		t.Fatal("nothing was received")
	}
	return got[len(got)-1]
}

func client(t *testing.T) *Client {
	c := NewClient(everywhere)
	t.Cleanup(c.Close)
	return c
}

// registryOf has the endpoints given, enabled.
func registryOf(t *testing.T, all ...Endpoint) *Registry {
	t.Helper()
	r, err := NewRegistry(t.Context(), NewEndpointMemory())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		e.Enabled = true
		if _, err := r.Create(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// kept is a Queue that keeps what is appended.
type kept struct {
	events    []delivery.Event
	settled   int
	unsettled error
}

func (k *kept) Append(events ...delivery.Event) { k.events = append(k.events, events...) }
func (k *kept) Settle(context.Context) error    { k.settled++; return k.unsettled }

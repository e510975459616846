package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	tillKey   = "event_key_000007"
	tillCoins = 1000 // what every user has at first
)

// hostileTill is a business backend that settles gifts, as docs/callbacks.md tells it to: what it decided of an order it says again
// whenever it is asked. How it answers the first time is another matter.
type hostileTill struct {
	*httptest.Server
	t *testing.T

	mu      sync.Mutex
	spent   map[string]int64  // by user
	decided map[string]string // by event id: accepted or refused
	asked   map[string]int    // how often, by event id
	ways    map[string]int    // how it misbehaved, and how often
	told    map[string]int64  // values of gift.settled, by event id
}

// tillOrder is what a backend reads of an order.
type tillOrder struct {
	ID    string `json:"id"`
	Group string `json:"group"`
	From  string `json:"from"`
	State string `json:"state"`
	Count int    `json:"count"`
	Price int64  `json:"price"`
	Value int64  `json:"value"`
}

func newHostileTill(t *testing.T) *hostileTill {
	t.Helper()
	b := &hostileTill{t: t, spent: map[string]int64{}, decided: map[string]string{}, asked: map[string]int{}, ways: map[string]int{}, told: map[string]int64{}}
	b.Server = httptest.NewServer(b)
	t.Cleanup(b.Close)
	return b
}

// flags and env let a node ask it.
func (b *hostileTill) flags() []string {
	return []string{"--gift-settlement=callback", "--callback-private=127.0.0.0/8", "--event-callback-url=" + b.URL, "--event-callback-events=*,gift.settle"}
}

func (b *hostileTill) env() []string { return []string{"LIVEROOM_EVENT_CALLBACK_KEY=" + tillKey} }

// ServeHTTP checks who asks, decides, and answers in the way that is the order's.
func (b *hostileTill) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	mac := hmac.New(sha256.New, []byte(tillKey))
	_, _ = fmt.Fprintf(mac, "%s.%s", r.Header.Get("Liveroom-Timestamp"), raw)
	if !hmac.Equal([]byte("v1="+hex.EncodeToString(mac.Sum(nil))), []byte(r.Header.Get("Liveroom-Signature"))) {
		b.t.Errorf("not signed: %s", raw)
	}
	var in struct {
		Event   string
		Attempt int
		Order   tillOrder
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		b.t.Errorf("%s: %v", raw, err)
	}
	id := r.Header.Get("Liveroom-Event-Id")
	switch in.Event {
	case "gift.settle":
		b.settle(w, r, id, in.Order)
	case "gift.settled":
		b.mu.Lock()
		b.told[id] = in.Order.Value
		b.mu.Unlock()
	}
}

func (b *hostileTill) settle(w http.ResponseWriter, r *http.Request, id string, o tillOrder) {
	b.mu.Lock()
	b.asked[id]++
	first := b.asked[id] == 1
	h := fnv.New32a()
	_, _ = io.WriteString(h, id)
	way := []string{"well", "late", "twice", "never", "garbage", "both", "500", "closed", "cut"}[h.Sum32()%9]
	if first {
		b.ways[way]++
	}
	if b.decided[id] == "" && (!first || way != "closed") { // closed: before it decided anything
		b.decided[id] = "refused"
		if b.spent[o.From]+o.Value <= tillCoins && o.Price*int64(o.Count) == o.Value {
			b.decided[id] = "accepted"
			b.spent[o.From] += o.Value
		}
	}
	reply := `{"result":"` + b.decided[id] + `","reason":"not enough coins"}`
	b.mu.Unlock()
	if !first {
		way = "well"
	}
	switch way {
	case "well":
		_, _ = io.WriteString(w, reply)
	case "late":
		select {
		case <-r.Context().Done():
		case <-time.After(2200 * time.Millisecond): // just too late
		}
		_, _ = io.WriteString(w, reply)
	case "twice":
		raw := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(reply), reply)
		b.raw(w, raw+raw)
	case "never":
		<-r.Context().Done()
	case "garbage":
		_, _ = io.WriteString(w, "<html>"+reply)
	case "both":
		_, _ = io.WriteString(w, `{"result":"accepted","result":"refused"}`)
	case "500":
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = io.WriteString(w, reply)
	case "closed":
		b.raw(w, "")
	case "cut":
		b.raw(w, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"+reply)
	}
}

// raw writes bytes on the connection and closes it.
func (b *hostileTill) raw(w http.ResponseWriter, text string) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		b.t.Error(err)
		return
	}
	_, _ = io.Copy(conn, bytes.NewReader([]byte(text)))
	_ = conn.Close()
}

// books are what it charged each user, in which orders, and which it refused.
func (b *hostileTill) books() (spent map[string]int64, accepted, refused int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	spent = map[string]int64{}
	for user, value := range b.spent {
		if value > 0 {
			spent[user] = value
		}
	}
	for _, d := range b.decided {
		if d == "accepted" {
			accepted++
		} else {
			refused++
		}
	}
	return spent, accepted, refused
}

// heard is how many entries of the ledger it was told of, and their value.
func (b *hostileTill) heard() (n int, value int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, v := range b.told {
		if !strings.HasPrefix(id, "gift.settled:") {
			b.t.Errorf("told under the id %q", id)
		}
		n, value = n+1, value+v
	}
	return n, value
}

package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// Node is one way into the installation. Its addresses stay over its restarts.
type Node struct {
	Name string
	HTTP string // host:port
	RTMP string // host:port
}

// World is what the actors live in.
type World struct {
	Seed    uint64
	Nodes   []Node
	Token   string                   // of the API
	Sign    func(user string) string // makes a UserSig
	History *History

	once sync.Once
	rest *http.Client
}

// patience is how long an actor waits for an answer before it takes the line for dead.
const patience = 5 * time.Second

// rng is an actor's own source of choices.
func (w *World) rng(who string) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(who)) // never fails
	return rand.New(rand.NewPCG(w.Seed, h.Sum64()))
}

// any is a node.
func (w *World) any(rng *rand.Rand) Node { return w.Nodes[rng.IntN(len(w.Nodes))] }

func (w *World) client() *http.Client {
	w.once.Do(func() {
		w.rest = &http.Client{Timeout: patience, Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
	})
	return w.rest
}

// Close lets go of idle connections.
func (w *World) Close() { w.client().CloseIdleConnections() }

// call does one request of the API with the token.
func (w *World) call(ctx context.Context, n Node, method, path string, body, out any) Outcome {
	var in io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return Refused
		}
		in = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://"+n.HTTP+path, in)
	if err != nil {
		return Refused
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+w.Token)
	resp, err := w.client().Do(req)
	if err != nil {
		return Unknown
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	switch {
	case err != nil || resp.StatusCode >= 500:
		return Unknown
	case resp.StatusCode >= 300:
		return Refused
	case out != nil && json.Unmarshal(raw, out) != nil:
		return Unknown
	}
	return Done
}

// pause waits about d, or until ctx ends, which it tells by false.
func pause(ctx context.Context, rng *rand.Rand, d time.Duration) bool {
	timer := time.NewTimer(d/2 + time.Duration(rng.Int64N(int64(d))))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

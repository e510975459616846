package delivery

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"sync"
	"time"
)

// How long a node waits for the courier's answer.
const (
	askTimeout = 1800 * time.Millisecond
	tryWait    = 30 * time.Second // where it makes a try first
)

// request is what a node asks of the courier.
type request struct {
	Do       string // a method of Service
	Endpoint string
	N        []uint64
	Limit    int
	Event    *Event
}

// reply is the courier's answer.
type reply struct {
	Figures map[string]Figures
	Tries   []Try
	Count   int
	Result  Result
	Took    time.Duration
	Err     string
}

// failures of a reply that the asker knows again.
var failures = []error{ErrNoEndpoint, ErrUnsettled}

// courier does something with the Service if this node has it, and asks the node that does otherwise.
func (n *Node) courier(ctx context.Context, wait time.Duration, r request) (a reply, err error) {
	n.mu.Lock()
	s := n.service
	n.mu.Unlock()
	if s != nil {
		return s.do(ctx, r)
	}
	text, err := json.Marshal(r)
	if err != nil {
		return a, err
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	text, err = n.exchange.Ask(ctx, Question{ID: rand.Text(), Text: text})
	if err != nil {
		return a, err
	}
	if err := json.Unmarshal(text, &a); err != nil {
		return a, err
	}
	if a.Err == "" {
		return a, nil
	}
	for _, known := range failures {
		if a.Err == known.Error() {
			return a, known
		}
	}
	return a, errors.New(a.Err)
}

// do does what is asked for.
func (s *Service) do(ctx context.Context, r request) (a reply, err error) {
	switch r.Do {
	case "figures":
		a.Figures, err = s.AllFigures(ctx)
	case "tries":
		a.Tries, err = s.Tries(ctx, r.Endpoint, r.Limit)
	case "replay":
		a.Count, err = s.Replay(ctx, r.Endpoint, r.N...)
	case "delete":
		a.Count, err = s.DeleteDead(ctx, r.Endpoint, r.N...)
	case "settle":
		err = s.Settle(ctx)
	case "try":
		if r.Event == nil {
			return a, errors.New("delivery: no event to try")
		}
		a.Result, a.Took, err = s.Try(ctx, *r.Event)
	default:
		err = errors.New("delivery: unknown question " + r.Do)
	}
	return a, err
}

// answerAll answers what other nodes ask, until ctx ends.
func (n *Node) answerAll(ctx context.Context, s *Service, asked <-chan struct{}) {
	var wg sync.WaitGroup
	defer wg.Wait()
	tick := time.NewTicker(inboxEvery)
	defer tick.Stop()
	for {
		all, _ := n.exchange.Questions(ctx) // who asked will hear of it
		for _, q := range all {
			wg.Go(func() { n.answer(ctx, s, q) })
		}
		select {
		case <-ctx.Done():
			return
		case <-asked:
		case <-tick.C:
		}
	}
}

func (n *Node) answer(ctx context.Context, s *Service, q Question) {
	var r request
	err := json.Unmarshal(q.Text, &r)
	var a reply
	if err == nil {
		a, err = s.do(ctx, r)
	}
	if err != nil {
		a.Err = err.Error()
	}
	text, err := json.Marshal(a)
	if err == nil {
		err = n.exchange.Answer(ctx, q.ID, text)
	}
	if err != nil && ctx.Err() == nil {
		n.log.Warn("another node's question about callbacks is not answered", "question", r.Do, "err", err)
	}
}

// AllFigures is Service.AllFigures of the courier.
func (n *Node) AllFigures(ctx context.Context) (map[string]Figures, error) {
	a, err := n.courier(ctx, askTimeout, request{Do: "figures"})
	return a.Figures, err
}

// Tries is Service.Tries of the courier.
func (n *Node) Tries(ctx context.Context, endpoint string, limit int) ([]Try, error) {
	a, err := n.courier(ctx, askTimeout, request{Do: "tries", Endpoint: endpoint, Limit: limit})
	return a.Tries, err
}

// Try is Service.Try of the courier.
func (n *Node) Try(ctx context.Context, e Event) (Result, time.Duration, error) {
	a, err := n.courier(ctx, tryWait, request{Do: "try", Endpoint: e.Endpoint, Event: &e})
	return a.Result, a.Took, err
}

// Replay is Service.Replay of the courier.
func (n *Node) Replay(ctx context.Context, endpoint string, letters ...uint64) (int, error) {
	a, err := n.courier(ctx, askTimeout, request{Do: "replay", Endpoint: endpoint, N: letters})
	return a.Count, err
}

// DeleteDead is Service.DeleteDead of the courier.
func (n *Node) DeleteDead(ctx context.Context, endpoint string, letters ...uint64) (int, error) {
	a, err := n.courier(ctx, askTimeout, request{Do: "delete", Endpoint: endpoint, N: letters})
	return a.Count, err
}

// Dead is Service.Dead: what is stored, and, while a courier answers, what it has put aside up to now.
func (n *Node) Dead(ctx context.Context, endpoint string, from Place, limit int) ([]DeadLetter, error) {
	n.mu.Lock()
	_, known := n.habits[endpoint]
	n.mu.Unlock()
	if !known {
		return nil, ErrNoEndpoint
	}
	_, _ = n.courier(ctx, askTimeout, request{Do: "settle"})
	return n.exchange.Dead(ctx, endpoint, from.Class, from.After, limit)
}

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"liveroom/live/blob"
	"liveroom/live/record"
)

// spoolPath is where a node is asked how much of a recording waits on it for S3, of which the others see nothing.
const spoolPath = "/internal/spool/"

// spoolAsked is how long asking all nodes may take.
const spoolAsked = 10 * time.Second

// spooled is what it answers.
type spooled struct {
	Waiting int `json:"waiting"`
}

// spooledAnywhere says what of a recording waits for S3 on this node or, as it asks them, another, and has this one answer them.
// Nil: this node is alone and sees all that there is.
func (p *program) spooledAnywhere() func(ctx context.Context, recording string) (bool, error) {
	if p.cluster == nil || p.recordSpool == nil {
		return nil
	}
	p.cluster.peers.Handle("GET "+spoolPath+"{recording}", http.HandlerFunc(p.serveSpooled))
	return func(ctx context.Context, recording string) (bool, error) {
		if p.spooled(recording) > 0 {
			return true, nil // others don't see it
		}
		ctx, cancel := context.WithTimeout(ctx, spoolAsked)
		defer cancel()
		for _, n := range p.cluster.nodes.Alive() {
			if n.ID == p.cluster.nodes.Me().ID {
				continue
			}
			resp, err := p.cluster.ask.Get(ctx, n.ID, spoolPath+url.PathEscape(recording), "")
			if err != nil {
				return false, fmt.Errorf("ask %s what it has yet to send: %w", n.ID, err)
			}
			if waits, err := readSpooled(resp); waits || err != nil {
				return waits, err
			}
		}
		return false, nil
	}
}

// readSpooled reads an answer. A node that knows no such question has no spool.
func readSpooled(resp *http.Response) (bool, error) {
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusNotFound {
		return false, nil
	}
	var s spooled
	err := json.NewDecoder(io.LimitReader(resp.Body, 1<<10)).Decode(&s)
	if resp.StatusCode != http.StatusOK || err != nil {
		return false, fmt.Errorf("a node says %s of what it has yet to send: %w", resp.Status, err)
	}
	return s.Waiting > 0, nil
}

// spooled is how many objects of a recording wait on this node.
func (p *program) spooled(recording string) int {
	return p.recordSpool.Waiting(record.Prefix(recording))
}

func (p *program) serveSpooled(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("recording")
	if err := blob.CheckName(id); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(spooled{p.spooled(id)}) // the node is gone: nobody to tell
}

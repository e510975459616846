package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"liveroom/live"
	"liveroom/web"
)

// ingestPath is where other nodes ask how a room's push does that comes to this one: ingestPath + room.
const ingestPath = "/internal/ingest/"

// Bounds of that answer.
const (
	ingestTimeout  = 3 * time.Second
	maxIngestBytes = 256 << 10
)

// clusterRooms are the rooms of a node that is not alone: what only the node of a push knows is asked for there.
type clusterRooms struct {
	*live.Service
	upstream upstream
}

// doorRooms are the rooms as the API has them.
func (p *program) doorRooms() web.Rooms {
	if p.cluster == nil {
		return p.rooms
	}
	p.cluster.peers.Handle("GET "+ingestPath+"{room}", http.HandlerFunc(p.giveIngest))
	return clusterRooms{p.rooms, upstream{Edges: p.edges, Client: p.cluster.ask}}
}

// giveIngest tells another node how a push does, with samples if it asks for them.
func (p *program) giveIngest(w http.ResponseWriter, r *http.Request) {
	samples, _ := time.ParseDuration(r.URL.Query().Get("samples")) // none where it is no length of time
	in, err := p.rooms.Ingest(r.Context(), r.PathValue("room"), samples)
	if err != nil {
		http.Error(w, "not known", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(in) // the other node may be gone
}

// Ingest implements web.Rooms. Where the push's node does not answer, this one tells what it knows itself.
func (c clusterRooms) Ingest(ctx context.Context, id string, samples time.Duration) (live.Ingest, error) {
	l, err := c.Room(ctx, id)
	if err != nil {
		return live.Ingest{}, err
	}
	if node, here := c.PushedAt(ctx, id); node != "" && !here && l.Record.StreamActive {
		if in, err := c.ask(ctx, node, id, samples); err == nil {
			return in, nil
		}
	}
	return c.Service.Ingest(ctx, id, samples)
}

func (c clusterRooms) ask(ctx context.Context, node, id string, samples time.Duration) (in live.Ingest, err error) {
	ctx, cancel := context.WithTimeout(ctx, ingestTimeout)
	defer cancel()
	query := ""
	if samples > 0 {
		query = "samples=" + samples.String()
	}
	resp, err := c.upstream.Get(ctx, node, ingestPath+url.PathEscape(id), query)
	if err != nil {
		return in, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return in, fmt.Errorf("node %s answers %d", node, resp.StatusCode)
	}
	return in, json.NewDecoder(io.LimitReader(resp.Body, maxIngestBytes)).Decode(&in)
}

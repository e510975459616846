package web_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"liveroom/web"
)

// paperNodes are a node and others that tests write down.
type paperNodes struct{ others []web.NodeBody }

func (n paperNodes) Self() web.NodeFigures {
	f := web.NodeFigures{ID: "n1-k3v9d2xq", StartedAt: time.Date(2026, 11, 21, 20, 0, 0, 0, time.UTC), Pushes: 1, Viewers: 2, Members: 3}
	if len(n.others) > 0 {
		f.URL, f.SeenAt = "http://10.0.0.5:8080", f.StartedAt.Add(time.Hour)
	}
	return f
}

func (n paperNodes) Others(context.Context) []web.NodeBody { return n.others }

func (n paperNodes) Store() string {
	if len(n.others) > 0 {
		return "redis"
	}
	return "folder"
}

type nodesList struct {
	Cluster bool
	Store   string
	Nodes   []web.NodeBody
}

func (b *bench) nodes() (l nodesList) {
	b.t.Helper()
	must(b.t, json.Unmarshal([]byte(b.do(200, "GET", "/api/v1/nodes", apiToken, nil).raw), &l))
	return l
}

func TestNodesAreListed(t *testing.T) {
	began := web.Time{Time: time.Now()}
	paper := paperNodes{[]web.NodeBody{
		{ID: "n2-b", State: web.NodeSilent, Detail: "it does not answer within a second", StartedAt: began, LastSeenAt: began, Checks: []web.NodeCheck{}},
		{ID: "n0-a", State: web.NodeReady, StartedAt: began, LastSeenAt: began, Checks: []web.NodeCheck{{Name: "redis", OK: true}}},
	}}
	b := newBench(t, func(_ *web.Config, d *web.Deps) { d.Nodes = paper })
	l := b.nodes()
	if !l.Cluster || l.Store != "redis" || len(l.Nodes) != 3 {
		t.Fatalf("%+v", l)
	}
	self := l.Nodes[1]
	if l.Nodes[0].ID != "n0-a" || l.Nodes[2].ID != "n2-b" || l.Nodes[0].Self || l.Nodes[2].Self || l.Nodes[2].Detail == "" {
		t.Errorf("others: %+v", l.Nodes)
	}
	if self.ID != "n1-k3v9d2xq" || !self.Self || self.Version != "test" || self.State != web.NodeReady || self.Detail != "" || self.URL != "http://10.0.0.5:8080" ||
		self.Pushes != 1 || self.Viewers != 2 || self.Members != 3 || self.MemoryBytes < 1<<20 || self.Goroutines < 5 || self.LastSeenAt.Sub(self.StartedAt.Time) != time.Hour {
		t.Errorf("itself: %+v", self)
	}
	b.do(403, "GET", "/api/v1/nodes", b.userSig("alice"), nil)
}

func TestANodeSaysWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		name   string
		checks []web.Check
		ready  bool
		state  string
		detail string
	}{
		{"a store is away", []web.Check{{Name: "redis", Probe: func(context.Context) error { return errors.New("it is away") }}, {Name: "disk", Probe: func(context.Context) error { return nil }}}, true, web.NodeDegraded, "redis: it is away"},
		{"what it needs is missing", []web.Check{{Name: "data", Needs: true, Probe: func(context.Context) error { return errors.New("no space") }}}, true, web.NodeNotReady, "data: no space"},
		{"it stops", nil, false, web.NodeNotReady, "it begins, or stops"},
		{"a check takes its time", []web.Check{{Name: "s3", Probe: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }}}, true, web.NodeDegraded, "s3: context deadline exceeded"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, func(_ *web.Config, d *web.Deps) { d.Checks = c.checks })
			b.server.SetReady(c.ready)
			l := b.nodes()
			if l.Cluster || l.Store != "folder" || len(l.Nodes) != 1 || l.Nodes[0].State != c.state || l.Nodes[0].Detail != c.detail || len(l.Nodes[0].Checks) != len(c.checks) {
				t.Errorf("%+v", l)
			}
			if i := slices.IndexFunc(l.Nodes[0].Checks, func(c web.NodeCheck) bool { return !c.OK }); i >= 0 && !strings.HasSuffix(c.detail, l.Nodes[0].Checks[i].Detail) {
				t.Errorf("checks %+v", l.Nodes[0].Checks)
			}
		})
	}
}

package file_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"liveroom/chat"
	"liveroom/chat/file"
)

// nodes are services that share a store and ask each other over HTTP.
type nodes struct {
	mu    sync.Mutex
	urls  map[string]string
	asked atomic.Int64
}

func (n *nodes) Get(ctx context.Context, node, path, _ string) (*http.Response, error) {
	n.mu.Lock()
	base := n.urls[node]
	n.mu.Unlock()
	if base == "" {
		return nil, errors.New("no such node")
	}
	n.asked.Add(1)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, base+path, nil)
	if err != nil {
		return nil, err
	}
	return (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
}

func (n *nodes) set(node, base string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.urls[node] = base
}

// several starts services of one cluster.
func several(t *testing.T, quota int64, names ...string) (*nodes, []*bench) {
	t.Helper()
	n := &nodes{urls: map[string]string{}}
	store := file.NewMemory()
	var all []*bench
	for _, name := range names {
		b := &bench{t: t, rooms: &rooms{}, store: store, blobs: file.NewMemoryBlobs()}
		b.begin(func(c *file.Config) { c.Node, c.Peers, c.Quota = name, n, quota }, store, b.blobs)
		ts := httptest.NewServer(http.HandlerFunc(b.ServePeer))
		t.Cleanup(ts.Close)
		n.set(name, ts.URL)
		all = append(all, b)
	}
	return n, all
}

func (b *bench) mustRead(address string, want []byte) {
	b.t.Helper()
	c, err := b.open(address)
	if err != nil {
		b.t.Fatal(err)
	}
	if got, err := io.ReadAll(c); err != nil || !bytes.Equal(got, want) {
		b.t.Fatalf("%d bytes, %v, want %d", len(got), err, len(want))
	}
}

func (b *bench) has(address string) bool {
	u, _ := url.Parse(address)
	id, _, _ := file.ParsePath(u.Path)
	r, err := b.blobs.Open(id)
	if err == nil {
		_ = r.Close()
	}
	return err == nil
}

func TestFilesAreReadOnAnyNode(t *testing.T) {
	n, b := several(t, 0, "a", "b", "c")
	g, content := b[0].put(alice, "g")
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			c, err := b[1].open(g.URL)
			if err != nil {
				t.Error(err)
				return
			}
			if got, err := io.ReadAll(c); err != nil || !bytes.Equal(got, content) {
				t.Errorf("%d bytes, %v", len(got), err)
			}
		})
	}
	wg.Wait()
	if got := n.asked.Load(); got != 1 {
		t.Errorf("50 readers asked %d times, want once", got)
	}
	for i, want := range []int{1, 1, 0} {
		if st := b[i].Stats(); st.Files != want || st.Bytes != int64(want*len(content)) {
			t.Errorf("node %d counts %d files of %d bytes, want %d", i, st.Files, st.Bytes, want)
		}
	}
	n.set("a", "") // the node is away
	b[1].mustRead(g.URL, content)
	if _, err := b[2].open(g.URL); !errors.Is(err, file.ErrUnavailable) {
		t.Errorf("with the holder away: %v, want unavailable", err)
	}
	// The copy is known again after a restart.
	b[1].stop()
	again := &bench{t: t, rooms: &rooms{}, store: b[1].store, blobs: b[1].blobs}
	again.begin(func(c *file.Config) { c.Node, c.Peers = "b", n }, b[1].store, b[1].blobs)
	again.mustRead(g.URL, content)
	if err := again.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if st := again.Stats(); st.Files != 1 || st.Bytes != int64(len(content)) {
		t.Errorf("after a restart: %d files of %d bytes", st.Files, st.Bytes)
	}
}

func TestWithdrawnFilesVanishOnAllNodes(t *testing.T) {
	_, b := several(t, 0, "a", "b", "c")
	g, content := b[0].put(alice, "g")
	b[1].mustRead(g.URL, content)
	m := &chat.Message{Group: "g", Seq: 1, From: "alice", Body: []byte(`[{"MsgType":"TIMTextElem","MsgContent":{"Text":"` + g.URL + `"}}]`)}
	if err := b[2].Withdrawing(t.Context(), "g", 1, m, chat.Recalled); err != nil {
		t.Fatal(err)
	}
	for i := range b {
		if _, err := b[i].open(g.URL); !errors.Is(err, file.ErrGone) {
			t.Errorf("node %d answers %v, want gone", i, err)
		}
		if err := b[i].Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if st := b[i].Stats(); b[i].has(g.URL) || st.Files != 0 || st.Bytes != 0 {
			t.Errorf("node %d still has %d files of %d bytes", i, st.Files, st.Bytes)
		}
	}
}

func TestCopiesGiveWay(t *testing.T) {
	size := int64(len(picture(t))) * 5 / 2 // room for two
	_, b := several(t, size, "a", "b")
	first, content := b[0].put(alice, "g")
	second, content2 := b[0].put(alice, "g")
	b[1].mustRead(first.URL, content)
	b[1].mustRead(second.URL, content2)
	b[1].mustRead(first.URL, content)
	third, content3 := b[1].put(alice, "g") // the copy wanted least gives way
	if !b[1].has(first.URL) || b[1].has(second.URL) {
		t.Errorf("b keeps the first: %t, the second: %t", b[1].has(first.URL), b[1].has(second.URL))
	}
	b[1].put(alice, "g")
	if _, err := b[1].open(first.URL); !errors.Is(err, file.ErrUnavailable) {
		t.Errorf("no room for a copy: %v, want unavailable", err)
	}
	if _, err := b[0].open(third.URL); !errors.Is(err, file.ErrUnavailable) {
		t.Errorf("no room at a: %v, want unavailable", err)
	}
	b[1].mustRead(third.URL, content3)
	content4 := picture(t)
	g := b[0].grantOrFull(len(content4))
	if g != nil {
		t.Error("files of its own gave way")
	}
}

// grantOrFull asks for an upload; nil if there is no room.
func (b *bench) grantOrFull(size int) *file.Grant {
	b.t.Helper()
	g, err := b.Grant(b.t.Context(), alice, file.Draft{Group: "g", Kind: file.Image, Name: "x.png", Size: int64(size)})
	if errors.Is(err, file.ErrFull) {
		return nil
	}
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err = b.Put(b.t.Context(), upload(b.t, g, make([]byte, size))); errors.Is(err, file.ErrFull) {
		return nil
	}
	return &g
}

// TestOtherNodesAreNotBelieved has one that gives something else than the record says.
func TestOtherNodesAreNotBelieved(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"too short": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "x") },
		"too long":  func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("x", 1<<20)) },
		"breaks off": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", r.Header.Get("X"))
			panic(http.ErrAbortHandler)
		},
		"refuses": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) },
	} {
		t.Run(name, func(t *testing.T) {
			n, b := several(t, 0, "a", "b")
			g, _ := b[0].put(alice, "g")
			ts := httptest.NewServer(answer)
			defer ts.Close()
			n.set("a", ts.URL)
			if _, err := b[1].open(g.URL); !errors.Is(err, file.ErrUnavailable) {
				t.Errorf("%v, want unavailable", err)
			}
			if st := b[1].Stats(); st.Files != 0 || st.Bytes != 0 || b[1].has(g.URL) {
				t.Errorf("something was kept: %+v", st)
			}
		})
	}
}

func TestPeersAreToldOfFilesOnly(t *testing.T) {
	_, b := several(t, 0, "a")
	for _, id := range []string{"", "x", "../secrets.yaml", file.NewID()} {
		rec := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.URL.Path = file.PeerPath + id
		b[0].ServePeer(rec, r)
		if rec.Code != http.StatusNotFound {
			t.Errorf("%q: %d, want 404", id, rec.Code)
		}
	}
}

package file_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"liveroom/chat"
	"liveroom/chat/file"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rooms lets everybody upload until a test says otherwise.
type rooms struct {
	mu   sync.Mutex
	may  error
	can  error // finish
	gone map[string]bool
}

func (r *rooms) MayUpload(context.Context, string, chat.Identity) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.may
}

func (r *rooms) MayFinishUpload(context.Context, string, chat.Identity) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.can
}

func (r *rooms) Group(_ context.Context, id string) (chat.Group, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gone[id] {
		return chat.Group{}, chat.ErrNoGroup
	}
	return chat.Group{ID: id}, nil
}

func (r *rooms) set(change func(*rooms)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(r)
}

// bench is a running Service over stores of memory.
type bench struct {
	*file.Service
	t     *testing.T
	rooms *rooms
	store *file.Memory
	blobs *file.MemoryBlobs
	stop  func()
}

// start runs a Service until the test ends; change may alter what it is made of.
func start(t *testing.T, change func(*file.Config)) *bench {
	t.Helper()
	b := &bench{t: t, rooms: &rooms{}, store: file.NewMemory(), blobs: file.NewMemoryBlobs()}
	b.begin(change, b.store, b.blobs)
	return b
}

func (b *bench) begin(change func(*file.Config), store file.Store, blobs file.Blobs) {
	b.t.Helper()
	cfg := file.Config{Key: []byte("a key of the tests, long enough"), PublicURL: "http://h"}
	if change != nil {
		change(&cfg)
	}
	s, err := file.New(cfg, b.rooms, store, blobs, slog.New(slog.DiscardHandler))
	if err != nil {
		b.t.Fatal(err)
	}
	b.Service = s
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	b.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			b.t.Errorf("Run returned %v", err)
		}
	})
	b.t.Cleanup(func() { b.stop() })
}

var alice = chat.Identity{User: "alice"}

// picture is a real PNG that differs from any other.
func picture(t testing.TB) []byte {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, 64, 48))
	for i := range m.Pix {
		m.Pix[i] = byte(rand.Uint32())
	}
	var out bytes.Buffer
	if err := png.Encode(&out, m); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func (b *bench) grant(who chat.Identity, group string, k file.Kind, size int) file.Grant {
	b.t.Helper()
	g, err := b.Grant(b.t.Context(), who, file.Draft{Group: group, Kind: k, Name: "cat.png", Size: int64(size)})
	if err != nil {
		b.t.Fatal(err)
	}
	return g
}

// upload is what a client sends to a grant's address.
func upload(t testing.TB, g file.Grant, content []byte) file.Upload {
	t.Helper()
	u, err := url.Parse(g.PutURL)
	if err != nil {
		t.Fatal(err)
	}
	id, _, ok := file.ParsePath(u.Path)
	if !ok {
		t.Fatalf("no path of an upload: %s", g.PutURL)
	}
	return file.Upload{
		ID: id, Token: u.Query().Get("token"), Length: int64(len(content)), Body: bytes.NewReader(content),
		From: netip.MustParsePrefix("192.0.2.1/32"),
	}
}

// put uploads a picture and returns it.
func (b *bench) put(who chat.Identity, group string) (file.Grant, []byte) {
	b.t.Helper()
	content := picture(b.t)
	g := b.grant(who, group, file.Image, len(content))
	if _, err := b.Put(b.t.Context(), upload(b.t, g, content)); err != nil {
		b.t.Fatal(err)
	}
	return g, content
}

// open asks for the file of an address.
func (b *bench) open(address string) (file.Content, error) {
	b.t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		b.t.Fatal(err)
	}
	id, name, ok := file.ParsePath(u.Path)
	if !ok {
		b.t.Fatalf("no path of a file: %s", address)
	}
	c, err := b.Open(b.t.Context(), id, name, u.Query().Get("sig"))
	if err == nil {
		b.t.Cleanup(func() { _ = c.Close() })
	}
	return c, err
}

// is checks that an address answers content, or with nil that it is refused with want.
func (b *bench) is(what string, g file.Grant, content []byte, want error) {
	b.t.Helper()
	c, err := b.open(g.URL)
	if !errors.Is(err, want) {
		b.t.Errorf("%s: %v, want %v", what, err, want)
	}
	if err != nil || want != nil {
		return
	}
	if got, err := io.ReadAll(c); err != nil || !bytes.Equal(got, content) {
		b.t.Errorf("%s: other bytes, %v", what, err)
	}
}

// kept checks how many files are there, and that bytes are where records are.
func (b *bench) kept(want int) {
	b.t.Helper()
	n := 0
	_ = b.blobs.Each(func(file.Held) error { n++; return nil })
	files, size, err := b.store.FilesUsage(b.t.Context())
	if st := b.Stats(); n != want || files != want || err != nil || st.Files != want || st.Bytes != size || st.Running != 0 {
		b.t.Errorf("%d bytes in %d blobs, %d records, %+v, %v; want %d", size, n, files, st, err, want)
	}
}

func (b *bench) outcome(k file.Kind, name string) uint64 {
	b.t.Helper()
	for _, u := range b.Stats().Uploads {
		if u.Kind == k && u.Outcome == name {
			return u.Count
		}
	}
	b.t.Fatalf("no outcome %s of %s", name, k)
	return 0
}

// shows is a message with a picture of an address, as the SDK writes it.
func shows(group string, seq uint64, from string, addresses ...string) *chat.Message {
	var list []string
	for i, a := range addresses {
		list = append(list, fmt.Sprintf(`{"Type":%d,"Size":1,"URL":%q}`, i+1, a))
	}
	body := `[{"MsgType":"TIMImageElem","MsgContent":{"UUID":"x","ImageFormat":3,"ImageInfoArray":[` + strings.Join(list, ",") + `]}}]`
	return &chat.Message{Group: group, Seq: seq, From: from, Body: []byte(body)}
}

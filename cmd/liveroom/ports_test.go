package main

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestAPortInUseIsNamed(t *testing.T) {
	cert := newPair(t, "one")
	for _, name := range []string{"http", "rtmp", "ops", "https", "rtmps"} {
		t.Run(name, func(t *testing.T) {
			taken, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = taken.Close() }()
			addr := map[string]string{"http": freeAddr(t), "rtmp": freeAddr(t), "ops": freeAddr(t), "https": freeAddr(t), "rtmps": freeAddr(t)}
			free := addr[map[bool]string{true: "rtmp", false: "http"}[name == "http"]]
			addr[name] = taken.Addr().String()
			args := []string{"serve", "--data", t.TempDir(), "--tls-cert", cert.cert, "--tls-key", cert.key}
			for flag, a := range addr {
				args = append(args, "--"+flag, a)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			var out bytes.Buffer
			err = run(ctx, args, &out, &out)
			if err == nil || !strings.HasPrefix(err.Error(), "--"+name+": ") || !strings.Contains(err.Error(), "another program") {
				t.Errorf("error %v", err)
			}
			ln, err := net.Listen("tcp", free)
			if err != nil {
				t.Fatalf("the other ports are kept: %v", err)
			}
			_ = ln.Close()
		})
	}
}

func TestAddressesThatCannotBe(t *testing.T) {
	set := Settings{HTTP: "127.0.0.1:0", RTMP: "127.0.0.1:0"}
	for _, c := range []struct {
		name   string
		change func(*Settings)
		says   string
	}{
		{"no port", func(s *Settings) { s.HTTP = "8080" }, "--http: "},
		{"somebody else's address", func(s *Settings) { s.RTMP = "192.0.2.1:1935" }, "--rtmp: "},
		{"no number", func(s *Settings) { s.Ops = "127.0.0.1:metrics-please" }, "--ops: "},
		{"no certificate", func(s *Settings) { s.TLSCert, s.TLSKey = "no-such.pem", "no-such.pem" }, "certificate: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			set := set
			c.change(&set)
			p, err := listen(set)
			if err == nil {
				p.close()
				t.Fatal("taken")
			}
			if !strings.HasPrefix(err.Error(), c.says) || strings.Contains(err.Error(), "another program") {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestTheLogSaysWhichPortsAreOpen(t *testing.T) {
	p, err := listen(Settings{HTTP: "127.0.0.1:0", RTMP: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	want := []any{"version", "v1", "http", p.http.Addr().String(), "rtmp", p.rtmp.Addr().String()}
	if got := p.attrs("version", "v1"); !slices.Equal(got, want) {
		t.Errorf("attributes %v, want %v", got, want)
	}
}

// TestNoOpsPort: without an address there is none, and everything else is as it was.
func TestNoOpsPort(t *testing.T) {
	httpAddr := freeAddr(t)
	if _, err := serve(t, "--http", httpAddr, "--rtmp", freeAddr(t), "--ops", "", "--data", t.TempDir()); err != nil {
		t.Fatal(err)
	}
	resp, err := http.Get("http://" + httpAddr + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("healthz: %s", resp.Status)
	}
}

func TestMediaGoesByItsEnding(t *testing.T) {
	named := func(name string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-By", name) })
	}
	m := media{flv: named("flv"), hls: named("hls")}
	for path, want := range map[string]string{
		"/live/a.flv": "flv", "/live/a.flv?vid=x.m3u8": "flv", "/live/a.m3u8": "hls", "/live/a/h/x.flv.sid/v0.m3u8": "hls", "/live/a/p/c/1-2.m4s": "hls",
	} {
		w := httptest.NewRecorder()
		m.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if got := w.Header().Get("X-By"); got != want {
			t.Errorf("%s went to %s", path, got)
		}
	}
}

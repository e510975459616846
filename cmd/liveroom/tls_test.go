package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"io/fs"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"liveroom/status"
)

// pair is a self-signed certificate and its key, in files.
type pair struct {
	cert, key string
	writes    int
}

func newPair(t *testing.T, name string) *pair {
	t.Helper()
	dir := t.TempDir()
	p := &pair{cert: filepath.Join(dir, "cert.pem"), key: filepath.Join(dir, "key.pem")}
	p.renew(t, name)
	return p
}

// renew replaces the files by a pair for name, with a time of their own.
func (p *pair) renew(t *testing.T, name string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	p.write(t, p.key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}))
	p.write(t, p.cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// write gives a file a modification time that no earlier one had, however fast the test is.
func (p *pair) write(t *testing.T, path string, content []byte) {
	t.Helper()
	p.writes++
	at := time.Now().Add(time.Duration(p.writes) * time.Second)
	if err := errors.Join(os.WriteFile(path, content, 0o600), os.Chtimes(path, at, at)); err != nil {
		t.Fatal(err)
	}
}

// shown is the name in the certificate that c gives a client.
func shown(t *testing.T, c *certificate) string {
	t.Helper()
	got, err := c.get(nil)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(got.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	return leaf.Subject.CommonName
}

func TestCertificateIsReadAgain(t *testing.T) {
	files := newPair(t, "one")
	c, err := newCertificate(files.cert, files.key, 0)
	if err != nil {
		t.Fatal(err)
	}
	lazy, err := newCertificate(files.cert, files.key, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	expect := func(when, want string) {
		t.Helper()
		if got := shown(t, c); got != want {
			t.Errorf("%s: %s, want %s", when, got, want)
		}
	}
	expect("at first", "one")
	files.renew(t, "two")
	expect("renewed", "two")
	files.write(t, files.cert, []byte("half a certif"))
	expect("broken", "two")
	files.renew(t, "three")
	expect("renewed after that", "three")
	other := newPair(t, "four")
	raw, err := os.ReadFile(other.cert)
	if err != nil {
		t.Fatal(err)
	}
	files.write(t, files.cert, raw)
	expect("without its key yet", "three")
	if raw, err = os.ReadFile(other.key); err != nil {
		t.Fatal(err)
	}
	files.write(t, files.key, raw)
	expect("with its key", "four")
	if err := os.Remove(files.cert); err != nil {
		t.Fatal(err)
	}
	expect("removed", "four")
	if got := shown(t, lazy); got != "one" {
		t.Errorf("looked at again too soon: %s", got)
	}
}

func TestCertificateThatCannotBe(t *testing.T) {
	good, other := newPair(t, "one"), newPair(t, "two")
	for _, c := range []struct {
		name, cert, key string
		missing         bool
	}{
		{"no certificate", "no-such.pem", good.key, true},
		{"no key", good.cert, "no-such.pem", true},
		{"another's key", good.cert, other.key, false},
		{"the files exchanged", good.key, good.cert, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := newCertificate(c.cert, c.key, 0)
			if err == nil || c.missing != errors.Is(err, fs.ErrNotExist) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// TestTLSBesideThePlainPorts pushes, watches and calls over TLS, with a real encoder.
func TestTLSBesideThePlainPorts(t *testing.T) {
	t.Parallel()
	files := newPair(t, "one")
	https, rtmps := freeAddr(t), freeAddr(t)
	n := startNode(t, "--https", https, "--rtmps", rtmps, "--tls-cert", files.cert, "--tls-key", files.key)
	raw, err := os.ReadFile(files.cert)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(raw)
	client := func(h2 bool) *http.Client {
		tr := &http.Transport{ForceAttemptHTTP2: h2, TLSClientConfig: &tls.Config{RootCAs: roots}}
		t.Cleanup(tr.CloseIdleConnections)
		return &http.Client{Transport: tr}
	}
	n.createRoom(map[string]any{"id": "r1"})
	a := n.addresses("r1")
	push(t, strings.Replace(a.Push.RTMP, "rtmp://"+n.rtmp, "rtmps://"+rtmps, 1), "-tls_verify", "0")
	n.waitStatus("r1", status.Live)

	for _, c := range []struct {
		name string
		h2   bool
		want string
	}{{"h2", true, "HTTP/2.0"}, {"http/1.1", false, "HTTP/1.1"}} {
		t.Run(c.name, func(t *testing.T) {
			resp, err := client(c.h2).Get("https://" + https + "/api/v1/rooms/r1/status")
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = resp.Body.Close() }()
			body, err := io.ReadAll(resp.Body)
			if err != nil || resp.StatusCode != http.StatusOK || resp.Proto != c.want || !strings.Contains(string(body), `"live"`) {
				t.Errorf("%s %s %s %v", resp.Proto, resp.Status, body, err)
			}
			flv, err := client(c.h2).Get(strings.Replace(a.Play.FLV, "http://"+n.http, "https://"+https, 1))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = flv.Body.Close() }()
			head := make([]byte, 20_000)
			if _, err := io.ReadFull(flv.Body, head); err != nil || string(head[:3]) != "FLV" || flv.Proto != c.want {
				t.Errorf("%s: %q %v", flv.Proto, head[:3], err)
			}
		})
	}
	mustDecode(t, strings.Replace(a.Play.RTMP, "rtmp://"+n.rtmp, "rtmps://"+rtmps, 1))
	mustDecode(t, a.Play.FLV)
	t.Run("old versions are refused", func(t *testing.T) {
		_, err := tls.Dial("tcp", https, &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})
		if err == nil {
			t.Error("TLS 1.1 is spoken")
		}
	})
	t.Run("plain words on the TLS port", func(t *testing.T) {
		throw(t, https, []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"))
		throw(t, rtmps, append([]byte{3}, make([]byte, 1536)...))
	})
	if !strings.Contains(n.metrics(), `liveroom_http_connections{port="public"}`) {
		t.Error("no metric of connections")
	}
}

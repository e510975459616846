package main

import (
	"crypto/tls"
	"os"
	"sync"
	"time"
)

// certificate is a key pair on disk that is re-read when its file changes, so that a renewal needs no restart.
type certificate struct {
	certFile, keyFile string
	recheck           time.Duration // how often the file is looked at, at most

	mu      sync.Mutex
	pair    *tls.Certificate
	changed time.Time // of certFile, when pair was read
	checked time.Time
}

// newCertificate reads the pair once, so that a wrong path is found at the start.
func newCertificate(certFile, keyFile string, recheck time.Duration) (*certificate, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile, recheck: recheck}
	_, err := c.get(nil)
	return c, err
}

// get is a tls.Config's GetCertificate. While the files can't be read, the last good pair goes on.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pair != nil && time.Since(c.checked) < c.recheck {
		return c.pair, nil
	}
	c.checked = time.Now()
	info, err := os.Stat(c.certFile)
	if err == nil && c.pair != nil && info.ModTime().Equal(c.changed) {
		return c.pair, nil
	}
	if err == nil {
		var pair tls.Certificate
		if pair, err = tls.LoadX509KeyPair(c.certFile, c.keyFile); err == nil {
			c.pair, c.changed = &pair, info.ModTime()
		}
	}
	if c.pair != nil {
		return c.pair, nil
	}
	return nil, err
}

func (c *certificate) config(protocols ...string) *tls.Config {
	return &tls.Config{GetCertificate: c.get, MinVersion: tls.VersionTLS12, NextProtos: protocols}
}

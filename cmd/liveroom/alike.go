package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"liveroom/internal/redisstore"
)

// alikeEvery is how often a node compares its settings with those of the others.
const alikeEvery = 5 * time.Second

// ownSettings are those in which nodes of a cluster may differ; in all others they should not.
var ownSettings = []string{
	"http", "rtmp", "https", "rtmps", "public-url", "public-rtmp-url", "ops", "data", "redis", "node", "internal-url", "log-format", "log-level", "tls-cert", "tls-key",
	"max-connections", "max-viewers", "max-bandwidth", "merge-window", "trusted-proxies", "chat-files", "chat-words", "record-spare", "ffmpeg", "record-spool",
}

// fingerprint is so many bytes of what nodes can compare a value by, in hex. Who doesn't have the node key can't even try
// values against it.
func fingerprint(nodeKey, kind, name string, value any, size int) string {
	mac := hmac.New(sha256.New, []byte(nodeKey))
	_, _ = fmt.Fprintf(mac, "liveroom %s %s %v", kind, name, value)
	return hex.EncodeToString(mac.Sum(nil)[:size])
}

// sums are fingerprints of the settings that all nodes should have in common, as name=sum, one after the other.
func (s *Settings) sums(nodeKey string) string {
	var out []string
	value := reflect.ValueOf(*s)
	for _, f := range reflect.VisibleFields(value.Type()) {
		name := f.Tag.Get("yaml")
		if name == "" || slices.Contains(ownSettings, name) {
			continue
		}
		out = append(out, name+"="+fingerprint(nodeKey, "setting", name, value.FieldByIndex(f.Index), 4))
	}
	return strings.Join(out, " ")
}

// differing are the names of the settings in which two nodes differ, of those that both know: one may be of another version.
func differing(a, b string) (names []string) {
	has := map[string]string{}
	for one := range strings.FieldsSeq(a) {
		name, sum, _ := strings.Cut(one, "=")
		has[name] = sum
	}
	for one := range strings.FieldsSeq(b) {
		name, sum, _ := strings.Cut(one, "=")
		if mine, known := has[name]; known && mine != sum {
			names = append(names, name)
		}
	}
	return names
}

// unlike are the names of the settings in which other nodes differ from this one, by their ids.
func (c *cluster) unlike() map[string][]string {
	out := map[string][]string{}
	for _, n := range c.nodes.Alive() {
		if names := differing(c.nodes.Me().Settings, n.Settings); len(names) > 0 {
			out[n.ID] = names
		}
	}
	return out
}

// compare logs once of each node in which settings it differs from this one.
func (c *cluster) compare(ctx context.Context) error {
	tick := time.NewTicker(alikeEvery)
	defer tick.Stop()
	for said := map[string][]string{}; ; {
		unlike := c.unlike()
		for id, names := range unlike {
			if said[id] == nil {
				c.log.Warn("another node of the cluster has other settings; all should have the same", "node", id, "settings", names)
			}
		}
		said = unlike
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// others are the nodes that are alive, as operators are shown them.
func (c *cluster) others() []redisstore.Node {
	all := c.nodes.Alive()
	for i := range all {
		all[i].Settings = ""
	}
	return all
}

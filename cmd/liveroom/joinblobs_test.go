package main

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"liveroom/live/blob"
	"liveroom/live/blob/blobtest"
)

// TestTheTokenOfAFolder: nodes that come at once find the same, and none lies about afterwards.
func TestTheTokenOfAFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var tokens sync.Map
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			token, err := folderToken(dir)
			if err != nil || len(token) < 20 {
				t.Errorf("%q, %v", token, err)
			}
			tokens.Store(token, true)
		})
	}
	wg.Wait()
	found := 0
	tokens.Range(func(any, any) bool { found++; return true })
	files, err := os.ReadDir(dir)
	if found != 1 || len(files) != 1 || err != nil {
		t.Errorf("%d tokens, %v, %v", found, files, err)
	}
	d, err := blob.OpenFolder(blob.FolderConfig{Path: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if names := blobtest.Names(t, d, "", ""); names != nil {
		t.Errorf("it is an object: %v", names)
	}
	if err := os.WriteFile(filepath.Join(dir, tokenFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if token, err := folderToken(dir); err == nil {
		t.Errorf("%q of an empty file", token)
	}
}

// TestNodesShareAFolder: a node that finds another folder than the others does not start, and says what to do; without a folder
// that is shared it serves, and records nothing.
func TestNodesShareAFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	shared := filepath.Join(dir, "shared")
	c := prepareCluster(t, 0, nil)
	for _, flags := range [][]string{
		{"--record-store", shared, "--record-shared=on"},
		{"--record-store", shared, "--record-shared=on"},
		{"--record-store", filepath.Join(dir, "not mounted"), "--record-shared=on"},
		{},
	} {
		c.add(flags...)
	}
	first, second, wrong, without := c.nodes[0], c.nodes[1], c.nodes[2], c.nodes[3]
	first.start()
	second.start()
	wrong.launch()
	wrong.ended()
	for _, says := range []string{"not mounted is not the folder that the other nodes share", "lr:{lr}:recordings"} {
		if !strings.Contains(wrong.log.String(), says) {
			t.Errorf("it does not say %q:\n%s", says, wrong.log)
		}
	}
	if !strings.Contains(first.metrics(), "liveroom_record_store_full 0") {
		t.Error("a node with a folder has no metrics of it")
	}
	without.start()
	if strings.Contains(without.metrics(), "liveroom_record_store") {
		t.Error("a node without a store has metrics of it")
	}
}

package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"liveroom/live"
	"liveroom/live/blob"
	"liveroom/web"
)

const (
	// tokenFile is in a folder that nodes share, so that they know it again wherever it is mounted. No object has its name.
	tokenFile = ".liveroom"
	// shareName is what the nodes agree on of the folder (redisstore.Agree).
	shareName = "recordings"
	// shareTimeout is how long comparing it with the others' may take at the start.
	shareTimeout = 10 * time.Second
)

// joinBlobs opens what keeps recordings and pictures. Where there can be none, the rest goes on, and blobsWhy says why.
func (p *program) joinBlobs() (err error) {
	if p.cluster != nil && p.set.RecordShared != on {
		p.blobsWhy = &live.Error{
			Code: "recording_unavailable",
			Detail: "the nodes of a cluster must keep recordings in one place: give all of them the same --record-store, " +
				"a folder that they share with --record-shared on",
		}
		return nil
	}
	cfg := blob.FolderConfig{Path: cmp.Or(p.set.RecordStore, filepath.Join(p.set.Data, "recordings")), Spare: int64(p.set.RecordSpare)}
	if p.cluster != nil {
		cfg.Owner = "node-" + p.set.nodeName()
	}
	if p.recordFolder, err = blob.OpenFolder(cfg); err != nil {
		return fmt.Errorf("record-store: %w", err)
	}
	p.blobs = p.recordFolder
	if p.cluster == nil {
		return nil
	}
	return p.compareFolder(cfg.Path)
}

// compareFolder refuses a folder that is not the one of the other nodes, such as an empty one because nothing is mounted there.
func (p *program) compareFolder(dir string) error {
	token, err := folderToken(dir)
	if err != nil {
		return fmt.Errorf("record-store: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), shareTimeout)
	defer cancel()
	differ, err := p.cluster.redis.Agree(ctx, shareName, map[string]string{"folder": token})
	if err == nil && len(differ) > 0 {
		err = fmt.Errorf("record-store: %s is not the folder that the other nodes share: mount theirs there; "+
			"to take another one for all, delete the key %s in Redis", dir, p.cluster.redis.AgreeKey(shareName))
	}
	return err
}

// folderToken is what a folder is known by. The first node that comes writes it.
func folderToken(dir string) (string, error) {
	token, err := readToken(dir)
	if !errors.Is(err, fs.ErrNotExist) {
		return token, err
	}
	f, err := os.CreateTemp(dir, tokenFile+"-*")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = io.WriteString(f, rand.Text())
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return "", err
	}
	// A link, unlike a rename, is refused where another node was faster.
	if err = os.Link(f.Name(), filepath.Join(dir, tokenFile)); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	return readToken(dir)
}

func readToken(dir string) (string, error) {
	f, err := os.Open(filepath.Join(dir, tokenFile))
	if err != nil {
		return "", err
	}
	raw, err := io.ReadAll(io.LimitReader(f, 100))
	err = errors.Join(err, f.Close())
	token := strings.TrimSpace(string(raw))
	if err == nil && token == "" {
		err = fmt.Errorf("%s is empty", f.Name())
	}
	return token, err
}

// blobCheck says of health what keeps nothing at the moment.
func (p *program) blobCheck() web.Check {
	return web.Check{Name: "recordings", Probe: func(context.Context) error {
		if p.recordFolder != nil {
			if st := p.recordFolder.Stats(); st.IsFull() && st.Full > 0 { // else nobody needs more room
				return fmt.Errorf("nothing is recorded: %s of the disk are free, and --record-spare leaves %s to others", mebibytes(st.Free), mebibytes(st.Spare))
			}
		}
		return nil
	}}
}

func mebibytes(n int64) string { return fmt.Sprintf("%d MiB", n>>20) }

// blobMetrics are the objects of recordings and pictures that this node stores.
func (p *program) blobMetrics() []web.Sample {
	if p.recordFolder == nil {
		return nil
	}
	return diskMetrics(p.recordFolder.Stats())
}

func diskMetrics(st blob.Stats) []web.Sample {
	reason := func(r string) web.Label { return web.Label{Name: "reason", Value: r} }
	const failed = "Objects that were not stored, by reason: full (no room), failed."
	full := 0
	if st.IsFull() {
		full = 1
	}
	out := []web.Sample{
		counter("record_store_objects_total", "Objects stored: segments, indexes, exports, pictures.", st.Stored),
		counter("record_store_bytes_total", "Bytes of them.", st.StoredBytes),
		counter("record_store_failures_total", failed, st.Full, reason("full")),
		counter("record_store_failures_total", failed, st.Failed, reason("failed")),
		counter("record_store_removed_total", "Objects removed.", st.Removed),
		gauge("record_store_full", "1 while nothing is stored for want of room.", full),
	}
	if st.FreeKnown {
		out = append(out, web.Sample{Name: "record_store_free_bytes", Help: "Bytes free on the disk of the recordings.", Value: float64(st.Free)})
	}
	return out
}

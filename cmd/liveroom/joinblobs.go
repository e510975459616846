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
func (p *program) joinBlobs(keys Secrets) (err error) {
	if cfg, is := p.set.s3(keys); is {
		return p.joinS3(cfg)
	}
	if p.cluster != nil && p.set.RecordShared != on {
		p.blobsWhy = &live.Error{
			Code: "recording_unavailable",
			Detail: "the nodes of a cluster must keep recordings in one place: give all of them the same --record-store, " +
				"s3://… or a folder that they share with --record-shared on",
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

// joinS3 opens a bucket, and the folder in which objects wait for it. The server may be away.
func (p *program) joinS3(cfg blob.S3Config) (err error) {
	if cfg.AccessKey == "" || cfg.SecretKey == "" {
		return fmt.Errorf("record-store is %s: %s and %s must be set", p.set.RecordStore, envS3AccessKey, envS3SecretKey)
	}
	if p.recordS3, err = blob.NewS3(cfg); err != nil {
		return fmt.Errorf("record-store: %w", err)
	}
	p.recordSpool, err = blob.OpenSpool(blob.SpoolConfig{
		Path: filepath.Join(p.set.Data, "spool"), Spare: int64(p.set.RecordSpare), Limit: int64(p.set.RecordSpool),
	}, p.recordS3, p.log)
	if err == nil {
		p.blobs = p.recordSpool
	}
	return err
}

// closeBlobs lets go of what joinBlobs opened.
func (p *program) closeBlobs() (err error) {
	if p.recordFolder != nil {
		err = p.recordFolder.Close()
	}
	if p.recordSpool != nil {
		err = errors.Join(err, p.recordSpool.Close())
	}
	if p.recordS3 != nil {
		err = errors.Join(err, p.recordS3.Close())
	}
	return err
}

// blobActors send on what waits for S3.
func (p *program) blobActors() []actor {
	if p.recordSpool == nil {
		return nil
	}
	return []actor{{"recordings", p.recordSpool.Run}}
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

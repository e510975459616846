package main

import (
	"errors"
	"fmt"
	"strings"

	"liveroom/live/blob"
)

// leastSpool is how little may be allowed to wait for S3: some seconds of a few recordings.
const leastSpool = 64 << 20

// validBlobs says which setting of where recordings are kept can't be used.
func (s *Settings) validBlobs() error {
	cfg, is := s.s3(Secrets{})
	if s.RecordShared == on && (s.RecordStore == "" || is) {
		return errors.New("record-shared is on: record-store must name the folder that the nodes share")
	}
	if !is {
		return nil
	}
	if err := (blob.S3Config{Bucket: "bucket", Endpoint: cfg.Endpoint}).Validate(); err != nil {
		return fmt.Errorf("s3-%w", err)
	}
	if err := cfg.Validate(); err != nil {
		return fmt.Errorf("record-store: %w", err)
	}
	if s.RecordSpool < leastSpool {
		return fmt.Errorf("record-spool is %s, must be at least 64MiB", byteUnits.write(int64(s.RecordSpool)))
	}
	return nil
}

// s3 is the bucket that recordings are kept in, if they are.
func (s *Settings) s3(keys Secrets) (cfg blob.S3Config, is bool) {
	place, is := strings.CutPrefix(s.RecordStore, "s3://")
	if !is {
		return cfg, false
	}
	cfg = blob.S3Config{
		Endpoint: s.S3Endpoint, Region: s.S3Region, PathStyle: blob.Style(strings.TrimPrefix(s.S3PathStyle, "auto")),
		AccessKey: keys.S3AccessKey, SecretKey: keys.S3SecretKey,
	}
	cfg.Bucket, cfg.Prefix, _ = strings.Cut(strings.TrimSuffix(place, "/"), "/")
	return cfg, true
}

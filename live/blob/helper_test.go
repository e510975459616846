package blob_test

import (
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"liveroom/internal/s3test"
	"liveroom/live/blob"
)

func TestMain(m *testing.M) {
	s3test.Serve()
	if os.Getenv(asSpooler) != "" {
		spoolUntilKilled()
	}
	goleak.VerifyTestMain(m)
}

// openS3 opens a store in the bucket of a server, under a prefix.
func openS3(t testing.TB, addr, prefix string, stall time.Duration) *blob.S3 {
	t.Helper()
	s, err := blob.NewS3(blob.S3Config{
		Endpoint: "http://" + addr, Region: "us-east-1", Bucket: s3test.Bucket, Prefix: prefix, AccessKey: "key", SecretKey: "secret", Stall: stall,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

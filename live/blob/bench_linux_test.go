package blob_test

import (
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	"liveroom/internal/s3test"
	"liveroom/live/blob"
)

// BenchmarkPut stores segments of 1.5 MB, 6 s of 2 Mbit/s in parts of a third of a second, and tells what CPU a MB takes: the
// process's own, user and system.
func BenchmarkPut(b *testing.B) {
	const size = 1_500_000
	parts := slices.Collect(slices.Chunk(make([]byte, size), 83_000))
	for name, open := range map[string]func(b *testing.B) blob.Store{
		"folder": func(b *testing.B) blob.Store {
			d, err := blob.OpenFolder(blob.FolderConfig{Path: b.TempDir()})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = d.Close() })
			return d
		},
		"s3": func(b *testing.B) blob.Store { return openS3(b, s3test.Start(b), "", 0) },
		"spool": func(b *testing.B) blob.Store {
			return openSpool(b, blob.SpoolConfig{Path: b.TempDir()}, blob.NewMemory())
		},
		"spool and s3": func(b *testing.B) blob.Store {
			s := openSpool(b, blob.SpoolConfig{Path: b.TempDir()}, openS3(b, s3test.Start(b), "", 0))
			running(b, s)
			return s
		},
	} {
		b.Run(name, func(b *testing.B) {
			s := open(b)
			b.SetBytes(size)
			b.ReportAllocs()
			began := cpu(b)
			i := 0
			for b.Loop() {
				if err := s.Put(b.Context(), fmt.Sprintf("rec/%d/%06d", i%20, i%200), parts...); err != nil {
					b.Fatal(err)
				}
				i++
			}
			if spool, ok := s.(*blob.Spool); ok && name == "spool and s3" {
				eventually(b, "all is sent", func() bool { return spool.Stats().Waiting == 0 })
			}
			b.ReportMetric(float64((cpu(b)-began).Microseconds())/1000/(float64(i)*size/1e6), "cpu-ms/MB")
		})
	}
}

func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

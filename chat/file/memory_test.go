package file_test

import (
	"testing"

	"liveroom/chat/file"
	"liveroom/chat/file/filetest"
)

func TestMemory(t *testing.T) {
	filetest.Store(t, func(*testing.T) file.Store { return file.NewMemory() })
	filetest.Shared(t, file.NewMemory())
}

func TestMemoryBlobs(t *testing.T) {
	filetest.Blobs(t, func(*testing.T) file.Blobs { return file.NewMemoryBlobs() })
}

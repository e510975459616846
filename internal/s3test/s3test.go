// Package s3test runs a server that speaks S3's protocol, in a process of its own, for tests. It keeps all in memory and believes
// every signature. A package whose tests use it calls Serve first thing in TestMain.
package s3test

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"liveroom/internal/redistest"
)

// asServer makes a test binary behave as the server.
const asServer = "LIVEROOM_S3_TEST_SERVER"

// Bucket is the one that there is.
const Bucket = "recordings"

// Serve turns the process into the server, if it was started as one, and never returns then.
func Serve() {
	if os.Getenv(asServer) == "" {
		return
	}
	backend := s3mem.New()
	err := backend.CreateBucket(Bucket)
	if err == nil {
		var ln net.Listener
		if ln, err = net.Listen("tcp", "127.0.0.1:0"); err == nil {
			fmt.Println(ln.Addr())
			err = http.Serve(ln, gofakes3.New(backend, gofakes3.WithoutVersioning()).Server()) //nolint:gosec // a test's
		}
	}
	log.Fatal(err)
}

// Start runs a server until the test ends, and answers its host:port.
func Start(t testing.TB) (addr string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), asServer+"=1")
	cmd.SysProcAttr = redistest.DieWithParent()
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	said := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(out).ReadString('\n')
		said <- strings.TrimSpace(line)
		_, _ = io.Copy(io.Discard, out)
	}()
	select {
	case addr = <-said:
	case <-time.After(time.Minute):
	}
	if addr == "" {
		t.Fatal("no S3 server")
	}
	return addr
}

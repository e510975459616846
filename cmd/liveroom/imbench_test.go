package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"liveroom/chat"
	"liveroom/chat/account"
)

// BenchmarkSendGroupMsg has a backend send over 256 connections that stay, to 200 rooms in turn, to a server of its own
// process with one processor. Its figure is msgs/cpu-s: what one core of the server would carry, however busy the machine
// is with the load and with others. Messages of more than 40 a second in a room would be dropped, and cost less: at the
// rate that one core carries there are fewer.
func BenchmarkSendGroupMsg(b *testing.B) {
	const rooms, conns = 200, 256
	s := startServer(b)
	for i := range rooms {
		s.ok("group_open_http_svc/create_group", fmt.Sprintf(`{"Type":"AVChatRoom","Name":"r","GroupId":"r%d","Owner_Account":"administrator"}`, i))
	}
	body := `"MsgBody":[{"MsgType":"TIMCustomElem","MsgContent":{"Data":"{\"gift\":\"rocket\",\"n\":1}","Desc":"` + strings.Repeat("d", 150) + `","Ext":"","Sound":""}}]`
	var next atomic.Int64
	var refused, dropped atomic.Int64
	var wg sync.WaitGroup
	before, began := s.cpu(), time.Now()
	b.ResetTimer()
	for range conns {
		c := s.dial()
		wg.Go(func() {
			defer c.close()
			for {
				n := next.Add(1)
				if n > int64(b.N) {
					return
				}
				answer, err := c.send("group_open_http_svc/send_group_msg", fmt.Sprintf(`{"GroupId":"r%d","Random":%d,%s}`, n%rooms, n, body))
				switch {
				case err != nil:
					b.Error(err)
					return
				case !strings.Contains(answer, `"ErrorCode":0`):
					refused.Add(1)
				case strings.Contains(answer, "MsgFreqCtrl"):
					dropped.Add(1)
				}
			}
		})
	}
	wg.Wait()
	took, spent := time.Since(began), s.cpu()-before
	b.StopTimer()
	if refused.Load() > 0 {
		b.Errorf("%d of %d were refused", refused.Load(), b.N)
	}
	b.ReportMetric(float64(b.N)/took.Seconds(), "msgs/s")
	b.ReportMetric(float64(b.N)/max(spent, 0.01), "msgs/cpu-s")
	b.ReportMetric(100*float64(dropped.Load())/float64(b.N), "dropped-%")
}

// server is a liveroom of one processor that answers without limits.
type server struct {
	b         *testing.B
	http, ops string
	query     string
}

func startServer(b *testing.B) *server {
	b.Helper()
	data := filepath.Join(b.TempDir(), "data")
	log := &logBuffer{}
	cmd := exec.Command(os.Args[0], "serve", "--http", "127.0.0.1:0", "--rtmp", "127.0.0.1:0", "--ops", "127.0.0.1:0", "--data", data,
		"--im-rates", "create_group=0,send_group_msg=0", "--max-per-address", "0")
	cmd.Env = append(os.Environ(), asLiveroom+"=1", "GOMAXPROCS=1")
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
		if b.Failed() {
			b.Log(log)
		}
	})
	serving := regexp.MustCompile(`msg=serving .*http=(\S+) .*ops=(\S+)`)
	var at []string
	eventually(b, "the server is there", func() bool {
		at = serving.FindStringSubmatch(log.String())
		return at != nil
	})
	keys, err := readSecrets(secretsFile(data))
	if err != nil {
		b.Fatal(err)
	}
	sig, err := account.Signer{AppID: keys.SDKAppID, Key: keys.AppSecret}.Sign(chat.Administrator, time.Now(), 24*time.Hour)
	if err != nil {
		b.Fatal(err)
	}
	return &server{b: b, http: at[1], ops: at[2], query: fmt.Sprintf("?sdkappid=%d&identifier=%s&usersig=%s&random=99999999&contenttype=json", keys.SDKAppID, chat.Administrator, sig)}
}

// ok sends a command that must succeed.
func (s *server) ok(command, body string) {
	s.b.Helper()
	c := s.dial()
	defer c.close()
	if answer, err := c.send(command, body); err != nil || !strings.Contains(answer, `"ErrorCode":0`) {
		s.b.Fatalf("%s: %s, %v", command, answer, err)
	}
}

// cpu is what the server has used, in seconds.
func (s *server) cpu() float64 {
	s.b.Helper()
	resp, err := http.Get("http://" + s.ops + "/metrics")
	if err != nil {
		s.b.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	page, err := io.ReadAll(resp.Body)
	found := regexp.MustCompile(`(?m)^process_cpu_seconds_total (\S+)`).FindSubmatch(page)
	if err != nil || found == nil {
		s.b.Fatalf("no process_cpu_seconds_total: %v", err)
	}
	seconds, err := strconv.ParseFloat(string(found[1]), 64)
	if err != nil {
		s.b.Fatal(err)
	}
	return seconds
}

// persistent is one connection that stays. It does as little as it can: what it needs, the server lacks.
type persistent struct {
	s    *server
	conn net.Conn
	in   *bufio.Reader
}

func (s *server) dial() *persistent {
	s.b.Helper()
	conn, err := net.Dial("tcp", s.http)
	if err != nil {
		s.b.Fatal(err)
	}
	return &persistent{s, conn, bufio.NewReader(conn)}
}

func (c *persistent) close() { _ = c.conn.Close() }

func (c *persistent) send(command, body string) (string, error) {
	if _, err := fmt.Fprintf(c.conn, "POST /v4/%s%s HTTP/1.1\r\nHost: im\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", command, c.s.query, len(body), body); err != nil {
		return "", err
	}
	length := -1
	for {
		line, err := c.in.ReadString('\n')
		if err != nil {
			return "", err
		}
		if line = strings.TrimSpace(line); line == "" {
			break
		}
		if value, ok := strings.CutPrefix(line, "Content-Length: "); ok {
			length, _ = strconv.Atoi(value)
		}
	}
	if length < 0 {
		return "", errors.New("an answer without length")
	}
	answer := make([]byte, length)
	_, err := io.ReadFull(c.in, answer)
	return string(answer), err
}

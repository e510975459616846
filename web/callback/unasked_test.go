package callback

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestAnAnswerToNoQuestionIsNone: a receiver that answers each request twice makes nobody believe that it heard the next.
func TestAnAnswerToNoQuestionIsNone(t *testing.T) {
	var heard atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return
		}
		heard.Add(1)
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		one := "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
		_, _ = io.WriteString(conn, one+one)
		_ = conn.Close()
	}))
	defer srv.Close()
	c := NewClient(everywhere)
	defer c.Close()
	var (
		wg       sync.WaitGroup
		believed atomic.Int64
	)
	for range 8 {
		wg.Go(func() {
			for i := range 200 {
				if _, err := c.post(t.Context(), time.Minute, srv.URL, http.Header{}, []byte(strconv.Itoa(i))); err == nil {
					believed.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if heard.Load() < believed.Load() || believed.Load() == 0 {
		t.Errorf("%d requests were heard, %d believed to be", heard.Load(), believed.Load())
	}
}

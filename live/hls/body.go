package hls

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// body is the text of a playlist, written once for all who ask until it changes.
type body struct {
	plain  []byte
	once   sync.Once
	zipped []byte // made when somebody wants it
}

// text is the playlist; nil for none.
func (b *body) text() []byte {
	if b == nil {
		return nil
	}
	return b.plain
}

// write answers with the playlist, compressed where the player can take it: it asks for one three times a second, and a
// fifth of the bytes also fit in one write together with the headers.
func (b *body) write(w http.ResponseWriter, r *http.Request) {
	text := b.plain
	w.Header().Add("Vary", "Accept-Encoding")
	if takesGzip(r.Header.Get("Accept-Encoding")) {
		b.once.Do(b.zip)
		text = b.zipped
		w.Header().Set("Content-Encoding", "gzip")
	}
	writePlaylist(w, r, text)
}

// compressors are lent: one is hundreds of kilobytes.
var compressors = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

func (b *body) zip() {
	var out bytes.Buffer
	out.Grow(1 << 10)
	z, _ := compressors.Get().(*gzip.Writer)
	z.Reset(&out)
	_, _ = z.Write(b.plain) // a buffer takes all
	_ = z.Close()
	compressors.Put(z)
	b.zipped = out.Bytes()
}

// takesGzip reads an Accept-Encoding header. Who refuses gzip by q=0 gets the plain text, as does who has no such header.
func takesGzip(accept string) bool {
	for accept != "" {
		var one string
		one, accept, _ = strings.Cut(accept, ",")
		coding, quality, _ := strings.Cut(one, ";")
		if strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			weight, err := strconv.ParseFloat(strings.TrimPrefix(strings.TrimSpace(quality), "q="), 64)
			return quality == "" || err == nil && weight > 0
		}
	}
	return false
}

package ui

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"mime"
	"path"
	"strings"
)

// file is one embedded file with the compressed forms the build left beside it; nil where there is none.
type file struct {
	plain, brotli, gzip []byte
	contentType         string
	etag                string // quoted; of the plain bytes
}

// types are set here and not left to the machine's mime tables, which differ.
var types = map[string]string{
	".html":        "text/html; charset=utf-8",
	".js":          "text/javascript; charset=utf-8",
	".css":         "text/css; charset=utf-8",
	".svg":         "image/svg+xml",
	".json":        "application/json",
	".webmanifest": "application/manifest+json",
	".woff2":       "font/woff2",
	".png":         "image/png",
	".ts":          "text/plain; charset=utf-8", // declarations of the SDK; machines take it for video
}

// load reads one file and its compressed forms; ok is false when it does not exist.
func load(root fs.FS, name string) (f file, ok bool) {
	plain, err := fs.ReadFile(root, name)
	if err != nil {
		return file{}, false
	}
	ext := path.Ext(name)
	f = file{plain: plain, contentType: types[ext]}
	if f.contentType == "" {
		f.contentType = mime.TypeByExtension(ext)
	}
	if f.contentType == "" {
		f.contentType = "application/octet-stream"
	}
	f.etag = `"` + sum(plain) + `"`
	f.brotli, _ = fs.ReadFile(root, name+".br")
	f.gzip, _ = fs.ReadFile(root, name+".gz")
	return f, true
}

// sum is what a tag tells content by.
func sum(content []byte) string {
	all := sha256.Sum256(content)
	return hex.EncodeToString(all[:12])
}

// choose returns the bytes to send and their Content-Encoding ("" for plain) for an Accept-Encoding header.
func (f *file) choose(accept string) (body []byte, encoding string) {
	switch {
	case f.brotli != nil && accepts(accept, "br"):
		return f.brotli, "br"
	case f.gzip != nil && accepts(accept, "gzip"):
		return f.gzip, "gzip"
	}
	return f.plain, ""
}

// accepts says whether an Accept-Encoding header names the coding and does not refuse it by q=0.
func accepts(header, coding string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, params, _ := strings.Cut(part, ";")
		if !strings.EqualFold(strings.TrimSpace(name), coding) {
			continue
		}
		q, found := strings.CutPrefix(strings.ReplaceAll(params, " ", ""), "q=")
		return !found || strings.Trim(q, "0.") != ""
	}
	return false
}

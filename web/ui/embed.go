package ui

import (
	"embed"
	"io/fs"
	"net/http"
)

//go:embed all:dist
var dist embed.FS

// Handler serves the pages embedded in this binary, or the stub page where they were not built.
// It answers GET and HEAD; paths it does not know get 404.
func Handler(cfg Config) http.Handler {
	root, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // "dist" is a valid path: cannot happen
	}
	return newPages(root, cfg)
}

// Built says whether this binary holds the real pages and not only the stub.
func Built() bool {
	_, err := fs.Stat(dist, "dist/"+lobbyFile)
	return err == nil
}

package chaos

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"
)

// patienceHLS is how long an HLS viewer waits for an answer: a playlist is held for some segments.
const patienceHLS = 10 * time.Second

// errOver says that a list is over: a player begins anew.
var errOver = errors.New("the list is over")

// errRefused says that the server does not want a session any more.
var errRefused = errors.New("refused")

// hlsPlay is one viewer's session, which outlives nodes: it asks one until that fails, and then another.
type hlsPlay struct {
	v      *Viewer
	visit  int
	node   Node
	list   string          // path of the media playlist; empty: there is no session
	loaded map[string]bool // by path
}

// play watches until ctx ends.
func (v *Viewer) play(ctx context.Context, rng *rand.Rand, address string) {
	p := &hlsPlay{v: v, loaded: map[string]bool{}}
	for {
		p.visit, p.node = p.visit+1, v.w.any(rng)
		v.node.Store(p.node.Name)
		err := p.stay(ctx, rng, p.node.at(address))
		if errors.Is(err, errRefused) || errors.Is(err, errOver) {
			p.list = ""
		}
		if !pause(ctx, rng, 500*time.Millisecond) {
			return
		}
	}
}

// stay plays from one node until something goes wrong.
func (p *hlsPlay) stay(ctx context.Context, rng *rand.Rand, address string) error {
	if p.list == "" {
		master, err := p.get(ctx, address)
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(master)) {
			if !strings.HasPrefix(line, "#") {
				p.list = strings.TrimSpace(line)
			}
		}
	}
	var l list
	for {
		query := ""
		if l.blocks && rng.IntN(2) == 0 {
			query = "?_HLS_msn=" + strconv.FormatUint(l.First+uint64(len(l.Files)), 10)
		}
		body, err := p.get(ctx, "http://"+p.node.HTTP+p.list+query)
		if err != nil {
			return err
		}
		if l, err = parseList(string(body)); err != nil {
			return err
		}
		l.Visit = p.visit
		p.v.w.History.Add(p.v.Name, p.node.Name, p.v.Room, l.Listed)
		for i, file := range l.Files {
			if err := p.load(ctx, l.Session, file.File, l.paths[i]); err != nil {
				return err
			}
		}
		if l.over {
			return errOver
		}
		if !pause(ctx, rng, 500*time.Millisecond) {
			return ctx.Err()
		}
	}
}

// load loads a file if it is new. One that is gone already is passed over.
func (p *hlsPlay) load(ctx context.Context, session, file, path string) error {
	if p.loaded[path] {
		return nil
	}
	body, err := p.get(ctx, "http://"+p.node.HTTP+path)
	if errors.Is(err, errRefused) {
		return nil
	}
	if err != nil {
		return err
	}
	p.loaded[path] = true
	sum := sha256.Sum256(body)
	p.v.w.History.Add(p.v.Name, p.node.Name, p.v.Room, Loaded{session, file, hex.EncodeToString(sum[:8])})
	p.v.took(len(body))
	return nil
}

func (p *hlsPlay) get(ctx context.Context, address string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patienceHLS)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	resp, err := (&http.Client{Transport: p.v.w.client().Transport}).Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	switch {
	case resp.StatusCode >= 500:
		return nil, errors.New(resp.Status)
	case resp.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("%w: %s", errRefused, resp.Status)
	}
	return io.ReadAll(resp.Body)
}

// list is a media playlist.
type list struct {
	Listed
	paths        []string // of the segments
	blocks, over bool
}

// parseList reads one of ours, whose segments are at /{app}/{stream}/p/{session}/{file}.
func parseList(text string) (l list, err error) {
	if !strings.HasPrefix(text, "#EXTM3U") {
		return l, errors.New("this is no list")
	}
	breaks := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		tag, value, _ := strings.Cut(line, ":")
		switch {
		case tag == "#EXT-X-MEDIA-SEQUENCE":
			l.First, err = strconv.ParseUint(value, 10, 64)
		case tag == "#EXT-X-DISCONTINUITY-SEQUENCE":
			l.Breaks, err = strconv.ParseUint(value, 10, 64)
		case tag == "#EXT-X-DISCONTINUITY":
			breaks = true
		case tag == "#EXT-X-SERVER-CONTROL":
			l.blocks = strings.Contains(value, "CAN-BLOCK-RELOAD=YES")
		case tag == "#EXT-X-ENDLIST":
			l.over = true
		case line != "" && line[0] != '#':
			var u *url.URL
			if u, err = url.Parse(line); err != nil {
				return l, err
			}
			l.Files, l.paths = append(l.Files, Listing{path.Base(u.Path), breaks}), append(l.paths, line)
			l.Session, breaks = path.Base(path.Dir(u.Path)), false
		}
		if err != nil {
			return l, err
		}
	}
	return l, nil
}

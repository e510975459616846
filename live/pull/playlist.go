package pull

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strings"

	"github.com/bluenviron/gohlslib/v2/pkg/playlist"
)

// Bounds of HLS.
const (
	maxPlaylist   = 1 << 20
	maxSegment    = 32 << 20
	maxRenditions = 16 // of sound; all of a group are read, whatever they claim to be
)

// shape bounds what a server sends, and has playlists offer only what is wanted of them.
func (f *hlsFeed) shape(resp *http.Response) error {
	const mark = "#EXTM3U"
	in := bufio.NewReader(resp.Body)
	resp.ContentLength = -1
	if begin, _ := in.Peek(len(mark)); string(begin) != mark {
		body := &bounded{in, resp.Body, maxSegment}
		if f.ts.Load() {
			resp.Body = &transport{Closer: body, in: body, pids: &f.pids, units: map[uint16]int{}}
			return nil
		}
		file, err := io.ReadAll(body)
		if err == nil {
			err = checkBoxes(file)
		}
		return replace(resp, file, err)
	}
	text, err := io.ReadAll(&bounded{in, resp.Body, maxPlaylist})
	if err != nil {
		return err
	}
	text = plain(text)
	list, err := playlist.Unmarshal(text)
	if err != nil {
		return failed(CauseFormat, "the playlist can't be read")
	}
	switch l := list.(type) {
	case *playlist.Multivariant:
		if len(l.Renditions) > maxRenditions {
			return failed(CauseFormat, "the playlist has more tracks of sound than it may have")
		}
	case *playlist.Media:
		if l.Map == nil || l.Map.URI == "" {
			f.ts.Store(true)
		}
	}
	return replace(resp, text, nil)
}

// replace puts what was read of an answer in the place of its body, unless it is refused.
func replace(resp *http.Response, body []byte, err error) error {
	if err == nil {
		_ = resp.Body.Close()
		resp.Body = io.NopCloser(bytes.NewReader(body))
	}
	return err
}

// plain is a playlist without the hints of low latency, whose readers take what a server sends as fast as it sends it, and with one
// rendition of sound a group: the default one, or the first. All of them would be read, however many there are. Codecs have names that
// gohlslib does not refuse before it has seen them: it reads AV1, but knows of no list that has it.
func plain(text []byte) []byte {
	lines := strings.Split(string(text), "\n")
	best := map[string]int{} // group → line
	for i, line := range lines {
		if group, ok := soundGroup(line); ok {
			if at, there := best[group]; !there || isDefault(line) && !isDefault(lines[at]) {
				best[group] = i
			}
		}
	}
	names := strings.NewReplacer(", ", ",", "av01.", "avc1.", "Opus", "opus")
	var out bytes.Buffer
	for i, line := range lines {
		group, sound := soundGroup(line)
		switch {
		case strings.HasPrefix(line, "#EXT-X-PRELOAD-HINT"), strings.HasPrefix(line, "#EXT-X-MEDIA:") && (!sound || best[group] != i):
			continue
		case strings.HasPrefix(line, "#EXT-X-STREAM-INF:"):
			line = names.Replace(line)
		}
		out.WriteString(line)
		out.WriteByte('\n')
	}
	return out.Bytes()
}

// soundGroup is the group of a rendition of sound.
func soundGroup(line string) (group string, ok bool) {
	if !strings.HasPrefix(line, "#EXT-X-MEDIA:") || !strings.Contains(line, "TYPE=AUDIO") {
		return "", false
	}
	_, rest, _ := strings.Cut(line, `GROUP-ID="`)
	group, _, ok = strings.Cut(rest, `"`)
	return group, ok
}

func isDefault(line string) bool { return strings.Contains(line, "DEFAULT=YES") }

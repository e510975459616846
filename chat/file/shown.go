package file

import (
	"bytes"
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"liveroom/chat"
)

// maxShown is how many messages may wait until it is noted which files they show. Past that they are not: their files
// outlive a withdrawal that comes when the message is out of the log.
const maxShown = 1024

// maxFiles is how many files of one message are known.
const maxFiles = 20

// shownIn is a message with the files it shows.
type shownIn struct {
	message
	Shown
}

var address = regexp.MustCompile(prefix + "([a-z2-7]{26})(?:[/?]|$)")

// Delivered notes which files a message shows, so that they can be withdrawn with it when nobody knows its body any more.
// It does not wait.
func (s *Service) Delivered(m *chat.Message) {
	ids := idsIn(m.Body, m.CloudCustomData)
	if len(ids) == 0 {
		return
	}
	select {
	case s.shown <- shownIn{message{m.Group, m.Seq}, Shown{m.From, ids}}:
	default:
		s.count.unnoted.Add(1)
	}
}

func (s *Service) noteShown(ctx context.Context, m shownIn) {
	if err := s.store.ShowFiles(ctx, m.group, m.seq, m.Shown); err != nil && ctx.Err() == nil {
		s.count.unnoted.Add(1)
		s.log.Warn("files of a message not noted", "err", err)
	}
}

// idsIn finds the files a message speaks of, wherever in it their addresses stand.
func idsIn(body []byte, data string) (ids []string) {
	look := func(text string) {
		for _, found := range address.FindAllStringSubmatch(strings.ReplaceAll(text, `\/`, "/"), maxFiles) {
			if len(ids) < maxFiles && !slices.Contains(ids, found[1]) {
				ids = append(ids, found[1])
			}
		}
	}
	// Most messages hold no address, and the few that might hide one in escapes are read whole.
	if bytes.Contains(body, []byte(prefix)) || bytes.IndexByte(body, '\\') >= 0 {
		var content any
		if json.Unmarshal(body, &content) == nil {
			eachText(content, look)
		}
	}
	if strings.Contains(data, "files") {
		look(data)
	}
	return ids
}

func eachText(v any, see func(string)) {
	switch v := v.(type) {
	case string:
		see(v)
	case []any:
		for _, one := range v {
			eachText(one, see)
		}
	case map[string]any:
		for _, one := range v {
			eachText(one, see)
		}
	}
}

package file

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"liveroom/chat"
)

// maxShown is how many messages may wait until it is noted which files they show. Past that they are not: their files
// outlive a withdrawal that comes when the message is out of the log.
const maxShown = 1024

// maxFiles is how many files of one message are known.
const maxFiles = 20

// maxEarly bounds how many files are remembered that were shown before they were uploaded. Past it any is forgotten.
const maxEarly = 10_000

// earlyAge is how long they are: longer than until an upload begins, and than the slowest takes.
const earlyAge = 4 * time.Hour

// shownIn is a message with the files it shows.
type shownIn struct {
	message
	Shown
	signed []string // those of Shown whose address this server made
}

var address = regexp.MustCompile(prefix + `([a-z2-7]{26})(?:/([a-z0-9.]+)\?sig=([A-Za-z0-9_-]+))?`)

// Delivered notes which files a message shows, so that they can be withdrawn with it when nobody knows its body any more.
// It does not wait.
func (s *Service) Delivered(m *chat.Message) {
	ids, signed := s.filesIn(m)
	if len(ids) == 0 {
		return
	}
	select {
	case s.shown <- shownIn{message{m.Group, m.Seq}, Shown{m.From, ids}, signed}:
	default:
		s.count.unnoted.Add(1)
	}
}

func (s *Service) noteShown(ctx context.Context, m shownIn) {
	var early []string
	for _, id := range m.signed { // others can't be uploaded: nobody granted them
		if _, err := s.store.File(ctx, id); errors.Is(err, ErrUnknown) {
			s.showEarly(id, time.Now())
			early = append(early, id)
		}
	}
	if shared, ok := s.store.(Shared); ok && len(early) > 0 {
		if err := shared.ShowEarly(ctx, early, earlyAge); err != nil && ctx.Err() == nil {
			s.log.Warn("that files were shown too early is known to this node only", "err", err)
		}
	}
	if err := s.store.ShowFiles(ctx, m.group, m.seq, m.Shown); err != nil && ctx.Err() == nil {
		s.count.unnoted.Add(1)
		s.log.Warn("files of a message not noted", "err", err)
	}
}

// showEarly notes that a message showed a file that is not there. Who reviewed it saw nothing, so nothing may appear there
// afterwards: the upload that was granted is refused. It is remembered as long as one can go on.
func (s *Service) showEarly(id string, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for other := range s.early { // any
		if len(s.early) < maxEarly {
			break
		}
		delete(s.early, other)
	}
	s.early[id] = now
}

// forgetEarly forgets what was shown so early that no upload can come any more.
func (s *Service) forgetEarly(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.early, func(_ string, at time.Time) bool { return now.Sub(at) > earlyAge })
}

// wasEarly says whether a file was shown before it is there, by this node or another.
func (s *Service) wasEarly(ctx context.Context, id string) (bool, error) {
	s.mu.Lock()
	_, early := s.early[id]
	s.mu.Unlock()
	if shared, ok := s.store.(Shared); ok && !early {
		return shared.ShownEarly(ctx, id)
	}
	return early, nil
}

// filesIn finds the files a message speaks of, wherever in it their addresses stand, and those whose address is signed.
func (s *Service) filesIn(m *chat.Message) (ids, signed []string) {
	body, data := m.Body, m.CloudCustomData
	look := func(text string) {
		for _, found := range address.FindAllStringSubmatch(strings.ReplaceAll(text, `\/`, "/"), maxFiles) {
			id := found[1]
			if len(ids) == maxFiles || slices.Contains(ids, id) {
				continue
			}
			ids = append(ids, id)
			if s.addresses.signed(id, found[2], found[3]) {
				signed = append(signed, id)
			}
		}
	}
	if mayShow(body) {
		var content any
		if json.Unmarshal(body, &content) == nil {
			eachText(content, look)
		}
	}
	if strings.Contains(data, "files") {
		look(data)
	}
	return ids, signed
}

// mayShow says whether a body is to be read whole: most hold no address. One that is not there plainly has a slash or a
// letter of it escaped.
func mayShow(body []byte) bool {
	for _, sign := range []string{prefix, `\/`, `\u`} {
		if bytes.Contains(body, []byte(sign)) {
			return true
		}
	}
	return false
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

package socket

import (
	"context"

	"liveroom/chat"
	"liveroom/chat/file"
)

// Files lets people upload (file.Service).
type Files interface {
	Grant(ctx context.Context, who chat.Identity, d file.Draft) (file.Grant, error)
}

// upload answers where a file is to be sent, and what then goes into the message. Without a group the message is to one
// user.
func (s *session) upload(ctx context.Context, r *request) error {
	var f struct {
		Kind string `json:"kind"`
		Name string `json:"name"`
		Size int64  `json:"size"`
	}
	if err := r.into(&f); err != nil {
		return err
	}
	if s.srv.cfg.Files == nil {
		return file.ErrOff
	}
	g, err := s.srv.cfg.Files.Grant(ctx, s.who, file.Draft{Group: r.Group, Kind: file.Kind(f.Kind), Name: f.Name, Size: f.Size})
	if err != nil {
		return err
	}
	put := struct {
		URL     string            `json:"url"`
		Headers map[string]string `json:"headers"`
	}{g.PutURL, g.Headers}
	b := answer(r, 768)
	b = appendField(b, "id", g.ID)
	b = appendField(b, "put", put)
	b = appendField(b, "url", g.URL)
	s.answer(finish(b))
	return nil
}

package live

import "liveroom/chat/notice"

// clean replaces sensitive words in a title and a notice that are given, or says which of the two is not allowed.
func (s *Service) clean(title, notices *string) error {
	if s.cfg.Words == nil {
		return nil
	}
	readable := func(text string) (string, bool) { return notice.Clean(text, s.cfg.Words.Check) }
	for _, t := range []struct {
		field string
		text  *string
		check func(string) (string, bool)
	}{{"title", title, s.cfg.Words.Check}, {"notice", notices, readable}} {
		if t.text == nil {
			continue
		}
		clean, blocked := t.check(*t.text)
		if blocked {
			return &Error{Code: "blocked_text", Field: t.field, Detail: "it holds words that are not allowed here"}
		}
		*t.text = clean
	}
	return nil
}

// clone copies what a caller's pointer leads to.
func clone(s *string) *string {
	if s == nil {
		return nil
	}
	c := *s
	return &c
}

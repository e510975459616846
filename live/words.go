package live

// clean replaces sensitive words in a title and a notice that are given, or says which of the two is not allowed.
func (s *Service) clean(title, notice *string) error {
	if s.cfg.Words == nil {
		return nil
	}
	for _, t := range []struct {
		field string
		text  *string
	}{{"title", title}, {"notice", notice}} {
		if t.text == nil {
			continue
		}
		clean, blocked := s.cfg.Words.Check(*t.text)
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

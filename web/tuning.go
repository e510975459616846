package web

// Tuning is what Tune changes while a Server runs.
type Tuning struct {
	GuestsOff   bool // nobody becomes a named guest; who is one stays it
	PublicWords bool // clients may read the sensitive words that block; default no: the list is telling
}

// Tune changes how the Server answers from now on.
func (s *Server) Tune(t Tuning) { s.tuning.Store(&t) }

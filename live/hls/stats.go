package hls

// Stats are the server's figures since it was made; Streams, Viewers, Waiting and HeldBytes are those of this moment.
type Stats struct {
	Streams   int
	Viewers   int
	Waiting   int // requests held for what is yet to come
	HeldBytes int // of segments, over all streams

	Segments  uint64 // published
	Parts     uint64 // made, whole segments where there are no parts
	Discarded uint64 // unfinished segments thrown away: a closed gate, or too little to be numbered
	BadTags   uint64 // tags that could not be used
	Lost      uint64 // how often a segmenter fell behind its stream
	Panics    uint64 // tags that made a segmenter panic; it went on
	Sessions  uint64 // session ids given out
	Uncounted uint64 // playlist requests of sessions beyond MaxSessions
	Refused   uint64 // requests refused

	// Of streams that other nodes make.
	Remotes    int
	CacheBytes int    // of their files
	CacheHits  uint64 // files that were there
	Asked      uint64 // questions to other nodes
}

// Stats returns the server's figures.
func (s *Server) Stats() Stats {
	st := Stats{
		Viewers: s.Total(), Segments: s.counts.segments.Load(), Parts: s.counts.parts.Load(),
		Waiting: int(s.counts.waiting.Load()), Discarded: s.counts.discarded.Load(),
		BadTags: s.counts.badTags.Load(), Lost: s.counts.lost.Load(), Panics: s.counts.panics.Load(),
		Sessions: s.counts.minted.Load(), Uncounted: s.sessions.Uncounted(), Refused: s.counts.refused.Load(),
		Asked: s.counts.asked.Load(),
	}
	s.remotes.count(&st)
	s.mu.Lock()
	defer s.mu.Unlock()
	st.Streams = len(s.streams)
	for _, e := range s.streams {
		st.HeldBytes += e.held()
	}
	return st
}

// Viewers is the number of living sessions of a stream on this node. A session lives from its first request for the
// media playlist until Config.SessionIdle after its last.
func (s *Server) Viewers(name string) int { return s.sessions.Viewers(name) }

// Linked lists the chat session of each of a stream's living sessions that names one (vid).
func (s *Server) Linked(name string) []string { return s.sessions.Linked(name) }

// Watched names the streams that have viewers on this node.
func (s *Server) Watched() []string { return s.sessions.Watched() }

// Total is the number of living sessions of all streams on this node.
func (s *Server) Total() int { return s.sessions.Total() }

// Revoke ends the sessions of a stream that belong to a viewer's chat session, or all of them if viewer is empty, and
// returns how many. They stay dead on this node. Sessions of a revoked play key need no call: their ids die with the key.
func (s *Server) Revoke(name, viewer string) int { return s.sessions.Revoke(name, viewer) }

package hls

import "time"

// SetPlayKeys changes the play keys while viewers watch: primary signs, either is accepted; backup may be empty. Sessions and the
// paths of segments that were signed with another end. It is not called twice at a time.
func (s *Server) SetPlayKeys(primary, backup []byte) { s.signer.SetPlays(primary, backup) }

// PlayKeyUsedAt is when a session that was made with a play key asked for a playlist last; zero if none ever did.
func (s *Server) PlayKeyUsedAt(key []byte) time.Time { return s.signer.UsedAt(key) }

package vod

import "time"

// SetPlayKeys changes the play keys while viewers watch: primary signs, either is accepted; backup may be empty. Sessions, and the
// addresses of files and recordings, that were signed with another end. It is not called twice at a time.
func (s *Server) SetPlayKeys(primary, backup []byte) { s.signer.SetPlays(primary, backup) }

// PlayKeyUsedAt is when something that was signed with a play key was asked for last; zero if never.
func (s *Server) PlayKeyUsedAt(key []byte) time.Time { return s.signer.UsedAt(key) }

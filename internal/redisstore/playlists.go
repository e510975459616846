package redisstore

import (
	"context"
	"time"
)

// playlistKept is how long a playlist is remembered that nobody adds to: longer than a room may be paused.
const playlistKept = time.Hour

var scriptPlaylistKeep = load("playlist_keep")

// Playlists remembers what the HLS playlists of streams have, so that the next node which a stream is pushed to goes on
// with that. The text is the callers' own.
type Playlists struct{ s *Store }

// Playlists returns those of this Redis.
func (s *Store) Playlists() Playlists { return Playlists{s} }

func (p Playlists) key(name string) string { return p.s.key("h:"+name, "playlist") }

// Keep remembers a playlist. It does nothing where that of a later generation of the same session is remembered.
func (p Playlists) Keep(ctx context.Context, name, session string, generation uint64, record []byte) error {
	return away(p.s.run(ctx, scriptPlaylistKeep, []string{p.key(name)}, session, generation, record, playlistKept.Milliseconds()).Err())
}

// Kept is the playlist that was remembered last; nil for none.
func (p Playlists) Kept(ctx context.Context, name string) ([]byte, error) {
	record, err := p.s.hget(ctx, p.key(name), "record")
	if isNil(err) {
		return nil, nil
	}
	return []byte(record), away(err)
}

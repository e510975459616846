// Package hls plays pushed streams as HLS and Low-Latency HLS, with segments of fMP4 or MPEG-TS held in memory.
//
// One segmenter per published stream subscribes to it like anyone else, from the moment the push begins, so that the first
// viewer finds segments. It cuts at keyframes, numbers segments on the session's clock (design §5, timeline.go says how)
// and keeps a bounded window. Playlists have the same bytes for all viewers; a viewer is a signed session id in the path
// of its media playlist, checked without a look-up, and segments are reached through a signed, cacheable path.
//
// A segment is a list of parts, each an immutable buffer that is published as soon as it is cut and shared by all who ask for
// it; the segment is served as its parts, one after the other. Playlists are rendered once per change. Who asks for what
// follows (_HLS_msn, a hinted part) is parked on the one channel of the stream until it is there, three target durations
// at most; while a push is lost or a room is paused the playlist offers no waiting, so that players poll.
//
// Run owns every goroutine. ServeHTTP may be called at any time, also before and after Run; without a running segmenter
// nothing is live. Published segments and playlists are immutable and shared. What the package leaves to others: who may
// play (Gatekeeper), listeners, TLS and connection limits.
package hls

// Package hls plays pushed streams as HLS with fMP4 segments held in memory.
//
// One segmenter per published stream subscribes to it like anyone else, from the moment the push begins, so that the first
// viewer finds segments. It cuts at keyframes, numbers segments on the session's clock (design §5, timeline.go says how)
// and keeps a bounded window. Playlists have the same bytes for all viewers; a viewer is a signed session id in the path
// of its media playlist, checked without a look-up, and segments are reached through a signed, cacheable path.
//
// Run owns every goroutine. ServeHTTP may be called at any time, also before and after Run; without a running segmenter
// nothing is live. Published segments and playlists are immutable and shared. What the package leaves to others: who may
// play (Gatekeeper), listeners, TLS and connection limits.
package hls

// Package vod plays recordings as HLS: what a room in status 5 shows, an earlier time of what is live (time shift), and single
// recordings and files by signed addresses of their own.
//
// Addresses stand under the room's. Like live ones, the multivariant playlist is checked at each request and names a media playlist
// under a signed session id, which says what is played: any node answers it without a look-up of its own, from record.Library. Files
// of a recording are reached through a pass in their path that is the same for all viewers of an hour, and which opens nothing of
// any other recording, and of a time shift nothing much older than what is listed; caches may keep them. A query that caches may leave out says which session asks, so that viewers count, and
// keep their place, while they play: one who paused for long comes back as a newcomer.
//
// Playlists of what is finished have all of it, EXT-X-ENDLIST, and discontinuities at gaps and between recordings. Those of a time
// shift by a delay slide like live ones. Nobody waits for anything here: what is not recorded yet is not listed.
//
// Run owns the only goroutine. ServeHTTP may be called at any time, also before and after Run. Who may play is left to Gatekeeper,
// which recordings a room plays to Programmes, the chat beside a recording to Chat, and files made of recordings to Downloads.
package vod

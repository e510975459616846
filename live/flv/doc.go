// Package flv reads and writes FLV and plays streams over HTTP: GET /{app}/{stream}.flv as an endless response
// (HTTP-FLV) or, asked to upgrade, as binary messages (WebSocket-FLV). With ?onlyAudio=1 or ?onlyVideo=1 it is that part.
//
// Server is the http.Handler. It asks a Player, which lives elsewhere, whether a request may play, and then writes the
// subscriber's tags: the shared bytes of each, several in one write, never copied on a plain TCP connection. The first
// write has all that a newcomer can get at once behind the head of the response. The FLV header announces the tracks the
// stream has by then, both where nothing was pushed yet. While nothing flows an empty script tag each KeepAlive keeps the
// connection. A viewer that takes no data for WriteTimeout, or loses GOPs too often, is closed; one that goes away is
// noticed even while nothing is sent.
//
// Where net/http gives its connection away, a viewer is served by a goroutine that writes and one that reads, and
// ServeHTTP returns at once (Detacher says when the request is over). Elsewhere ServeHTTP serves it to its end. Run ends
// all viewers and waits for them. Reader parses FLV from outside and is bounded.
package flv

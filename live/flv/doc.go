// Package flv reads and writes FLV and plays streams over HTTP: GET /{app}/{stream}.flv as an endless response
// (HTTP-FLV) or, asked to upgrade, as binary messages (WebSocket-FLV).
//
// Server is the http.Handler. It asks a Player, which lives elsewhere, whether a request may play, and then writes the
// subscriber's tags: the shared bytes of each, several in one write, never copied on a plain TCP connection. While
// nothing flows an empty script tag each KeepAlive keeps the connection. A viewer that takes no data for WriteTimeout,
// or loses GOPs too often, is closed; one that goes away is noticed even while nothing is sent.
//
// Each request is served by its own goroutine and one that reads; both are gone when ServeHTTP returns. Run ends all
// of them. Reader parses FLV from outside and is bounded.
package flv

// Package rtmp is the RTMP door: publishers push through it, players play from it.
//
// Handshake, chunk layer, AMF codec and session are the project's own, because the bytes come from strangers: every
// length is bounded before it is believed, and memory grows only with bytes really received. From go-rtmp come the
// message type ids and the words of user control; nothing of it parses what a peer sends.
//
// A connection is one goroutine that reads and answers, in order, and a second one that sends media while it plays or
// waits for the end of the push while it publishes. It carries one push or one play. Who may do so is decided elsewhere,
// through Admission, before "publish start" is answered. Tags are handed to the Push in the order they arrive; media is
// read from the socket into the buffer that is shared with every viewer, and a tag's chunk form is built once for all.
//
// It is a client as well: Publish gives a stream to another server, Play takes one from there. A client believes that server no
// more than the server its peers, tells what goes wrong in words (Failure), and keeps the secrets of addresses to itself (URL).
//
// Serve blocks; when it returns nothing it started is running. A panic ends one connection, is logged and counted.
// Stream names appear in logs; publish names as written (they carry signatures), queries and tcUrls never do.
package rtmp

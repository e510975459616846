// Package socket is the door of the chat, docs/protocol.md in code: WebSockets, and event streams where these do not get
// through (wire).
//
// Each connection has one goroutine, which reads its frames and has them answered, one after another, by a clerk: a goroutine
// that many share, so that who says nothing holds neither a buffer nor a deep stack. What a room delivers is framed once and
// shared by all connections; it is written where it is handed out, as far as the kernel takes it, and only a connection that
// does not take it gets a second goroutine. A connection holds a bounded queue of frames and drains it with one system call.
// Nothing a room does ever waits for a connection: a slow one loses message batches, least important first, and is closed
// when a state event or a message of the server would not fit. Frames are never reordered.
//
// Server.Run owns every goroutine: when it returns none is left. No lock is held while the network, the chat or the
// accounts are called. A panic ends the connection it happened in, and no other.
//
// gorilla/websocket makes the handshake. Frames are read here, because its reader keeps more than a kilobyte for each of
// the thousands who say nothing, and written here, because its pongs and close frames would overtake ours.
package socket

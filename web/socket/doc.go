// Package socket is the WebSocket door of the chat: docs/protocol.md in code.
//
// Each connection has one goroutine, which reads and answers its frames one after another, and a second one only while
// there is something to write. What a room delivers is framed once and shared by all connections; a connection holds a
// bounded queue of such frames and drains it with one system call. Nothing a room does ever waits for a connection: a
// slow one loses message batches, least important first, and is closed when a state event or a message of the server
// would not fit. Frames are never reordered.
//
// Server.Run owns every goroutine: when it returns none is left. No lock is held while the network, the chat or the
// accounts are called. A panic ends the connection it happened in, and no other.
//
// gorilla/websocket makes the handshake and parses frames; it never writes afterwards, so that control frames keep their
// place among the others.
package socket

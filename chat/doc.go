// Package chat is the core of an AVChatRoom: groups, who is in them, what is said, and the state every member shares
// (design §6, spec im-rest §5). It knows no WebSocket, no HTTP and no storage technology: doors bring verified
// identities and sessions, a Store keeps what must be kept.
//
// Service is the whole of it. Each room with something to say has one goroutine, started inside Run and ended as soon
// as the room is quiet; an idle room costs memory only. That goroutine alone flushes, numbers and delivers, so every
// session sees a room's items in one order; while counters are written a second one stores them, so that no message waits
// for a storm of likes. Flush decides in the store, over all doors, which candidates survive frequency control; priority
// decides who survives, never the order.
//
// Promises: Send returns after the store has answered and every session has been handed the batch. Join is atomic with
// delivery: a message is either in its answer or in a later Deliver, never in both, never in neither. An item of the
// server (a room message or a state event) closes the open batch, which leaves at once with it as last item, so nothing
// is overtaken. No lock is held while a store or a session is called.
//
// A Gate may be asked before something happens, without a lock and in the caller's goroutine: the room goes on meanwhile,
// and only later messages of the same sender wait. An Observer is told of what happened, under the lock that puts it in
// order, so that it must not block. Neither costs anything where there is none.
//
// Where there are other nodes, a Feed brings what they do to groups, and Neighbours tell who is on them: each node draws the
// same conclusions from where a user is, and acts on its own sessions only. Nobody waits for other nodes longer than 200 ms;
// what they do not answer by then is taken to be nothing.
//
// Transport, encoding and slow consumers are the doors'.
package chat

// Package relay pushes rooms' streams on to other servers, over RTMP.
//
// A room has a few targets, which a Store keeps. While the room's push is on this node each of them is served by a goroutine of
// its own: it waits for media, connects, sends, and when that fails tries again, at growing intervals. What a target misses of
// a stream it misses alone: a relay reads the hub as any viewer does, from a bounded log that drops whole GOPs, and nothing of
// it is ever waited for by the source or by other targets.
//
// A relay follows its room: no media leaves while the anchor has paused it, the connection is given up where none comes for
// Config.Linger, it ends with the session, and goes on from the node that the push moves to. A target is told goodbye where nothing
// more will come, and else just left. The times that a target sees begin at 0 with each connection and never go back or leap.
//
// Addresses hold keys. A Store keeps them whole; nothing else of this package shows more than rtmp.URL's String.
package relay

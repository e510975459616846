// Package follow keeps who follows whom: mostly viewers their anchors.
//
// A follow has two ends, and each user two lists: whom he follows, at most Config.Limit, and who follows him, without a limit.
// The list of who follows is the truth; that of who is followed is its mirror. A Store that can't write both in one step writes
// the truth first and notes that the mirror is due, so that what a crash leaves between them is repaired (Repairer). A follow is
// durable when it is answered (durability class A).
//
// Nothing here starts a goroutine; every method may be called from many at once.
package follow

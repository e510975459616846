// Package file takes pictures, sounds, videos and files that people send, and gives them out again.
//
// Grant answers a wish to upload with two signed addresses: one to send the bytes to, once and soon, and one that goes
// into the message and is good as long as the file is kept. Both are secrets: who has them needs nothing else. What an
// upload may be stands in its address, so that nothing is remembered of a wish nobody follows. Put checks the bytes by
// looking at them, not at what they are called, and answers when they are on disk.
//
// A file is gone when a message that shows it is withdrawn (Withdrawing), when its group is dismissed (Dismissed) and
// when it is older than the history (Sweep). The record of a withdrawn one stays until then: its address answers that it
// is gone, and nothing can be uploaded there again.
//
// In a cluster the bytes are on the node that took them, which the record names. Who is asked for a file elsewhere fetches it
// from there, once for all who want it, and keeps a copy: as long as its record stands, and only in room that nobody needs.
// The quota is that of a node's own disk.
//
// Bytes are in Blobs, records in a Store. A record is stored after its bytes, and bytes without a record are removed at
// the next start. In a cluster also while it runs, but not on the word of a store that is younger than they are: it may
// have lost everything, or be the wrong one. Those stay, and are not given out, until they are too old. All methods may
// be called from any goroutine; Run must run for Put to answer.
package file

// Package keyring holds the keys that sign push and play addresses while they are rotated: of each purpose a primary one, which
// signs, and a backup, which is accepted too. It begins with what is configured; the first rotation makes a ring of its own, which
// a Store keeps.
//
// A ring names the configured keys it came from. As soon as others are configured, they win: the ring goes, and with it what was
// rotated. Versions only grow: a Store that has forgotten a ring, or has an older one, is given the one that a node knows.
//
// A Service puts keys in force on its node. Where there are other nodes a new key is accepted at once, but a node signs with it only
// after Config.Settle, when all others have heard of it. What runs is never cut by a rotation; what was signed with a key ends when
// it is revoked, as far as live, live/hls and live/vod look at signatures again.
//
// Keys are shown by Reveal alone. All else names them by fingerprints, which nobody can compare with a guess who does not have the
// node key. Service.Run is the only goroutine; all methods may be called from any.
package keyring

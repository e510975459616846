// Package pass is what lets viewers of segmented media in again after they were admitted once: session ids, passes in the paths of
// files, and the count of the sessions that are used.
//
// A session id is random, signed with the node key and bound to a play key: any node checks it without a look-up. A pass is a MAC
// in a path, the same for all viewers, so that caches may keep what stands behind it. Signer makes and checks both; what is made
// for one use (HLS, recordings) is nothing to another.
//
// Sessions counts who watches: a session lives from its first use until it was not used for too long, and holds the place that
// its viewer took. It starts no goroutine; who has one calls Sweep from time to time. All methods may be called from any
// goroutine. Who may play, and what, is left to those who use it.
package pass

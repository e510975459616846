// Package peer is how the nodes of a cluster ask each other for what only one of them has: media, HLS files, uploaded files.
//
// Such requests have paths under Prefix, on the public HTTP port of a node's internal URL. Each is signed with the node key,
// which all nodes of a cluster share: who has no key gets 401, whatever he asks for. The signature covers method, path,
// query, the body, who asks whom and when: what is overheard is good for no other node, nor for one that was started again.
// It is taken for 30 s, on either side, so the nodes' clocks must agree about as much. Answers are not signed and nothing is
// encrypted: where the network between nodes is not trusted, their internal URLs are https ones. Headers are not covered
// either, and nothing may be decided by them.
//
// Server is the http.Handler that verifies and leads on; Client signs, and keeps a pool of HTTP/1.1 connections to each node.
// Neither has a goroutine of its own but the pool's.
package peer

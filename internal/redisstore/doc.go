// Package redisstore keeps in Redis what the nodes of a cluster share: every domain's Store, and what only a cluster has —
// nodes, leases, the news that one node's changes are to the others.
//
// All keys begin with a prefix and hold one hash tag, so that what one script touches is in one slot of a Redis cluster:
// {g:ID} for a chat group, {i:ID} for its gifts, {u:ID} for a user of the chat, {h:ID} for a stream's HLS, {n:ID} for what a
// node says of itself, {q} for the queues of callbacks, {lr} for the control plane (rooms, statuses, their log and outbox, leases, nodes), whose
// changes are rare and must be atomic over rooms: unique names, one log. Scripts are files beside this one, each with a head
// that names its KEYS and ARGV; they use nothing newer than Redis 7.0. docs/redis.md has the table of keys.
//
// No change is sent twice by itself: go-redis's retries are off also for clusters (see once), since a lost reply must not
// double a message, a version or a gift. A caller that wants to try again gives its operation an id, which the script
// checks. Every call ends within Config.Timeout, but those over long lists, whose pages each do; what can't be answered is
// ErrAway. A server that failed twice in a row is not asked again before it answers a probe: calls fail at once (Store.Up,
// Store.Watch).
package redisstore

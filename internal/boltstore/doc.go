// Package boltstore keeps every domain's data in one bbolt file, DATA/liveroom.db: the store of an installation without
// Redis. One process has the file at a time.
//
// Callbacks that wait for their receivers are the exception: they have a file of their own, DATA/callbacks.db (Callbacks).
//
// Store is the file; Status, Live, Chat, Accounts, Words, Files, Audit, Gifts, Likes, Follows, Endpoints and Pushes are what the domains see of it.
// Durability follows design §7. Class A goes through update: the answer comes after the fsync, and writers that come together share one (group commit,
// at most a few milliseconds). Class B goes through later: it is in memory at once and written every 200 ms by Run, and
// by Close. Close must come after the last use; a transaction never spans a call to another package's store.
//
// Buckets, and what is in them; those of the other domains are told of in their files:
//
//	meta               "schema" → the schema's number
//	rooms              room id → live.Room (JSON)
//	rooms.stream       stream name → room id
//	rooms.group        group id → room id
//	status             room id → status.State (JSON), tombstones included
//	status.deadlines   room id → nothing: rooms whose state has deadlines
//	status.publishing  room id → nothing: rooms whose stream is active
//	status.outbox      room id, 0, version (8 bytes, big endian) → status.Entry (JSON)
//	status.log         sequence number (8 bytes, big endian) → status.Record (JSON); the newest only
package boltstore

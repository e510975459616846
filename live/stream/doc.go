// Package stream holds pushed streams in memory: one copy of every tag, a cache that gives late joiners their first
// picture at once, and any number of subscribers that can never slow the publisher or each other.
//
// A Hub knows streams by name. A Publisher (one generation of a stream) appends tags; a Subscriber holds a cursor into
// the shared log and loses whole GOPs when it falls behind. Tags are immutable and shared; nothing is copied per
// subscriber. The package knows FLV's tag layout, because that is what is pushed and played, but no protocol and no policy.
package stream

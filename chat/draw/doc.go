// Package draw holds lucky draws: viewers enter by saying a keyword, or by a message of some custom type, within a window
// of time, and winners are drawn from them in a way that everybody can check.
//
// Entries come from delivered messages only: a Service reads each group's log by its place there (Source), so that what
// frequency control dropped, or was refused, never counts, and each user enters once. The place is stored with the entries in
// one step: they are the same however often a node dies and another goes on.
//
// A draw is provably fair as far as this can be had of one who draws: a secret seed is made at its start and its SHA-256 is told
// to the room; at its end the seed is revealed. The ticket of an entry is a MAC of draw and user under the seed, and the winners
// are those with the smallest tickets. So who won follows from the seed, which was fixed before anybody had entered, and from
// who entered; Verify computes it again from an Export.
//
// What the room is told lies in an outbox that is written in the same step as what it tells of, and goes to the room once, in
// order. Any node may do each step: a step whose base is gone does nothing.
package draw

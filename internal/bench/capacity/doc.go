// Package capacity is a small model of a cluster: from what one node and Redis were measured to take, it says how many nodes an
// audience needs, what bounds them, what Redis carries and where that ends; and it simulates one chat room over its nodes, event
// by event. It is what `liveroom bench plan` prints. It starts nothing, talks to nobody, and answers the same for the same
// questions.
//
// All figures it stands on are in measured.go. What was measured: one node on one core, with up to 10,000 members in a room that
// speaks 40 times a second; Redis with up to 100 nodes that follow a group. What is extrapolated: that a write costs the same
// on each of several cores, that nodes do not disturb each other, all networks, and members beyond 10,000 a core.
// What is left out: joins (a burst of its own: 0.13 ms of a core each), moderation, people's registry but for the counts, files,
// callbacks, TLS.
package capacity

// Package edge brings streams to the nodes where they are watched.
//
// A stream is pushed to one node of a cluster, its origin, which status news name (Follow). While somebody watches it on another
// node, and Linger longer, that node pulls it once over HTTP-FLV and writes the tags as they are into its own hub, as a
// relay of the same generation: viewers there are subscribers as on the origin. A connection that breaks is made again and
// goes on where it was; one over which nothing comes for Silence counts as broken. When the push moves, so does the pull, and
// viewers see what a takeover on one node shows them: one discontinuity, and times that never go back. While the room is
// paused on purpose, nothing is pulled; then the pull begins anew, with the picture that the origin keeps for newcomers.
//
// An origin gives only what is pushed to itself (Play), and only the generation that was asked for; so there are no
// chains and no loops. It treats an edge like any viewer, except that it doesn't count it.
//
// Run owns every goroutine: one for each stream pulled, and one that reads for it. All methods may be called from any.
package edge

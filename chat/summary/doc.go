// Package summary tells how a live session went, once it is over.
//
// A session is followed by the records of its room's status, which come to Turn in their order and may come again: they say
// when it began, paused, went on and ended, and why. While it runs one node of a cluster looks each ten seconds how many are
// there (Run), which gives peaks, curves and the time that was watched; every node adds what it counts, once a second: messages,
// people who came, plays. Some seconds after the end, when the last of that has come, the session is closed: likes and gifts are
// read where they are exact, the summary is kept, and then it is told, to the room and to backends.
//
// All of it is in the Store, so that any node goes on where another died: a step that may be done twice is recognised, and the
// summary that was kept first is the one that is told, each time the same. A node that is killed loses what it counted in its
// last second; nobody looks for as long as it takes another to notice, for which the time that was watched counts at most half
// a minute.
package summary

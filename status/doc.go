// Package status is the live-room status machine: to be started, live, paused, ended, playback (design §4).
//
// Apply is the whole machine as a pure function over a State and an Event. Machine runs it over a Store with
// compare-and-set, so that a change, its deadline and its outbox entry are one atomic step. Synchroniser delivers the
// outbox, per room and in order, at least once; Deadlines acts on what time alone decides. The package knows nothing of
// HTTP, chat or storage technology: Store and Announcer are declared here by what the package needs.
package status

// Package chaos is a cast of clients for tests that break things: anchors, drivers, members, moderators, readers and viewers
// who go on whatever happens, and a checker of what they saw.
//
// Each actor does what a real client does after a loss: it comes back, to any node, and resumes. What it does and sees goes
// into a History. When the test has mended what it broke and everything has come to rest, Check looks through the history for
// promises that were not kept (design §4, §6, §7). A plan of faults is made from a seed, and so are the actors' choices, so
// that a run can be repeated, as far as machines repeat themselves.
//
// Which faults there are and how they are done is the test's business: the package knows nodes only by their addresses.
package chaos

// Package delay holds what is pushed and shows it later: a Stage takes pushes into a hub of its own, where nobody watches,
// and moves their tags to the public hub once their time has come. They keep their times on the session's clock.
//
// What is to happen to the stream besides, that its gate closes or that it ends, stands in the same line as its media, so
// that viewers meet both in the order in which they happened. Purge throws away what has not been shown yet.
//
// A Stage holds a bounded number of bytes. Where there is more, the oldest of the stream that has most goes out before its time; nothing is lost. One
// goroutine, Run, does all that is due; pushing never waits for it. What is held is in memory only: it goes with the process.
package delay

// Package audit keeps the log of who did what to whom: acts of moderation, of driving rooms, of administration. It is
// what an operator reads when somebody complains; it holds no message texts, no secrets, and addresses only as networks.
//
// Log is a chat.Journal. Record takes acts into a bounded queue and never blocks; Run writes the queue to a Store, each
// time up to a thousand acts in one durable step; Settle waits for that. Who does something settles before the answer goes
// out. So:
//
// Promise: an act that was answered is in the log, also after a crash, in the order in which acts were recorded. An act
// that a crash cut off before its answer may have been done and be missing. While the store does not answer, acts go on
// being done: they wait in the queue, answers wait up to SettleTimeout, and what the queue can't hold is counted and said
// in the server's own log.
//
// The log is bounded by age and number (Sweep); its entries are never changed.
package audit

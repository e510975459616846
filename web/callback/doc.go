// Package callback tells backends what happens in rooms and asks them before it does: Tencent IM's callbacks (spec
// im-callbacks), stream events of Tencent CSS (spec css §3), and liveroom's own status events.
//
// Client posts to a receiver under one deadline, to public addresses only unless others are allowed. What is told waits in
// the queues of callback/delivery, for which Sender makes the tries; what is asked (before-callbacks) is asked at once.
// docs/callbacks.md is the contract.
package callback

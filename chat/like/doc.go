// Package like counts the likes of live rooms.
//
// A like is accepted at once, by the rate of who gives it and by nothing else: it is counted whether or not the message that
// shows it to the room survives frequency control. What is accepted is collected and brought to the Store about once a second,
// one batch for each room, so that the cost of a like does not depend on a store. A batch whose answer was lost is sent again
// as it was until it is answered; its writer and number make the store count it once, however long that takes. Of likes that
// were accepted a process that is killed loses those of its last Config.Flush (durability class B); nothing counts twice.
//
// Totals per room, and per live session, are the Store's. Service.RunTotals, which runs on one node of a cluster at a time,
// tells rooms their totals every few seconds, those that changed; what a dead node added and did not live to tell is among it.
//
// Methods may be called from many goroutines. Run and RunTotals block until their context ends and leave nothing behind.
package like

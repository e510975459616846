// Package live is the live room: who may push and play, what a room is made of, and what happens to its stream when its
// status changes.
//
// Service creates and changes rooms, admits pushes and plays, drives the status machine for anchors and operators, and
// keeps the stream in step with the record: the gate is closed while the anchor pauses, everyone leaves when the room
// ends, a push of an older generation is cut. Status changes reach it through Machine.Watch, on the goroutine that made
// them; it compares revisions, so late news never undoes newer news.
//
// It knows no protocol, no HTTP and no storage: doors (live/rtmp, live/flv, live/hls, web) call it, Store is declared
// here by what it needs, and cmd joins it with the chat.
package live

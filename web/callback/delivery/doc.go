// Package delivery brings events to receivers that are slow, away or broken at times: stored queues, one for each receiver
// (endpoint), room and class of events. It knows neither what the events mean nor how they are sent: that is the Sender's.
//
// Promise: of one queue one event is under way at a time, in the order of Append; queues don't wait for each other, but take
// turns where there are more than may be under way, those of State before all others. An event is sent at least once, always
// under the same ID. What Settle returned for is sent also after a crash. An event that its receiver refuses, or that fails
// again and again while others get through, is put aside as a dead letter, and its queue goes on; a receiver that is away is
// asked from time to time with one event (Circuit), and that counts against none.
//
// Bounds: each class has an age and a number (Class). What is beyond is dropped, oldest first, and told to the receiver by one
// event, Dropped, in the place of what is missing; of State nothing is dropped, what is too old becomes a dead letter. Only
// the heads of queues are in memory.
//
// Run owns every goroutine. Append never blocks and may be called under locks.
package delivery

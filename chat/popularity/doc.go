// Package popularity knows which rooms people are drawn to now.
//
// Each thing that happens in a room — a message, a like, a gift, somebody who comes, a minute somebody stays — adds its weight
// to the room's score, and every weight halves in a half-life. The score is kept by forward decay: not what it is now, but the
// base-2 logarithm of what it would have been at a landmark (Scale). An event is then one addition whatever came before it,
// nothing has to be decayed as time goes by, rooms compare at any moment by the numbers as they are stored, and these grow by
// one in a half-life, so that they overflow in no time a program lives.
//
// Service collects what happens on a node and writes it in one step a second (Run); one node of a cluster adds those who are
// there, tells each group its score and drops rooms that fell silent (Tend). Guide recommends live rooms and says why. Events
// are noted without blocking and cost a map access; those of a node that is killed are lost if they are less than a second old.
package popularity

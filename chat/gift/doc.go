// Package gift is what viewers give: the catalogue, orders and their settlement, the ledger, and what a room is shown.
//
// An order is placed under an id its maker chose, settled once, and stays. Settlement asks the business backend (Settler)
// whether the sender may have it; an answer that is lost or makes no sense leaves the order pending, and it is asked again
// under the same id. In the step that accepts an order the store writes the ledger entry, the totals, the ranking, what is
// merged of a combo and the messages for the room, so that these agree whatever dies when. A repeated order, a second
// answer, a second node at the same work change nothing.
//
// Store is what is kept; the rules all stores share are Head, Combo and their methods, so that a store only persists.
// Messages wait in the store's outbox until Room has taken them; their numbers fence them, so each is shown exactly once.
//
// Service is the doors' view. Its Run asks, ends combos, empties outboxes and tells of what was settled; every node runs
// one, on what it settled itself at once, and on what others left lying after a moment. Times are the nodes' clocks: where
// they differ a combo may be shown in more or fewer messages, never with another sum.
package gift

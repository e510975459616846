package callback

import (
	"context"
	"encoding/json"
	"net/url"
	"strconv"
	"time"

	"liveroom/chat"
	"liveroom/web/callback/delivery"
)

// What backends are told in our own format beside statuses (FormatEvents).
const (
	GiftSettled    = "gift.settled"
	LevelChanged   = "level.changed"
	SessionSummary = "session.summary"
	DrawEnded      = "draw.ended"
	FollowChanged  = "follow.changed"

	eventsDropped = "dropped" // what they did not get (delivery.Loss)
)

// Events tells receivers of our own format what happens in rooms beside talking. Each method queues one event, in the order of
// its room, and costs one look-up where nobody wants it; none blocks. What is given is encoded as JSON before it returns.
type Events struct {
	receivers *Registry
	queue     Queue
}

// NewEvents returns what tells receivers.
func NewEvents(receivers *Registry, queue Queue) *Events {
	return &Events{receivers: receivers, queue: queue}
}

// Settle returns when what was told before is kept, so that it is sent also after a crash; or an error of the queue.
func (e *Events) Settle(ctx context.Context) error { return e.queue.Settle(ctx) }

// GiftSettled tells an order that was accepted. key is the order's in its group; the event's id is made of both.
func (e *Events) GiftSettled(group, key string, order any) {
	e.tell(GiftSettled, group, key, "order", order)
}

// LevelChange is a user whose level has changed.
type LevelChange struct {
	User  string `json:"user"`
	Nick  string `json:"nick,omitempty"`
	Level int    `json:"level"` // now,
	From  int    `json:"from"`  // and before
	Badge string `json:"badge"`
	Score int64  `json:"score"`

	Version uint64 `json:"version"` // of the same user's a greater one is newer; the event's id is made of it
}

// LevelChanged tells that a user has another level.
func (e *Events) LevelChanged(c LevelChange) {
	e.tell(LevelChanged, queueOf(c.User), c.User+":"+strconv.FormatUint(c.Version, 10), "change", c)
}

// SessionSummary tells what there was in a live session that has ended.
func (e *Events) SessionSummary(room, session string, summary any) {
	e.tell(SessionSummary, room, session, "summary", summary)
}

// DrawEnded tells the result of a lucky draw, or that it was cancelled.
func (e *Events) DrawEnded(group, draw string, result any) {
	e.tell(DrawEnded, group, draw, "draw", result)
}

// FollowChange is a user who follows another one, or does so no longer.
type FollowChange struct {
	User      string `json:"user"`    // who follows
	Follows   string `json:"follows"` // whom
	Following bool   `json:"following"`
	Followers int64  `json:"followers"` // of whom he follows, after it
}

// FollowChanged tells that somebody follows somebody, or does so no longer; of one who is followed in order.
func (e *Events) FollowChanged(c FollowChange) {
	e.tell(FollowChanged, queueOf(c.Follows), "", "change", c)
}

// tell queues an event under an id made of room and key. Without a key the queue makes one.
func (e *Events) tell(command, room, key, name string, what any) {
	to := e.receivers.Wants(command)
	if to == nil {
		return
	}
	id, now := "", time.Now()
	if key != "" {
		id = eventID(command, room, key)
	}
	tell(e.queue, to, delivery.Event{
		Command: command, Class: delivery.People, Room: room, ID: id, Body: eventBody(command, now, name, what), At: now,
	})
}

// eventID names an event about something in a room. The room is escaped, so that no two ids are alike whatever is in a name.
func eventID(command, room, key string) string {
	return command + ":" + url.QueryEscape(room) + ":" + key
}

// eventBody is the body of an event of our own format. What can't be encoded is null; everything that is told can.
func eventBody(command string, at time.Time, name string, what any) []byte {
	raw, err := json.Marshal(what)
	if err != nil {
		raw = []byte("null")
	}
	return newObject(96+len(raw)).text("event", command).text("at", at.UTC().Format(chat.TimeLayout)).raw(name, raw).close()
}

// eventsLoss puts a loss into the words of our own format.
func eventsLoss(e delivery.Event) []byte {
	return append(append(newObject(32+len(e.Body)).text("event", eventsDropped), ','), e.Body[1:]...)
}

package callback

import (
	"encoding/json"
	"time"
)

// sampleEvent is the body of an event of our own format (FormatEvents).
func sampleEvent(command string, at time.Time) []byte {
	switch command {
	case GiftSettle:
		return settleBody(1, sampleOrder("pending", at))
	case GiftSettled:
		return eventBody(command, at, "order", sampleOrder("accepted", at))
	case LevelChanged:
		return eventBody(command, at, "change", LevelChange{User: "viewer7", Nick: "Vera", Level: 7, From: 6, Badge: "silver", Score: 700, Version: 1790000000007})
	case SessionSummary:
		return eventBody(command, at, "summary", json.RawMessage(`{"room":"`+sampleRoom+`","session":"`+sampleSession+`","messages":901,"likes":1200,"giftValue":30000,"giftCount":300,"peak":240}`))
	case DrawEnded:
		return eventBody(command, at, "draw", json.RawMessage(`{"id":"d1","group":"`+sampleRoom+`","number":1,"title":"Tea set","prize":"","trigger":{"keyword":"tea"},"eligibility":{},"places":1,"session":"","by":"anchor1","state":"ended","startedAt":"`+at.UTC().Format(timeFormat)+`","endsAt":"`+at.UTC().Format(timeFormat)+`","closedAt":"`+at.UTC().Format(timeFormat)+`","commitment":"9f86d081","seed":"1b4f0e98","entries":120,"entriesHash":"60303ae2","winners":[{"user":"viewer7","nick":"Vera","ticket":"00c3a1f7"}]}`))
	case FollowChanged:
		return eventBody(command, at, "change", FollowChange{User: "viewer7", Follows: "anchor1", Following: true, Followers: 1201})
	}
	return nil
}

const sampleSession = "01JD0000000000000000000001"

// sampleOrder is an order as backends see it.
func sampleOrder(state string, at time.Time) json.RawMessage {
	created := at.UTC().Format(timeFormat)
	settled := ""
	if state != "pending" {
		settled = created
	}
	o := newObject(512).text("id", "order-1").text("group", sampleRoom).text("session", sampleSession).text("gift", "rose").text("name", "Rose").
		number("price", 100).number("count", 3).number("value", 300).text("from", "viewer7").text("nick", "Vera").text("to", "anchor1").
		text("state", state).text("via", "client").text("createdAt", created)
	if settled != "" {
		o = o.text("settledAt", settled)
	}
	return o.close()
}

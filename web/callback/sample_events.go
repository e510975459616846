package callback

import (
	"encoding/json"
	"time"

	"liveroom/chat"
	"liveroom/chat/draw"
	"liveroom/chat/gift"
	"liveroom/chat/summary"
)

// sampleEvent is the body of an event of our own format (FormatEvents).
func sampleEvent(command string, at time.Time) []byte {
	switch command {
	case GiftSettle:
		order, _ := json.Marshal(sampleOrder()) // it is plain
		return settleBody(1, order)
	case GiftSettled:
		return eventBody(command, at, "order", sampleOrder().Settled(gift.Verdict{State: gift.Accepted}, sampleTime))
	case LevelChanged:
		return eventBody(command, at, "change", LevelChange{User: "viewer7", Nick: "Vera", Level: 7, From: 6, Badge: "silver", Score: 700, Version: 1790000000007})
	case SessionSummary:
		return eventBody(command, at, "summary", sampleSummary())
	case DrawEnded:
		return eventBody(command, at, "draw", sampleDraw().View())
	case FollowChanged:
		return eventBody(command, at, "change", FollowChange{User: "viewer7", Follows: "anchor1", Following: true, Followers: 1201})
	}
	return nil
}

const sampleSession = "01JD0000000000000000000001"

// sampleTime is when things in samples happened.
var sampleTime = time.Date(2026, 9, 21, 14, 13, 20, 123e6, time.UTC)

func sampleOrder() gift.Order {
	return gift.Order{
		ID: "order-1", Group: sampleRoom, Session: sampleSession, Gift: "rose", Name: "Rose", Price: 100, Count: 3, Value: 300,
		From: "viewer7", Nick: "Vera", Level: 7, To: "anchor1", State: gift.Pending, Via: gift.ViaClient, CreatedAt: sampleTime,
	}
}

func sampleDraw() draw.Draw {
	return draw.Draw{
		Terms: draw.Terms{ID: "d1", Title: "Tea set", Prize: "A tea set", Trigger: draw.Trigger{Keyword: "tea"}, Window: time.Minute, Winners: 1},
		Group: sampleRoom, Number: 1, Session: sampleSession, By: "anchor1", State: draw.Ended,
		StartedAt: sampleTime.Add(-time.Minute), EndsAt: sampleTime, ClosedAt: sampleTime,
		Seed: "e3b0c442", Commitment: "72cd6e84", Entries: 120, EntriesHash: "60303ae2",
		Drawn: []draw.Winner{{User: "viewer7", Nick: "Vera", Ticket: "00c3a1f7"}},
	}
}

func sampleSummary() summary.Summary {
	wire := func(at time.Time) string { return at.Format(chat.TimeLayout) }
	return summary.Summary{
		Room: sampleRoom, Group: sampleRoom,
		Public: summary.Public{
			Session: sampleSession, StartedAt: wire(sampleTime.Add(-time.Hour)), EndedAt: wire(sampleTime), Duration: 3600, Pauses: 1,
			Viewers: 410, Peak: 240, Members: 180, WatchTime: 432000, Messages: 901, Likes: 1200, GiftValue: 30000, GiftCount: 300,
			Top:   []summary.Ranked{{Rank: 1, User: "viewer7", Nick: "Vera", Level: 7, Value: 12000, Count: 120}},
			Curve: []int64{120, 340, 300}, CurveStep: 1200, Popularity: 340,
		},
		Reason: "by_anchor", Paused: 60, PauseList: []summary.PauseBody{{From: wire(sampleTime.Add(-30 * time.Minute)), Seconds: 60, Reason: "by_anchor"}},
		PeakAt: wire(sampleTime.Add(-20 * time.Minute)), PeakMembers: 160, PeakViewers: 230, GiftSenders: 41, OnlineCurve: []int64{80, 240, 190}, Complete: true,
	}
}

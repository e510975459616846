package main

import (
	"bytes"
	"encoding/json"
	"slices"

	"liveroom/chat"
	"liveroom/chat/gift"
)

// interaction is what the parts beside the chat (gifts, likes, levels …) want to be told of it, and what they run. Each part
// appends to it in its own join file, before the chat is made; nothing is added afterwards.
type interaction struct {
	delivered []func(*chat.Message)                // see chat.Config.Delivered
	spoken    []func(*chat.Message)                // of delivered messages those that say something
	shown     []func(*chat.Message) bool           // beside shows: whether a message only shows what counts by itself
	counted   []func(*chat.Message, chat.Identity) // see chat.Config.Counted
	observers []chat.Observer                      // beside the callbacks'
	liked     []func(group, user string, n int)    // see like.Config.Liked
	followed  []func(follower, followed string, on bool)
	gifts     []func(gift.Order) // see gift.Config.Settled
	actors    []actor            // they end after the doors and before the chat
}

// joinParts makes the parts beside the chat that it tells or asks something. It is made after them: what they need of it, and of the
// accounts, they ask when they run.
func (p *program) joinParts(talk *chat.Config) error {
	for _, join := range []func() error{
		func() error { return p.joinKinds(talk) },
		func() error { return p.joinLevels(talk) },
		p.joinLikes, p.joinFollows, p.joinPopularity, p.joinSummaries, p.joinReplay,
	} {
		if err := join(); err != nil {
			return err
		}
	}
	p.joinGifts()
	p.interaction.joinInteraction(talk)
	return nil
}

// gave tells all who want to know of a gift that was settled here.
func (i *interaction) gave(o gift.Order) {
	for _, tell := range i.gifts {
		tell(o)
	}
}

// joinInteraction lets the chat tell all who want to know. What a config has already is told first.
func (i *interaction) joinInteraction(talk *chat.Config) {
	if talk.Delivered != nil {
		i.delivered = append([]func(*chat.Message){talk.Delivered}, i.delivered...)
	}
	if len(i.spoken) > 0 {
		i.delivered = append(i.delivered, i.speak)
	}
	if len(i.delivered) > 0 {
		talk.Delivered = func(m *chat.Message) {
			for _, tell := range i.delivered {
				tell(m)
			}
		}
	}
	if len(i.counted) > 0 {
		talk.Counted = func(m *chat.Message, who chat.Identity) {
			for _, tell := range i.counted {
				tell(m, who)
			}
		}
	}
	talk.Observer = chat.Observers(append([]chat.Observer{talk.Observer}, i.observers...)...)
}

// speak tells of a message all who count what members say.
func (i *interaction) speak(m *chat.Message) {
	if shows(m) || slices.ContainsFunc(i.shown, func(is func(*chat.Message) bool) bool { return is(m) }) {
		return
	}
	for _, tell := range i.spoken {
		tell(m)
	}
}

// shows says whether a message only shows members a like, a follow or a gift, which counts by itself.
func shows(m *chat.Message) bool {
	if !bytes.Contains(m.Body, []byte("TIMCustomElem")) { // most
		return false
	}
	var body []struct{ MsgContent struct{ Data string } }
	var data struct {
		Type string `json:"type"`
	}
	if json.Unmarshal(m.Body, &body) != nil || len(body) != 1 || json.Unmarshal([]byte(body[0].MsgContent.Data), &data) != nil {
		return false
	}
	switch chat.FoldType(data.Type) {
	case "like", "follow", "gift":
		return true
	}
	return false
}

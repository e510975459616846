package main

import (
	"liveroom/chat"
	"liveroom/chat/gift"
)

// interaction is what the parts beside the chat (gifts, likes, levels …) want to be told of it, and what they run. Each part
// appends to it in its own join file, before the chat is made; nothing is added afterwards.
type interaction struct {
	delivered []func(*chat.Message)                // see chat.Config.Delivered
	counted   []func(*chat.Message, chat.Identity) // see chat.Config.Counted
	observers []chat.Observer                      // beside the callbacks'
	liked     []func(group, user string, n int)    // see like.Config.Liked
	followed  []func(follower, followed string, on bool)
	gifts     []func(gift.Order) // see gift.Config.Settled
	actors    []actor            // they end after the doors and before the chat
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

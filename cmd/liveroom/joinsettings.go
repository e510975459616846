package main

import (
	"context"
	"time"

	"liveroom/chat/setting"
	"liveroom/chat/words"
	"liveroom/web"
	"liveroom/web/callback"
)

// settingsTimeout is how long reading what was changed of the settings may take at the start.
const settingsTimeout = 30 * time.Second

// readSettings reads what was changed of the switches, before anything is made that works by them.
func (p *program) readSettings() (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), settingsTimeout)
	defer cancel()
	p.settings, err = setting.New(ctx, p.set.switches(), p.stores.settings, p.log)
	return err
}

// switched tells all parts what the switches say now. What is told again changes nothing.
func (p *program) switched(v setting.Values) {
	p.chat.Recheck(p.accounts.SetAdmins(v.Admins)...)
	if err := p.chat.Tune(tuning(v)); err != nil {
		p.log.Error("the chat does not work as its settings say", "err", err)
	}
	if err := p.likes.Tune(v.LikeRate, v.LikeBurst); err != nil {
		p.log.Error("likes do not work as their settings say", "err", err)
	}
	p.words.SetRule(map[string]words.Rule{"each": words.Each, "block": words.AllBlock, "replace": words.AllReplace}[v.WordAction])
	p.callbacks.receivers.Fail(callback.FormatIM, callback.OnFailure(v.CallbackOnFailure))
	p.web.Tune(web.Tuning{GuestsOff: !v.GuestLogin, PublicWords: v.PublicWords})
}

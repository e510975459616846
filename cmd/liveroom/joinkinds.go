package main

import (
	"context"
	"time"

	"liveroom/chat"
	"liveroom/chat/kind"
)

// kindsTimeout is how long reading the registered types of messages may take at the start.
const kindsTimeout = 30 * time.Second

// joinKinds reads the registered types of custom messages, and has the chat ask for them.
func (p *program) joinKinds(talk *chat.Config) (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), kindsTimeout)
	defer cancel()
	if p.kinds, err = kind.New(ctx, p.stores.kinds); err != nil {
		return err
	}
	talk.Kind = p.kinds.Kind
	return nil
}

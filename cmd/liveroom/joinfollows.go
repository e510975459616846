package main

import (
	"context"
	"errors"
	"strings"

	"liveroom/chat"
	"liveroom/chat/account"
	"liveroom/chat/follow"
	"liveroom/chat/level"
	"liveroom/web/callback"
)

// joinFollows makes what keeps who follows whom. Receivers of follow.changed, and all who are in interaction.followed, are told
// of each change.
func (p *program) joinFollows() (err error) {
	p.follows, err = follow.New(follow.Config{
		Limit: p.set.FollowLimit,
		Check: mayFollow,
		Changed: func(follower, followed string, on bool, followers int) {
			p.callbacks.events.FollowChanged(callback.FollowChange{User: follower, Follows: followed, Following: on, Followers: int64(followers)})
			for _, tell := range p.interaction.followed {
				tell(follower, followed, on)
			}
		},
	}, p.stores.follows, p.log)
	return err
}

// mayFollow refuses names that no account has.
func mayFollow(user string) error {
	if account.CheckUser(user) != nil || strings.HasPrefix(user, account.AnonymousPrefix) {
		return &chat.Error{Code: chat.ErrParameter.Code, Name: chat.ErrParameter.Name, Field: "user", Detail: "must be a user's id"}
	}
	return nil
}

// forgetUsers lets go of what is kept of deleted accounts, and of guests whose time is over.
func (p *program) forgetUsers(ctx context.Context, gone []account.Gone) error {
	follows, levels := make([]follow.Place, len(gone)), make([]level.Gone, len(gone))
	users := make([]string, len(gone))
	for i, g := range gone {
		users[i] = g.User
		follows[i], levels[i] = follow.Place{At: g.At.UnixMicro(), User: g.User}, level.Gone(g)
	}
	p.chat.ForgetHeld(users...)
	return errors.Join(p.follows.Forget(ctx, follows...), p.levels.Delete(ctx, levels...))
}

// followJobs are what one node of a cluster does for the follows of all.
func (p *program) followJobs() []job {
	return []job{{"follows left half done", "@every 10s", func(ctx context.Context) error {
		if err := p.follows.Repair(ctx); err != nil && !errors.Is(err, context.Canceled) {
			return err
		}
		return nil
	}}, {"deleted accounts", "@every 10s", p.accounts.TellDeleted}, {"follows of deleted accounts", "@every 10s", p.follows.ForgetRest}}
}

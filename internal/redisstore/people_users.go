package redisstore

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"liveroom/chat"
)

// PutUsers implements chat.Registry.
func (p *People) PutUsers(ctx context.Context, here map[string]chat.Whereabouts) (map[string]chat.Elsewhere, error) {
	said, there, gone := make(map[string]string, len(here)), []any{}, []any{}
	for user, w := range here {
		if w.Nowhere() {
			said[user], gone = "", append(gone, user)
			continue
		}
		raw, err := json.Marshal(w)
		if err != nil {
			return nil, err
		}
		said[user], there = string(raw), append(there, user)
	}
	ctx, cancel := p.s.within(ctx)
	defer cancel()
	index := p.s.key("n:"+p.Node(), "users")
	if len(there) > 0 { // before it is said, so that nothing said is without an heir
		pipe := p.s.rdb.Pipeline()
		pipe.SAdd(ctx, index, there...)
		pipe.PExpire(ctx, index, peopleIndex)
		if _, err := pipe.Exec(ctx); err != nil {
			return nil, away(err)
		}
	}
	out, err := p.ask(ctx, said)
	if err == nil && len(gone) > 0 {
		err = away(p.s.rdb.SRem(ctx, index, gone...).Err())
	}
	return out, err
}

// Users implements chat.Registry.
func (p *People) Users(ctx context.Context, users []string) (map[string]chat.Elsewhere, error) {
	ctx, cancel := p.s.within(ctx)
	defer cancel()
	said := make(map[string]string, len(users))
	for _, user := range users {
		said[user] = "?"
	}
	out, err := p.ask(ctx, said)
	for user, e := range out {
		if len(e.Nodes) == 0 && e.Ended == 0 {
			delete(out, user)
		}
	}
	return out, err
}

// ask says where users are, or asks, all at once. Doing it twice does nothing more.
func (p *People) ask(ctx context.Context, said map[string]string) (map[string]chat.Elsewhere, error) {
	pipe, cmds := p.s.rdb.Pipeline(), make(map[string]*redis.Cmd, len(said))
	for user, word := range said {
		cmds[user] = pipe.EvalSha(ctx, scriptPeopleUser.sha, []string{p.userKey(user)}, p.userArgs(word)...)
	}
	if _, err := pipe.Exec(ctx); err != nil && !forgotten(err) {
		return nil, away(err)
	}
	out, living := make(map[string]chat.Elsewhere, len(said)), p.living()
	for user, cmd := range cmds {
		if forgotten(cmd.Err()) {
			cmd = p.s.run(ctx, scriptPeopleUser, []string{p.userKey(user)}, p.userArgs(said[user])...)
		}
		answer, err := cmd.Slice()
		if err != nil {
			return nil, away(err)
		}
		out[user] = elsewhere(answer, living)
	}
	return out, nil
}

// forgotten says whether Redis does not know a script.
func forgotten(err error) bool { return err != nil && strings.HasPrefix(err.Error(), "NOSCRIPT") }

func (p *People) userKey(user string) string { return p.s.key("u:"+user, "at") }

// EndUser implements chat.Registry.
func (p *People) EndUser(ctx context.Context, user string, ago time.Duration) error {
	return away(p.s.run(ctx, scriptPeopleEnd, []string{p.userKey(user)}, chat.EndedAge.Milliseconds(), ago.Milliseconds()).Err())
}

// Inherit implements chat.Registry. A node is dead when it has had no lease for the time of one: who was only cut off for a
// moment, or comes back with a Redis that forgot everything, keeps what is its own.
func (p *People) Inherit(ctx context.Context) (map[string]chat.Whereabouts, error) {
	dying := p.s.key("lr", "people", "dying")
	dead, err := p.s.run(ctx, scriptPeopleDead, []string{p.s.key("lr", "people"), dying, p.s.key("lr", "nodes")}, p.nodes.lease.Milliseconds()).StringSlice()
	if err != nil {
		return nil, away(err)
	}
	for _, node := range dead {
		left, err := p.inherit(ctx, node)
		if err != nil || len(left) > 0 {
			return left, err
		}
	}
	return nil, nil
}

// inherit takes over some users of a dead node, or notes that there are no more.
func (p *People) inherit(ctx context.Context, node string) (map[string]chat.Whereabouts, error) {
	index := p.s.key("n:"+node, "users")
	for {
		users, err := p.pop(ctx, index)
		if err != nil {
			return nil, err
		}
		if len(users) == 0 {
			return nil, p.over(ctx, node)
		}
		left := make(map[string]chat.Whereabouts, len(users))
		for _, user := range users {
			raw, err := p.s.run(ctx, scriptPeopleHeir, []string{p.userKey(user)}, node).Text()
			var w chat.Whereabouts
			if err == nil && json.Unmarshal([]byte(raw), &w) == nil && len(w.Seats) > 0 {
				left[user] = w
			}
			if err = away(err); err != nil && !isNil(err) {
				return left, nil // the rest of these is lost; what was taken is not
			}
		}
		if len(left) > 0 {
			return left, nil
		}
	}
}

// pop takes users out of an index, for this node only.
func (p *People) pop(ctx context.Context, index string) ([]string, error) {
	users, err := p.s.command(ctx, "spop", index, heirBatch).StringSlice()
	return users, away(err)
}

// over notes that nothing is left of a dead node.
func (p *People) over(ctx context.Context, node string) error {
	ctx, cancel := p.s.within(ctx)
	defer cancel()
	return away(p.s.rdb.SRem(ctx, p.s.key("lr", "people", "dying"), node).Err())
}

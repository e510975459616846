package chat

import (
	"slices"
	"time"
)

// tipsNews tells other nodes who came to a group by this one, who left it, and who was never away: he left by one node and
// came back by another in a moment.
type tipsNews struct {
	Group string   `json:"group"`
	Came  []guise  `json:"came,omitempty"`
	Left  []guise  `json:"left,omitempty"`
	Back  []string `json:"back,omitempty"`
}

// tellTips tells the other nodes where somebody is in the room, or was until a moment ago: the last who left there may be he
// who came here. The room's lock is held.
func (r *room) tellTips(t tipsNews) {
	if r.s.abroad == nil {
		return
	}
	t.Group, t.Came = r.id, slices.Clone(t.Came)
	for _, node := range r.s.abroad.census.where(r.id, r.s.abroad.n.Others(), time.Now().Add(-censusLately)) {
		r.s.abroad.mail.say(node, news{Tips: &t})
	}
}

// hearTips tells this node's members too. Who is about to be told as gone has come back by the other node: nobody is told
// anything then.
func (s *Service) hearTips(_ string, t *tipsNews) {
	r := s.inMemory(t.Group)
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var back []string
	for _, g := range t.Came {
		switch _, left := r.tips.left[g.User]; {
		case left:
			delete(r.tips.left, g.User)
			back = append(back, g.User)
		case !r.has(g.User) && len(r.members) > 0 && r.tipping() && len(r.tips.came) < s.tuned().Tips:
			r.tips.came = append(r.tips.came, r.guise(Identity{User: g.User, Nick: g.Nick, Avatar: g.Avatar}))
			s.restless.add(r)
		}
	}
	if back != nil {
		r.tellTips(tipsNews{Back: back})
	}
	for _, user := range t.Back {
		r.tips.forget(user)
	}
	for _, g := range t.Left {
		if r.has(g.User) || len(r.members) == 0 || !r.tipping() || len(r.tips.left) >= s.tuned().Tips {
			continue
		}
		if r.tips.left == nil {
			r.tips.left = make(map[string]absence)
		}
		shown := r.guise(Identity{User: g.User, Nick: g.Nick, Avatar: g.Avatar})
		r.tips.left[g.User] = absence{shown, time.Now().Add(-tipsGrace), true}
		s.restless.add(r)
	}
}

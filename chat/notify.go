package chat

import (
	"cmp"
	"context"
	"strconv"
	"time"
	"unicode/utf8"
)

// Notify tells everyone who is in a group something of its management, or only the users named, each on all devices
// (spec im-rest §3.13). It is beside frequency control and history: who is not there never learns of it. Owner and
// administrators may. Content is any text, as long as a message may be.
func (s *Service) Notify(ctx context.Context, group string, by Identity, content string, users ...string) error {
	if content == "" || len(content) > s.cfg.MessageBytes || !utf8.ValidString(content) {
		return ErrParameter.with("content", "must be 1 to %d bytes of UTF-8", s.cfg.MessageBytes)
	}
	if len(users) > 0 {
		var err error
		if users, err = checkUsers(users); err != nil {
			return err
		}
	}
	content, err := s.cleanText(by, "content", content)
	if err != nil {
		return err
	}
	detail := map[string]string{}
	if len(users) > 0 {
		detail["users"] = strconv.Itoa(len(users))
	}
	var r *room
	permit := func(found *room) error {
		r = found
		return cmp.Or(r.mayModerate(by), Unhurried(r.s.cfg.Journal, by))
	}
	return s.change(ctx, group, permit, func(ctx context.Context) (outcome, error) {
		n := notification{by.User, content, time.Now().Unix(), users}
		if s.feed != nil {
			if err := s.tellNodes(ctx, group, told{Notification: &n}); err != nil {
				return outcome{}, err
			}
		}
		out := r.notificationOutcome(n, time.Time{})
		out.acts = acts(by, group, "notification", []string{""}, detail)
		return out, nil
	})
}

func (r *room) notificationOutcome(n notification, at time.Time) outcome {
	item := r.act("notification", struct {
		By      string `json:"by"`
		Content string `json:"content"`
		Time    int64  `json:"time"`
	}{n.By, n.Content, n.Time})
	if len(n.Users) > 0 {
		return r.whisper(item, n.Users, at)
	}
	return outcome{items: []Item{item}}
}

// whisper tells an event to some users only, in its turn. At is when it happened; zero: then, here.
func (r *room) whisper(item Item, users []string, at time.Time) outcome {
	var to []*member
	return outcome{
		update: func(r *room) {
			r.number(item.Event, at)
			for _, user := range users {
				if p := r.users[user]; p != nil {
					to = append(to, p.sessions...)
				}
			}
		},
		after: func() {
			b := &Batch{Group: r.id, Items: []Item{item}, Priority: High}
			r.s.batches.Add(1)
			r.s.deliveries.Add(uint64(len(to)))
			r.deliverAll(b, to)
		},
	}
}

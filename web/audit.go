package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"liveroom/chat"
	"liveroom/chat/audit"
	"liveroom/live"
)

// Audit is the log of who did what (audit.Log).
type Audit interface {
	chat.Journal
	Acts(ctx context.Context, q audit.Query) (audit.Page, error)
}

// AuditEntry is one act.
type AuditEntry struct {
	Seq      uint64            `json:"seq" doc:"Grows by one from act to act."`
	At       Time              `json:"at"`
	Group    string            `json:"group" doc:"The chat group it was about; empty: the whole installation."`
	Room     string            `json:"room" doc:"The room whose group that is now; empty: it is none's, or the room is gone."`
	By       string            `json:"by" doc:"Account; administrator is the API token."`
	Platform string            `json:"platform" doc:"RESTAPI, Web, Android …"`
	Address  string            `json:"address" doc:"The network it came from: an IPv4 address, an IPv6 /64; empty: not known."`
	Action   string            `json:"action"`
	Target   string            `json:"target" doc:"The user or message it was done to."`
	Detail   map[string]string `json:"detail"`
}

type auditIn struct {
	Room   string `query:"room" maxLength:"48" doc:"Id of the room; of one that is gone, its group's id."`
	By     string `query:"by" maxLength:"32"`
	Target string `query:"target" maxLength:"64"`
	Action string `query:"action" maxLength:"32"`
	Since  string `query:"since" maxLength:"40" format:"date-time" doc:"RFC 3339."`
	Until  string `query:"until" maxLength:"40" format:"date-time" doc:"RFC 3339; not included."`
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"100"`
	Cursor string `query:"cursor" maxLength:"20" pattern:"^[0-9]*$" doc:"nextCursor of the page before."`
}

type auditOut struct {
	Body struct {
		Acts       []AuditEntry `json:"acts" doc:"The newest first."`
		NextCursor string       `json:"nextCursor,omitempty" doc:"Absent on the last page. A page with one may be short, or empty, where few acts match."`
	}
}

func (s *Server) registerAudit() {
	register(s, s.operation("audit", http.MethodGet, "/audit", "audit", "Look up who did what", tokenHolder), s.listActs)
}

func (s *Server) listActs(ctx context.Context, in *auditIn) (*auditOut, error) {
	q := audit.Query{Limit: in.Limit, Filter: audit.Filter{By: in.By, Target: in.Target, Action: in.Action}}
	var err error
	if q.Group, err = s.groupOnce(ctx, in.Room); err != nil {
		return nil, err
	}
	if q.Since, q.Until, err = span(in.Since, in.Until); err != nil {
		return nil, err
	}
	if q.Before, err = numberCursor(in.Cursor); err != nil {
		return nil, err
	}
	page, err := s.audit.Acts(ctx, q)
	if err != nil {
		return nil, err
	}
	rooms, err := s.actedOn(ctx, page.Entries)
	if err != nil {
		return nil, err
	}
	out := &auditOut{}
	out.Body.Acts = make([]AuditEntry, len(page.Entries))
	for i, e := range page.Entries {
		out.Body.Acts[i] = AuditEntry{e.Seq, Time{e.Time}, e.Group, rooms[e.Group], e.By, e.Platform, e.Address, e.Action, e.Target, orEmpty(e.Detail)}
	}
	if page.Next > 0 {
		out.Body.NextCursor = strconv.FormatUint(page.Next, 10)
	}
	return out, nil
}

// actedOn are the ids of the rooms whose groups acts were about, by group.
func (s *Server) actedOn(ctx context.Context, acts []audit.Entry) (map[string]string, error) {
	var groups []string
	rooms := map[string]string{}
	for _, act := range acts {
		if _, known := rooms[act.Group]; !known && act.Group != "" {
			rooms[act.Group], groups = "", append(groups, act.Group)
		}
	}
	ids := make([]string, len(groups))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(8)
	for i, group := range groups {
		g.Go(func() error {
			r, err := s.rooms.RoomByGroup(ctx, group)
			if p := known(err); p != nil && p.Status == http.StatusNotFound {
				return nil
			}
			ids[i] = r.ID
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	for i, group := range groups {
		rooms[group] = ids[i]
	}
	return rooms, nil
}

// span reads the ends of a span of time, either of which may be empty.
func span(since, until string) (from, to time.Time, err error) {
	for _, t := range []struct {
		field, text string
		into        *time.Time
	}{{"since", since, &from}, {"until", until, &to}} {
		if t.text == "" {
			continue
		}
		if err := t.into.UnmarshalText([]byte(t.text)); err != nil {
			return from, to, newProblem(http.StatusUnprocessableEntity, "invalid", "must be a time like 2026-11-21T20:00:00Z").at(t.field)
		}
	}
	return from, to, nil
}

// groupOnce is the group of a room, or of one that was there once: its acts outlive it, and then its id is the group's.
func (s *Server) groupOnce(ctx context.Context, room string) (string, error) {
	if room == "" {
		return "", nil
	}
	group, err := s.group(ctx, room)
	var missing *live.Error
	if errors.As(err, &missing) {
		return room, nil
	}
	return group, err
}

package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"liveroom/web/callback/delivery"
)

func (s *Server) registerDeadLetters(op func(id, method, path, summary string) huma.Operation) {
	register(s, op("callback-dead-letters", http.MethodGet, "/{callback}/dead", "List what was put aside because the receiver did not take it"), s.listDead)
	register(s, op("replay-dead-letters", http.MethodPost, "/{callback}/dead/replay", "Send dead letters again, in order and under their own ids"), s.replayDead)
	register(s, op("delete-dead-letters", http.MethodDelete, "/{callback}/dead", "Delete dead letters"), s.deleteDead)
}

// DeadLetterBody is an event that was put aside.
type DeadLetterBody struct {
	Letter uint64 `json:"letter" doc:"Names it here."`
	Event  string `json:"event"`
	ID     string `json:"id"`
	Room   string `json:"room" doc:"The room or its chat group, as the event says; empty: of none."`
	Class  string `json:"class" enum:"state,people,talk"`
	At     Time   `json:"at" doc:"When it happened."`
	DeadAt Time   `json:"deadAt" doc:"When it was put aside."`
	Why    string `json:"why"`
	Tries  int    `json:"tries" doc:"Since the server's start."`
	Status int    `json:"status" doc:"Of the last HTTP answer; 0: none came."`
	Answer string `json:"answer" doc:"The start of the last answer, at most 1 KiB."`
	Body   any    `json:"body" doc:"What is sent, before it is signed."`
}

func deadLetterBody(l delivery.DeadLetter) DeadLetterBody {
	out := DeadLetterBody{
		Letter: l.N, Event: l.Command, ID: l.ID, Room: l.Room, Class: l.Class.String(), At: Time{l.At}, DeadAt: Time{l.DeadAt},
		Why: l.Why, Tries: l.Tries, Status: l.Status, Answer: l.Answer, Body: string(l.Body),
	}
	if json.Valid(l.Body) {
		out.Body = json.RawMessage(l.Body)
	}
	return out
}

type deadIn struct {
	CallbackPath
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20"`
	Cursor string `query:"cursor" maxLength:"24" pattern:"^([0-2]-[0-9]+)?$" doc:"nextCursor of the page before."`
}

type deadOut struct {
	Body struct {
		Letters    []DeadLetterBody `json:"letters" doc:"Statuses and streams first, messages last, each in the order in which they were put aside."`
		NextCursor string           `json:"nextCursor,omitempty" doc:"Absent on the last page."`
	}
}

func (s *Server) listDead(ctx context.Context, in *deadIn) (*deadOut, error) {
	var from delivery.Place
	if in.Cursor != "" {
		var err error
		from.Class = delivery.Class(in.Cursor[0] - '0')
		if from.After, err = strconv.ParseUint(in.Cursor[2:], 10, 63); err != nil {
			return nil, newProblem(http.StatusUnprocessableEntity, "invalid", "must be nextCursor of another page").at("cursor")
		}
	}
	ctx, cancel := timed(ctx)
	defer cancel()
	page, err := s.callbacks.Queues.Dead(ctx, in.Callback, from, in.Limit+1)
	if err != nil {
		return nil, err
	}
	out := &deadOut{}
	out.Body.Letters = []DeadLetterBody{}
	for i, l := range page {
		if i == in.Limit {
			last := page[i-1]
			out.Body.NextCursor = fmt.Sprintf("%d-%d", last.Class, last.N)
			break
		}
		out.Body.Letters = append(out.Body.Letters, deadLetterBody(l))
	}
	return out, nil
}

type replayIn struct {
	CallbackPath
	Body *struct {
		Letters []uint64 `json:"letters,omitempty" minItems:"1" maxItems:"1000" doc:"Default: all there are."`
	}
}

type replayOut struct {
	Body struct {
		Replayed int `json:"replayed" doc:"How many are queued again."`
	}
}

func (s *Server) replayDead(ctx context.Context, in *replayIn) (*replayOut, error) {
	var letters []uint64
	if in.Body != nil {
		letters = in.Body.Letters
	}
	n, err := s.callbacks.Queues.Replay(ctx, in.Callback, letters...)
	if err != nil {
		return nil, err
	}
	s.record(ctx, "", "callback_replay", in.Callback, map[string]string{"letters": strconv.Itoa(n)})
	out := &replayOut{}
	out.Body.Replayed = n
	return out, nil
}

type deleteDeadIn struct {
	CallbackPath
	Letters string `query:"letters" required:"true" pattern:"^(all|[0-9]+(,[0-9]+){0,999})$" maxLength:"20000" example:"7,9" doc:"Separated by commas, or all."`
}

type deleteDeadOut struct {
	Body struct {
		Deleted int `json:"deleted"`
	}
}

func (s *Server) deleteDead(ctx context.Context, in *deleteDeadIn) (*deleteDeadOut, error) {
	var letters []uint64 // none: all
	if in.Letters != "all" {
		for _, text := range strings.Split(in.Letters, ",") {
			n, err := strconv.ParseUint(text, 10, 64)
			if err != nil {
				return nil, newProblem(http.StatusUnprocessableEntity, "invalid", "must be numbers of letters, separated by commas, or all").at("letters")
			}
			letters = append(letters, n)
		}
	}
	n, err := s.callbacks.Queues.DeleteDead(ctx, in.Callback, letters...)
	if err != nil {
		return nil, err
	}
	s.record(ctx, "", "callback_dead_delete", in.Callback, map[string]string{"letters": strconv.Itoa(n)})
	out := &deleteDeadOut{}
	out.Body.Deleted = n
	return out, nil
}

package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"liveroom/chat/account"
	"liveroom/internal/bench"
)

// benchChatCmd is what of the chat to measure.
type benchChatCmd struct {
	Connections int           `help:"How many anonymous guests listen, all rooms together." default:"1000"`
	Rooms       int           `help:"Over how many rooms they are spread; the rooms are made for it and deleted." default:"1"`
	Rate        float64       `help:"Messages a second in each room; 0: none, only the joining is measured." default:"40"`
	Size        int           `help:"Bytes of a message: the whole MsgBody as JSON." default:"250"`
	Likes       float64       `help:"Likes a second in each room, one a call, by so many users that each gives five." default:"0"`
	Gifts       float64       `help:"Gifts a second in each room, by so many users that each gives five; they are made for it, and settled as the server does it." default:"0"`
	Priority    string        `help:"Of the messages; default: as the server decides." enum:",High,Normal,Low" default:""`
	Duration    time.Duration `help:"The time that is measured." default:"15s"`
	Warm        time.Duration `help:"The time between the first message and the measuring." default:"2s"`
	Joining     int           `help:"How many joins may be under way at once." default:"256"`
	JoinRate    float64       `help:"How many joins begin in a second; 0: as fast as --joining allows." default:"0"`
	Sources     int           `help:"From how many loopback addresses the load comes, if it goes to one; 0: one for 400 connections." default:"0"`
	Slow        float64       `help:"Percent of the listeners that stop reading in the second third of the time." default:"0"`
	Reconnect   bool          `help:"Let connections that were lost come back and resume."`

	Chat    string `help:"Address of the chat, ws://host:port/chat. Default: that of --public-url." placeholder:"URL"`
	PID     []int  `name:"pid" help:"Measure the server by its process id, on the same machine." placeholder:"PID" xor:"meter"`
	Metrics string `help:"Measure the server by its metrics. Default: those at --ops." placeholder:"URL" xor:"meter"`
	JSON    bool   `name:"json" help:"Print the report as JSON."`
}

// Run measures, prints the report and fails if somebody did not get what they should.
func (c benchChatCmd) Run(e *env) error {
	plan, err := c.plan(e)
	if err != nil {
		return err
	}
	if need, have := plan.Descriptors(), descriptors(); uint64(need) > have { //nolint:gosec // not negative
		return fmt.Errorf("--connections needs up to %d descriptors, this process may have %d: raise ulimit -n, or run from two machines", need, have)
	}
	defer c.tidy(e, plan)
	if err := c.rooms(e, plan); err != nil {
		return err
	}
	if plan.Gifts > 0 {
		gift := map[string]any{"name": "liveroom bench", "price": 1, "combo": false, "enabled": true}
		if err := e.api(e.ctx, nil, http.MethodPut, "gifts/"+plan.GiftID, gift, nil); err != nil {
			return err
		}
	}
	report, err := bench.RunChat(e.ctx, plan)
	if err != nil {
		return err
	}
	if c.JSON {
		out := json.NewEncoder(e.out)
		out.SetIndent("", "  ")
		err = out.Encode(report)
	} else {
		err = report.Write(e.out)
	}
	if err == nil && report.Failed() {
		err = errBench
	}
	return err
}

// Each connection may send ten frames a second (docs/protocol.md), and a room's owner is no subject of the limits of a
// member; but pages of one user are limited too.
const (
	framesOfSender = 8 // a second
	pagesOfUser    = 8
	givesOfUser    = 5 // a second: half of what a user may give, by default
	maxBenchRooms  = 10_000
)

func (c benchChatCmd) plan(e *env) (p bench.ChatPlan, err error) {
	if c.Rooms < 1 || c.Rooms > maxBenchRooms {
		return p, fmt.Errorf("--rooms is %d, must be from 1 to %d", c.Rooms, maxBenchRooms)
	}
	if c.Connections < 1 || c.Connections > maxViewers {
		return p, fmt.Errorf("--connections is %d, must be from 1 to %d", c.Connections, maxViewers)
	}
	p = bench.ChatPlan{
		Address: c.Chat, Connections: c.Connections, Rate: c.Rate, Size: c.Size, Priority: c.Priority, Joining: c.Joining, JoinRate: c.JoinRate,
		Sources: c.Sources, Slow: c.Slow / 100, Reconnect: c.Reconnect, Warm: c.Warm, Duration: c.Duration,
		Progress: func(what string) { fmt.Fprintln(e.errOut, "bench:", what) },
	}
	if p.Address == "" {
		if p.Address, err = chatAddress(e.cli.PublicURL); err != nil {
			return p, err
		}
	}
	p.Likes, p.Gifts = c.Likes, c.Gifts
	p.Server = benchMediaCmd{PID: c.PID, Metrics: c.Metrics}.meter(e)
	keys, err := e.secrets()
	if err != nil {
		return p, err
	}
	signer := account.Signer{AppID: keys.SDKAppID, Key: keys.AppSecret}
	lifetime := c.Warm + c.Duration + time.Hour
	name := "bench-" + strings.ToLower(rand.Text()[:8])
	p.GiftID = name
	perRoom := int(math.Ceil(min(max(c.Rate, 0), 10_000) / framesOfSender))
	for i := range c.Rooms {
		room := bench.ChatRoom{Group: name + "-" + strconv.Itoa(i)}
		var who bench.ChatSender
		for k := range perRoom {
			if k%pagesOfUser == 0 {
				who.User = room.Group + "." + strconv.Itoa(k/pagesOfUser)
				if who.UserSig, err = signer.Sign(who.User, time.Now(), lifetime); err != nil {
					return p, err
				}
			}
			room.Senders = append(room.Senders, who)
		}
		for _, kind := range []struct {
			name string
			rate float64
			into *[]bench.ChatSender
		}{{"l", c.Likes, &room.Likers}, {"g", c.Gifts, &room.Givers}} {
			for k := range int(math.Ceil(min(max(kind.rate, 0), 100_000) / givesOfUser)) {
				giver := bench.ChatSender{User: room.Group + "." + kind.name + strconv.Itoa(k)}
				if giver.UserSig, err = signer.Sign(giver.User, time.Now(), lifetime); err != nil {
					return p, err
				}
				*kind.into = append(*kind.into, giver)
			}
		}
		p.Rooms = append(p.Rooms, room)
	}
	return p, p.Validate()
}

// chatAddress is where the chat of a server is that browsers reach at public.
func chatAddress(public string) (string, error) {
	u, err := url.Parse(public)
	if err != nil || u.Scheme != "http" {
		return "", errors.New("--public-url is not http: give the plain port as --chat ws://host:port/chat")
	}
	u.Scheme = "ws"
	return u.JoinPath("chat").String(), nil
}

// rooms makes the plan's rooms, owned by their first sender.
func (c benchChatCmd) rooms(e *env, p bench.ChatPlan) error {
	for _, room := range p.Rooms {
		draft := map[string]string{"id": room.Group, "title": "liveroom bench"}
		if len(room.Senders) > 0 {
			draft["anchor"] = room.Senders[0].User
		}
		if err := e.api(e.ctx, nil, http.MethodPost, "rooms", draft, nil); err != nil {
			return err
		}
	}
	return nil
}

// Deleting what a bench made: how many at a time, and how long each may take the server at most.
const (
	tidyAtOnce = 16
	tidyOne    = 100 * time.Millisecond
)

// tidy deletes what the plan made: the rooms, then the accounts.
func (c benchChatCmd) tidy(e *env, p bench.ChatPlan) {
	var rooms, rest []string
	for _, room := range p.Rooms {
		rooms = append(rooms, "rooms/"+room.Group)
		for _, who := range slices.Concat(room.Senders, room.Likers, room.Givers) {
			rest = append(rest, "accounts/"+who.User)
		}
	}
	rest = slices.Compact(rest) // a user's connections are neighbours
	if p.Gifts > 0 {
		rest = append(rest, "gifts/"+p.GiftID)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(e.ctx), apiTimeout+time.Duration(len(rooms)+len(rest))*tidyOne)
	defer cancel()
	for _, paths := range [][]string{rooms, rest} {
		var g errgroup.Group // what can't be deleted keeps nothing else
		g.SetLimit(tidyAtOnce)
		var stay atomic.Int64
		for _, path := range paths {
			g.Go(func() error {
				if err := e.api(ctx, nil, http.MethodDelete, path, nil, nil); err != nil {
					stay.Add(1)
					return fmt.Errorf("%s: %w", path, err)
				}
				return nil
			})
		}
		if err := g.Wait(); err != nil {
			fmt.Fprintf(e.errOut, "bench: %d of %d can't be deleted, the first is %v\n", stay.Load(), len(paths), err)
		}
	}
}

// api does one call of /api/v1; in and out may be nil. What isn't there is no error.
func (e *env) api(ctx context.Context, config *tls.Config, method, path string, in, out any) error {
	keys, err := e.secrets()
	if err != nil {
		return err
	}
	var body bytes.Buffer
	if in != nil {
		if err := json.NewEncoder(&body).Encode(in); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(e.cli.PublicURL, "/")+"/api/v1/"+path, &body)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+keys.APIToken)
	req.Header.Set("Content-Type", "application/json")
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: config.Clone(), DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("the API can't be reached: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	switch {
	case resp.StatusCode == http.StatusNotFound:
		return nil
	case resp.StatusCode >= 300:
		return fmt.Errorf("the API answers %s", resp.Status)
	case out == nil:
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(out)
}

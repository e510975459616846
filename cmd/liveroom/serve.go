package main

import (
	"context"
	"errors"
	"fmt"
	stdlog "log"
	"log/slog"
	"time"

	"liveroom/internal/redisstore"
	"liveroom/status"
)

// stopLimit is how long a graceful stop may take (docs/operating.md; docker-compose.yml gives it a little more).
const stopLimit = 10 * time.Second

// segmenterWindow is how long the tags of a stream that only HLS reads are collected: a segmenter woken for each tag would
// cost as much as taking the tags in.
const segmenterWindow = 40 * time.Millisecond

type serveCmd struct {
	Demo bool `help:"Keep a room demo with gifts, let guests speak and give, and print how to push to it."`
}

// Run serves until the program is told to stop.
func (c serveCmd) Run(e *env) error {
	cfg := e.cli
	log := newLogger(e, cfg.Settings)
	if c.Demo {
		cfg.GuestLogin, cfg.GiftGuests = on, on
		if cfg.GiftSettlement == "" {
			cfg.GiftSettlement = "free"
		}
	}
	before, _, err := loadSecrets(cfg.Data, cfg.given, false)
	if err != nil {
		return err
	}
	secrets, made, err := loadSecrets(cfg.Data, cfg.given, cfg.Redis == "")
	if err != nil {
		return err
	}
	if cfg.Redis != "" {
		if err := cfg.mayJoin(secrets); err != nil {
			return err
		}
	}
	effectively, err := effective(cfg)
	if err != nil {
		return err
	}
	log.Debug("effective configuration", "yaml", effectively)
	p, err := begin(e.ctx, cfg.Settings, secrets, log)
	if err != nil {
		if e.ctx.Err() != nil && errors.Is(err, context.Cause(e.ctx)) {
			return nil // told to stop before it began
		}
		return err
	}
	defer p.close()
	if made != nil { // not before: a start that failed, as for want of a port, was none, and the next tells how to get in
		if err := writeSecrets(secretsFile(cfg.Data), *made); err != nil {
			return err
		}
	}
	switch {
	case c.Demo:
		p.ready = func(ctx context.Context) error { return p.demo(ctx, e.out) }
	case before.APIToken == "" && secrets.APIToken != "": // nobody knows it yet
		p.ready = func(context.Context) error { return p.welcome(e.out) }
	}
	return p.run(e.ctx)
}

// newLogger returns the log. What the standard library and the Redis client say by themselves goes there too: it repeats what strangers sent, such
// as a receiver of callbacks that answers unasked.
func newLogger(e *env, s Settings) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(s.LogLvl)) // kong has checked it
	options := &slog.HandlerOptions{Level: level}
	var to slog.Handler = slog.NewTextHandler(e.errOut, options)
	if s.LogFmt == "json" {
		to = slog.NewJSONHandler(e.errOut, options)
	}
	stdlog.SetFlags(0)
	stdlog.SetOutput(slog.NewLogLogger(to, slog.LevelDebug).Writer())
	log := slog.New(to)
	redisstore.SetLog(log)
	return log
}

// run serves until ctx ends, then stops: doors first, what they lean on after them, the store last.
func (p *program) run(ctx context.Context) error {
	if p.cluster == nil { // else the pushes of other nodes go on
		if err := status.Recover(ctx, p.machine, p.stores.status); err != nil {
			return fmt.Errorf("recover: %w", err)
		}
	}
	ready := []actor{{"start", func(ctx context.Context) error {
		defer func() {
			p.log.Info("stopping")
			p.web.SetReady(false)
			p.rooms.Retire()
		}()
		if err := p.begun(ctx); err != nil {
			return err
		}
		p.log.Info("serving", p.ports.attrs("version", version, "data", p.set.Data)...)
		p.web.SetReady(true)
		if p.ready != nil {
			if err := p.ready(ctx); err != nil {
				return err
			}
		}
		<-ctx.Done()
		return nil
	}}}
	lists := []actor{{"hls", p.hls.Run}, {"recordings played", p.vod.Run}} // other nodes fetch the last of them through the doors
	doors := append(p.ports.actors(p), actor{"chat sockets", p.socket.Run}, actor{"flv", p.flv.Run}, actor{"relays", p.relays.Run}, actor{"events", p.web.Run})
	each, once := p.jobs()
	jobs := []actor{
		{"jobs", func(ctx context.Context) error { return runJobs(ctx, p.log, each) }},
		{"jobs of the cluster", p.once("jobs", func(ctx context.Context) error { return runJobs(ctx, p.log, once) })},
	}
	jobs = append(jobs, p.shots.actors()...)
	domain := []actor{{"rooms", p.rooms.Run}, {"deadlines", p.keep()}, {"outbox", p.outbox.Run}}
	chats := []actor{{"chat", p.chat.Run}, {"words", p.words.Run}}
	files := append([]actor{{"files", p.files.Run}}, p.levelActors()...)
	journal := []actor{{"audit log", p.audit.Run}}
	streams := []actor{{"stream events", p.callbacks.streams.Run}}
	files = append(files, p.blobActors()...)
	queues := []actor{{"callbacks", p.callbacks.queues.Run}}
	var among []actor
	if p.cluster != nil {
		p.joinCluster()
		among = p.cluster.actors()
		queues = append(queues, actor{"courier", p.deliver})
		doors = append(doors, actor{"edges", p.edges.Run}, actor{"streams for other nodes", p.pulled.Run})
	}
	return runStages(ctx, stopLimit, p.log, ready, lists, doors, jobs, domain, streams, p.interaction.actors, chats, files, journal, queues, p.stores.actors, among)
}

// begun waits until the parts do what they are asked: Redis may go away between the start of a cluster's node and theirs.
func (p *program) begun(ctx context.Context) error {
	if p.cluster != nil {
		if err := p.cluster.nodes.Joined(ctx); err != nil {
			return err
		}
	}
	return p.chat.Begun(ctx)
}

// jobs is all periodic work: what each node does for itself, and what one node of a cluster does for all.
func (p *program) jobs() (each, once []job) {
	each = []job{
		{"files", "@every 10m", p.files.Sweep},
	}
	once = []job{
		{"rooms", "@every 1m", p.rooms.Sweep},
		{"guests", "@every 1h", func(ctx context.Context) error {
			_, err := p.accounts.SweepGuests(ctx)
			return err
		}},
		{"audit", "@every 1h", p.audit.Sweep},
		{"summaries", "@every 1h", p.summaries.Sweep},
		{"draws", "@every 1h", p.draws.Sweep},
		{"programmes", "@every 1h", p.programmes.Sweep},
		{"sign-ins", "@every 1h", p.signIn.Sweep},
	}
	once = append(once, p.levelJobs()...)
	once = append(once, p.shots.jobs()...)
	once = append(once, p.followJobs()...)
	once = append(once, p.giftJobs()...)
	if p.cluster == nil { // else the keeper looks after them
		once = append(once, job{"deadlines", "@every 30s", p.deadlines.Sweep})
	} else { // else a node has only its own to look after, at its start
		once = append(once, job{"stream events", "@every 5s", p.callbacks.streams.Sweep})
	}
	return each, once
}

package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"liveroom/chat"
	"liveroom/live"
)

// joinPeople has the chat know who is on the other nodes of a cluster, and has them know who watches here.
func (p *program) joinPeople(talk *chat.Config) {
	if p.cluster == nil {
		return
	}
	p.known = &knownRooms{rooms: p.stores.rooms}
	talk.Neighbours, talk.Watched = p.cluster.redis.People(p.cluster.nodes), p.watchedGroups
}

// watchedGroups are the groups of the streams that are watched on this node.
func (p *program) watchedGroups() (groups []string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	names := append(p.hls.Watched(), p.vod.Watched()...)
	for _, name := range p.hub.Names() {
		if p.watching(name).Total() > 0 {
			names = append(names, name)
		}
	}
	for _, name := range names {
		if room, err := p.known.byStream(ctx, name); err == nil {
			groups = append(groups, room.GroupID)
		}
	}
	return groups
}

// roomOfGroup is a group's live room. In a cluster it may be as it was a moment ago, and while Redis is away longer ago.
func (p *program) roomOfGroup(ctx context.Context, group string) (live.Room, error) {
	if p.known == nil {
		return p.rooms.RoomByGroup(ctx, group)
	}
	return p.known.byGroup(ctx, group)
}

// knownRooms remembers which stream and group belong together, so that who counts viewers does not ask Redis each second.
type knownRooms struct {
	rooms live.Store

	mu  sync.Mutex // guards all; not held while asking
	all map[string]knownRoom
}

type knownRoom struct {
	room live.Room
	at   time.Time
}

const (
	knownRoomFresh = 10 * time.Second
	knownRoomsMost = 10_000 // beyond, any are forgotten
)

func (k *knownRooms) byGroup(ctx context.Context, group string) (live.Room, error) {
	return k.find(ctx, "group "+group, group, k.rooms.RoomByGroup)
}

func (k *knownRooms) byStream(ctx context.Context, name string) (live.Room, error) {
	return k.find(ctx, "stream "+name, name, k.rooms.RoomByStream)
}

func (k *knownRooms) find(ctx context.Context, key, name string, ask func(context.Context, string) (live.Room, error)) (live.Room, error) {
	k.mu.Lock()
	one, known := k.all[key]
	k.mu.Unlock()
	if known && time.Since(one.at) < knownRoomFresh {
		return one.room, nil
	}
	room, err := ask(ctx, name)
	var none *live.Error
	if errors.As(err, &none) {
		k.mu.Lock()
		delete(k.all, key)
		k.mu.Unlock()
		return live.Room{}, err
	}
	if err != nil {
		if known {
			return one.room, nil
		}
		return live.Room{}, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.all == nil || len(k.all) >= knownRoomsMost {
		k.all = make(map[string]knownRoom)
	}
	k.all[key] = knownRoom{room, time.Now()}
	return room, nil
}

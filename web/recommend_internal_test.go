package web

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat/popularity"
	"liveroom/live"
)

// TestWhatAnybodyIsRecommendedIsFoundOutOnceASecond, however many ask, and though the first of them goes away.
func TestWhatAnybodyIsRecommendedIsFoundOutOnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		found, fails := 0, errors.New("away")
		find := func(ctx context.Context) ([]recommended, error) {
			select {
			case <-ctx.Done():
				return nil, ctx.Err()
			case <-time.After(100 * time.Millisecond):
			}
			mu.Lock()
			defer mu.Unlock()
			found++
			return []recommended{{why: popularity.Recommended{Score: float64(found)}}}, fails
		}
		var s shared
		if _, err := s.get(t.Context(), find); !errors.Is(err, fails) {
			t.Errorf("%v", err)
		}
		fails = nil
		for second := range 3 {
			gone, leave := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			wg.Go(func() { _, _ = s.get(gone, find) })
			synctest.Wait()
			leave()
			for range 50 {
				wg.Go(func() {
					if all, err := s.get(t.Context(), find); err != nil || len(all) != 1 || all[0].why.Score != float64(second+2) {
						t.Errorf("%+v, %v", all, err)
					}
				})
			}
			wg.Wait()
			time.Sleep(recommendFresh - time.Millisecond)
			if _, err := s.get(t.Context(), find); err != nil {
				t.Error(err)
			}
			if found != second+2 {
				t.Errorf("found out %d times after %d seconds", found-1, second+1)
			}
			time.Sleep(time.Millisecond)
		}
	})
}

type anyRooms interface{ Rooms } // embedded, Rooms would hide its method of that name

// readRooms are rooms that know how often they were read.
type readRooms struct {
	anyRooms
	mu   sync.Mutex
	read map[string]int
}

func (r *readRooms) Room(_ context.Context, id string) (live.Listed, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.read[id]++
	return live.Listed{Room: live.Room{ID: id}}, nil
}

type guideOf []string

func (g guideOf) Recommend(context.Context, string, int) (all []popularity.Recommended, err error) {
	for _, id := range g {
		all = append(all, popularity.Recommended{Room: id})
	}
	return all, nil
}

// TestRoomsThatAreKnownAreNotReadAgain: whom somebody follows is hardly ever far from what anybody is recommended.
func TestRoomsThatAreKnownAreNotReadAgain(t *testing.T) {
	rooms := &readRooms{read: map[string]int{}}
	s := &Server{rooms: rooms, guide: guideOf{"a", "b"}}
	known, err := s.recommend(t.Context(), "", 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.guide = guideOf{"c", "a", "b"}
	all, err := s.recommend(t.Context(), "alice", 3, known)
	if err != nil || len(all) != 3 || all[0].Room.ID != "c" || all[2].Room.ID != "b" {
		t.Errorf("%+v, %v", all, err)
	}
	for id, n := range rooms.read {
		if n != 1 {
			t.Errorf("room %s was read %d times", id, n)
		}
	}
}

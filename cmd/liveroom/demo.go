package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"liveroom/live"
	"liveroom/status"
	"liveroom/web/signin"
)

// demoRoom is the room that `serve --demo` keeps.
const demoRoom = "demo"

// Its sessions are recorded, and kept for a while; viewers may watch that far back.
const (
	demoKeep  = 24 * time.Hour
	demoShift = 30 * time.Minute
)

// demoShots is how often a picture is taken of its push, where the settings say nothing and ffmpeg is there.
const demoShots = 10 * time.Second

// ensureDemo makes the demo room if it is not there.
func ensureDemo(ctx context.Context, rooms *live.Service, shots live.Screenshots) error {
	keeps := live.Recording{Mode: "always", Keep: own(demoKeep), TimeShift: own(demoShift)}
	err := ensureRoom(ctx, rooms, keeps, shots)
	if none := (*live.Error)(nil); errors.As(err, &none) && none.Code == "recording_unavailable" {
		return ensureRoom(ctx, rooms, live.Recording{}, live.Screenshots{})
	}
	return err
}

func own(d time.Duration) live.Length { return live.Length{Set: true, Value: d} }

// demoScreenshots are the room's own rule: none where they can't be taken, or the settings say how often, be it never.
func (p *program) demoScreenshots() live.Screenshots {
	if p.set.Screenshots != nil || p.shots.Available() != nil {
		return live.Screenshots{}
	}
	return live.Screenshots{Set: true, Every: demoShots}
}

func ensureRoom(ctx context.Context, rooms *live.Service, keeps live.Recording, shots live.Screenshots) error {
	_, err := rooms.Room(ctx, demoRoom)
	var missing *live.Error
	if !errors.As(err, &missing) || missing.Code != "not_found" {
		return err
	}
	_, err = rooms.Create(ctx, live.Draft{ID: demoRoom, Title: "The demo room", Anchor: demoRoom, Notice: "Push a stream and say hello.", Recording: keeps, Screenshots: shots})
	if err != nil {
		if _, again := rooms.Room(ctx, demoRoom); again == nil {
			return nil // another node made it
		}
	}
	return err
}

// demo makes the demo room and tells a newcomer what to do next, as often as the Redis of a cluster goes away in the middle of
// it. A node of a cluster goes on without the room if it can't be made.
func (p *program) demo(ctx context.Context, out io.Writer) error {
	for {
		err := ensureDemo(ctx, p.rooms, p.demoScreenshots())
		if err == nil {
			if none := ensureGifts(ctx, p.gifts); none != nil {
				p.log.Warn("the demo has no gifts", "err", none) // it is one without them too
			}
			err = p.printDemo(ctx, out)
		}
		if err == nil || p.cluster == nil {
			return err
		}
		if ctx.Err() != nil {
			return nil // told to stop before it was done
		}
		if !errors.Is(err, status.ErrUnavailable) {
			p.log.Error("there will be no demo room", "err", err)
			return nil
		}
		p.log.Warn("the demo room is not there yet; trying again", "err", err)
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

// printDemo tells a newcomer what to do next. It prints a push address and links, which are secrets: only to the terminal,
// never to the log.
func (p *program) printDemo(ctx context.Context, out io.Writer) error {
	a, err := p.rooms.PushAddresses(ctx, demoRoom, 0)
	if err != nil {
		return err
	}
	admin, err := p.firstLink(signin.ForAdmin, "")
	if err != nil {
		return err
	}
	anchor, err := p.firstLink(signin.ForAnchor, demoRoom)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, `
  liveroom is running.

  Watch and chat:   %[1]s/rooms/%[2]s
  All rooms:        %[1]s/
  API, readable:    %[1]s/docs
  Recordings:       %[7]s

  Admin:            %[8]s
  Anchor of it:     %[9]s
                    (each good once, for an hour; liveroom link makes more)

  Push with OBS:    Settings > Stream > Service: Custom
    Server:         %[3]s
    Stream key:     %[4]s

  or with ffmpeg:

    ffmpeg -re -f lavfi -i testsrc2=size=1280x720:rate=30 -f lavfi -i sine=frequency=440 \
      -c:v libx264 -preset veryfast -tune zerolatency -b:v 1500k -g 60 -pix_fmt yuv420p \
      -c:a aac -b:a 128k -f flv '%[5]s'

  The address works until %[6]s. Stop with Ctrl-C.

`, p.set.PublicURL, demoRoom, a.Push.OBS.Server, a.Push.OBS.StreamKey, a.Push.RTMP, a.ExpiresAt.Local().Format("2006-01-02 15:04"), p.demoKept(), admin, anchor)
	return err
}

// demoKept says where recordings go, and how they are played back.
func (p *program) demoKept() string {
	where := p.set.RecordStore
	switch {
	case p.blobs == nil:
		return "none, nothing is kept here; see docs/recording.md"
	case where == "":
		where = filepath.Join(p.set.Data, "recordings")
	}
	return "in " + where + "; play them with POST /api/v1/rooms/" + demoRoom + "/playback when the room has ended"
}

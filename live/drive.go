package live

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"liveroom/status"
)

// Pause closes the gate: nobody sees or hears the anchor until Resume.
func (s *Service) Pause(ctx context.Context, id string, by status.Reason, detail string) (status.Record, error) {
	return s.drive(ctx, id, status.Event{Kind: status.Pause, By: by, Detail: detail})
}

// Resume opens the gate again.
func (s *Service) Resume(ctx context.Context, id string, by status.Reason, detail string) (status.Record, error) {
	return s.drive(ctx, id, status.Event{Kind: status.Resume, By: by, Detail: detail})
}

// End ends the room; pushes are refused until Reopen.
func (s *Service) End(ctx context.Context, id string, by status.Reason, detail string) (status.Record, error) {
	return s.drive(ctx, id, status.Event{Kind: status.End, By: by, Detail: detail})
}

// Reopen brings an ended room back to waiting.
func (s *Service) Reopen(ctx context.Context, id string, by status.Reason, detail string) (status.Record, error) {
	return s.drive(ctx, id, status.Event{Kind: status.Reopen, By: by, Detail: detail})
}

// Playback shows a replay kept at rawURL (HLS, MP4 or FLV). over, when not zero, is when the playback ends by itself.
func (s *Service) Playback(ctx context.Context, id string, by status.Reason, rawURL string, over time.Time, detail string) (status.Record, error) {
	if err := validPlayback(rawURL); err != nil {
		return status.Record{}, err
	}
	return s.drive(ctx, id, status.Event{Kind: status.PlaybackStart, By: by, URL: rawURL, PlaybackOver: over, Detail: detail})
}

func validPlayback(raw string) error {
	u, err := url.Parse(raw)
	switch {
	case raw == "":
		return invalid("url", "is needed: where the replay is kept (HLS, MP4 or FLV)")
	case len(raw) > status.MaxURLBytes:
		return invalid("url", fmt.Sprintf("must be at most %d bytes", status.MaxURLBytes))
	case err != nil || u.Host == "" || u.User != nil || (u.Scheme != "http" && u.Scheme != "https"):
		return invalid("url", "must be an absolute http or https URL without user and password")
	}
	for _, ext := range []string{".m3u8", ".mp4", ".flv"} {
		if strings.HasSuffix(strings.ToLower(u.Path), ext) {
			return nil
		}
	}
	return invalid("url", "must end in .m3u8, .mp4 or .flv")
}

// Drop closes the running push; a new one is allowed.
func (s *Service) Drop(ctx context.Context, id, detail string) (status.Record, error) {
	return s.drive(ctx, id, status.Event{Kind: status.Drop, By: status.ReasonByAdmin, Detail: detail})
}

// Forbid ends the room and refuses pushes until the given time, or until Permit when it is zero.
func (s *Service) Forbid(ctx context.Context, id string, until time.Time, detail string) (status.Record, error) {
	return s.drive(ctx, id, status.Event{Kind: status.Forbid, By: status.ReasonByAdmin, Until: until, Detail: detail})
}

// Permit takes a Forbid back.
func (s *Service) Permit(ctx context.Context, id, detail string) (status.Record, error) {
	return s.drive(ctx, id, status.Event{Kind: status.Permit, By: status.ReasonByAdmin, Detail: detail})
}

func (s *Service) drive(ctx context.Context, id string, e status.Event) (status.Record, error) {
	if len(e.Detail) > status.MaxDetailBytes {
		return status.Record{}, invalid("reason", fmt.Sprintf("must be at most %d bytes", status.MaxDetailBytes))
	}
	if _, err := s.store.Room(ctx, id); err != nil {
		return status.Record{}, err
	}
	rec, err := s.machine.Do(ctx, id, e)
	if err == nil {
		s.log.Info("room driven", "room", id, "event", e.Kind, "status", rec.Name, "version", rec.Version)
	}
	return rec, err
}

package redisstore

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"liveroom/status"
)

var _ status.Shared = (*Status)(nil)

var (
	scriptKeep   = load("leases_keep")
	scriptLapsed = load("leases_lapsed")
	scriptTake   = load("claim_take")
	scriptRenew  = load("claim_renew")
)

// Keep implements status.Leases.
func (t *Status) Keep(ctx context.Context, pushes []status.Held) ([]status.Lease, error) {
	if len(pushes) == 0 {
		return nil, ctx.Err()
	}
	args := make([]any, 0, 1+2*len(pushes))
	args = append(args, t.cfg.Lease.Milliseconds())
	for _, p := range pushes {
		args = append(args, p.Room, p.Generation)
	}
	heads, err := t.s.run(ctx, scriptKeep, []string{t.s.control("leases"), t.s.control("status")}, args...).StringSlice()
	if err != nil {
		return nil, away(err)
	}
	out := make([]status.Lease, len(pushes))
	for i := range min(len(out), len(heads)) {
		if out[i], err = decodeLease(heads[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// decodeLease reads the head of a state.
func decodeLease(head string) (l status.Lease, err error) {
	if head == "" {
		return l, nil
	}
	active, allowed := 0, 0
	if _, err := fmt.Sscan(head, &l.Revision, &l.Version, &l.Code, &l.Generation, &active, &allowed); err != nil {
		return l, fmt.Errorf("redis: decode lease: %w", err)
	}
	l.Known, l.StreamActive, l.PushAllowed = true, active == 1, allowed == 1
	return l, nil
}

// Lapsed implements status.Leases.
func (t *Status) Lapsed(ctx context.Context, limit int) (out []status.Held, err error) {
	texts, err := t.s.run(ctx, scriptLapsed, []string{t.s.control("leases"), t.s.control("status")}, limit).StringSlice()
	if err != nil {
		return nil, away(err)
	}
	for i := 0; i+1 < len(texts); i += 2 {
		generation, err := strconv.ParseUint(texts[i+1], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("redis: decode lease: %w", err)
		}
		out = append(out, status.Held{Room: texts[i], Generation: generation})
	}
	return out, nil
}

// Take implements status.Claims.
func (t *Status) Take(ctx context.Context, name string, life time.Duration) (uint64, error) {
	fence, err := t.s.run(ctx, scriptTake, []string{t.s.control("claim", name), t.s.control("counters")}, life.Milliseconds()).Uint64()
	return fence, away(err)
}

// Renew implements status.Claims.
func (t *Status) Renew(ctx context.Context, name string, fence uint64, life time.Duration) error {
	held, err := t.s.run(ctx, scriptRenew, []string{t.s.control("claim", name)}, fence, max(life.Milliseconds(), 1)).Bool()
	if err == nil && !held {
		return status.ErrFenced
	}
	return away(err)
}

// Leave implements status.Claims.
func (t *Status) Leave(ctx context.Context, name string, fence uint64) error {
	return away(t.s.run(ctx, scriptRenew, []string{t.s.control("claim", name)}, fence, 0).Err())
}

// AckAs implements status.Claims.
func (t *Status) AckAs(ctx context.Context, room string, version, fence uint64) error {
	err := t.ack(ctx, room, version, fence)
	if refused(err, "LRFENCED") {
		return status.ErrFenced
	}
	return err
}

package status

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// KeeperConfig of a Keeper. Zero values take the defaults.
type KeeperConfig struct {
	Lease     time.Duration // of publishers, and the time it waits before it ends anything; default DefaultLease
	Every     time.Duration // how often it looks for leases that lapsed; default 1 s
	Deadlines DeadlinesConfig

	// Since tells since when the store has answered this node without a break, zero if it does not. A keeper that knows
	// need not wait a whole lease when it only takes over from another. May be nil.
	Since func() time.Time

	// Begin is done whenever it begins, while it waits, and again until it succeeds: for what a crash may have cut in two.
	// May be nil.
	Begin func(ctx context.Context) error
}

// Keeper does what one node of several does for all rooms: it ends the pushes whose lease lapsed, and acts on deadlines.
//
// Its recovery ends no room (design §4): it acts only after the store has answered for a whole lease. Until then everybody
// who still pushes has spoken up, and who lost the connection could come back. A deadline that passes meanwhile, or that
// passed while nobody could run it, is moved to when it is seen, and its room's grace.
type Keeper struct {
	cfg     KeeperConfig
	machine *Machine
	store   Shared
	log     *slog.Logger
}

// keeperSweep is how often a Keeper looks for deadlines that others set and the news did not bring.
const keeperSweep = 10 * time.Second

// NewKeeper returns the keeper of all rooms in store. It starts nothing.
func NewKeeper(cfg KeeperConfig, machine *Machine, store Shared, log *slog.Logger) *Keeper {
	if cfg.Lease <= 0 {
		cfg.Lease = DefaultLease
	}
	if cfg.Every <= 0 {
		cfg.Every = time.Second
	}
	return &Keeper{cfg: cfg, machine: machine, store: store, log: log}
}

// Run keeps until ctx ends. It is called on one node at a time, each time that node begins to lead.
func (k *Keeper) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	if k.cfg.Begin != nil {
		wg.Go(func() { k.begin(ctx) })
	}
	for failed := (time.Time{}); ; {
		if err := k.settle(ctx, failed); err != nil {
			return err
		}
		err := k.keep(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		k.log.Warn("rooms are not kept while the store is away", "err", err)
		failed = time.Now()
	}
}

// begin does what is to be done at the beginning until it succeeds.
func (k *Keeper) begin(ctx context.Context) {
	for {
		err := k.cfg.Begin(ctx)
		if err == nil || ctx.Err() != nil {
			return
		}
		k.log.Warn("what may have been cut in two is not looked through; will retry", "err", err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(k.cfg.Lease):
		}
	}
}

// settle waits until the store has answered for a whole lease, and for one since it failed: it may answer and store nothing,
// also no leases.
func (k *Keeper) settle(ctx context.Context, failed time.Time) error {
	tick := time.NewTicker(k.cfg.Every)
	defer tick.Stop()
	var since time.Time
	for {
		if _, err := k.store.Now(ctx); err != nil {
			since = time.Time{}
		} else if since.IsZero() {
			since = k.since()
		}
		if !since.IsZero() && time.Since(since) >= k.cfg.Lease && time.Since(failed) >= k.cfg.Lease {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// since is since when the store answers, now that it does.
func (k *Keeper) since() time.Time {
	if k.cfg.Since != nil {
		if since := k.cfg.Since(); !since.IsZero() {
			return since
		}
	}
	return time.Now()
}

// keep ends what lapses and runs deadlines, until the store is away or ctx ends.
func (k *Keeper) keep(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	deadlines := NewDeadlines(k.cfg.Deadlines, k.machine, k.store, k.log) // anew: what lapsed meanwhile is seen as lapsed
	wg.Go(func() { _ = deadlines.Run(ctx) })
	tick := time.NewTicker(k.cfg.Every)
	defer tick.Stop()
	for swept := time.Now(); ; {
		err := k.sweep(ctx)
		if err == nil && time.Since(swept) >= keeperSweep {
			err, swept = deadlines.Sweep(ctx), time.Now()
		}
		if errors.Is(err, ErrUnavailable) {
			return err
		}
		if err != nil && ctx.Err() == nil { // what is stored is damaged, which a lease of waiting doesn't mend
			k.log.Warn("not all rooms are kept", "err", err)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// lapsedPage is how many lapsed leases are looked at at a time.
const lapsedPage = 500

// sweep stops the pushes whose lease lapsed. It fails where the store is away, not because of one room.
func (k *Keeper) sweep(ctx context.Context) error {
	lapsed, err := k.store.Lapsed(ctx, lapsedPage)
	if err != nil {
		return err
	}
	var (
		wg     sync.WaitGroup
		mu     sync.Mutex
		failed []error
	)
	slots := make(chan struct{}, 16)
	for _, h := range lapsed {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			rec, err := k.machine.PushStopped(ctx, h.Room, h.Generation, ReasonPushLost)
			switch {
			case errors.Is(err, ErrUnavailable), err != nil && ctx.Err() != nil:
				mu.Lock()
				defer mu.Unlock()
				failed = append(failed, err)
				return
			case ignoreUnknown(err) != nil:
				k.log.Warn("a lost push can't be stopped", "room", h.Room, "generation", h.Generation, "err", err)
				return
			}
			k.log.Info("push lost with its node", "room", h.Room, "generation", h.Generation, "status", rec.Name, "version", rec.Version)
		})
	}
	wg.Wait()
	if err := errors.Join(failed...); err != nil {
		return fmt.Errorf("stop lost pushes: %w", err)
	}
	return nil
}

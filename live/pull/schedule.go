package pull

import (
	"context"
	"errors"
	"slices"
	"time"

	"liveroom/status"
)

// Run pulls what is to be pulled until ctx ends. When it returns nothing it started is left.
func (s *Service) Run(ctx context.Context) error {
	defer s.leave(ctx)
	tick, look := time.NewTicker(s.cfg.Every), time.NewTicker(s.cfg.Look)
	defer tick.Stop()
	defer look.Stop()
	var tasks []Task
	away := false
	read := func() {
		all, err := s.store.Tasks(ctx, "")
		if err == nil {
			tasks = all
		} else if !away && ctx.Err() == nil {
			s.log.Warn("pulls can't be read; those that run go on", "err", err)
		}
		away = err != nil
	}
	for read(); ; {
		if !away {
			tasks = s.step(ctx, tasks)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		case <-s.wake:
			read()
		case <-look.C:
			read()
			s.post(ctx)
		}
	}
}

// step brings what runs in step with the tasks, and these with the time.
func (s *Service) step(ctx context.Context, tasks []Task) []Task {
	now, err := s.now(ctx)
	if err != nil {
		return tasks
	}
	tasks = slices.Clone(tasks)
	for i, t := range tasks {
		if t.Enabled {
			tasks[i] = s.due(ctx, t, now)
		}
	}
	old := s.outdated(tasks)
	for _, r := range old {
		r.cancel()
	}
	for _, r := range old {
		<-r.done
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range tasks {
		if t.Enabled && t.Run.On() && s.runs[t.ID] == nil {
			s.runs[t.ID] = s.start(ctx, t)
		}
	}
	return tasks
}

// due begins and ends a task's runs by the time.
func (s *Service) due(ctx context.Context, t Task, now time.Time) Task {
	over := t.Run.On() && !t.Run.Until.IsZero() && !now.Before(t.Run.Until)
	begins := !t.NextAt.IsZero() && !now.Before(t.NextAt) && (!t.Run.On() || over)
	if !over && !begins {
		return t
	}
	return s.store1(ctx, t, func(t *Task) {
		if over {
			t.end(now, Cause{CauseOver, "it has run as long as it was to"})
		}
		if begins {
			s.begin(t, now)
		}
	})
}

// store1 changes a task that is as it was read; where it is not, it is read again soon.
func (s *Service) store1(ctx context.Context, t Task, f func(*Task)) Task {
	ctx, cancel := context.WithTimeout(ctx, storeWait)
	defer cancel()
	changed, err := s.store.ChangeTask(ctx, t.Room, t.ID, func(stored *Task) error {
		if stored.Run.ID != t.Run.ID || stored.Run.EndedAt != t.Run.EndedAt || !stored.NextAt.Equal(t.NextAt) || stored.ChangedAt != t.ChangedAt {
			return errMoved
		}
		f(stored)
		return nil
	})
	switch {
	case err == nil:
		return changed
	case errors.Is(err, errMoved), errors.Is(err, ErrUnknown):
		s.stir()
	default:
		s.log.Debug("a pull can't be stored", "pull", t, "err", err)
	}
	return t
}

// storeWait is how long a step of a task may wait for the store.
const storeWait = 5 * time.Second

var errMoved = errors.New("pull: the task is another one now")

// begin has a run begin that is due, and says when the next one is.
func (s *Service) begin(t *Task, now time.Time) {
	due := t.NextAt
	t.NextAt = time.Time{}
	if t.Cron != "" && s.cfg.Next != nil {
		if next, err := s.cfg.Next(t.Cron, now); err == nil && (t.EndAt.IsZero() || next.Before(t.EndAt)) {
			t.NextAt = next
		}
	}
	r := Run{ID: status.NewULID(now), DueAt: due, Until: t.EndAt}
	if t.For > 0 && (r.Until.IsZero() || due.Add(t.For).Before(r.Until)) {
		r.Until = due.Add(t.For)
	}
	if !r.Until.IsZero() && !now.Before(r.Until) {
		r.EndedAt, r.Cause = now, Cause{CauseOver, "nobody was there to begin it in time"}
	}
	t.Run = r
}

// end ends the run that is on.
func (t *Task) end(now time.Time, why Cause) {
	if t.Run.On() {
		t.Run.EndedAt, t.Run.Cause = now, why
	}
}

// outdated takes out the runs that are not to be any more.
func (s *Service) outdated(tasks []Task) (old []*run) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, r := range s.runs {
		i := slices.IndexFunc(tasks, func(t Task) bool { return t.ID == id })
		if i < 0 || !tasks[i].Enabled || !tasks[i].Run.On() || tasks[i].Run.ID != r.task.Run.ID {
			why := Cause{CauseOff, "the pull was changed, switched off or removed"}
			if i >= 0 && tasks[i].Run.ID == r.task.Run.ID {
				why = tasks[i].Run.Cause
			}
			r.last.Store(&why)
			delete(s.runs, id)
			old = append(old, r)
		}
	}
	return old
}

// leave ends all runs, and says so to the other nodes, unless one of them has begun to pull meanwhile and says how that goes.
func (s *Service) leave(ctx context.Context) {
	s.mu.Lock()
	runs := s.runs
	s.runs = map[string]*run{}
	s.mu.Unlock()
	for _, r := range runs {
		r.cancel()
	}
	for _, r := range runs {
		<-r.done
	}
	if s.cfg.Board == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	posted, err := s.cfg.Board.Read(ctx)
	for _, st := range posted {
		if st.Node != s.cfg.Node {
			return
		}
	}
	if err == nil {
		s.post(ctx)
	}
}

// post shows the states to other nodes.
func (s *Service) post(ctx context.Context) {
	if s.cfg.Board == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Look)
	defer cancel()
	if err := s.cfg.Board.Post(ctx, s.states()); err != nil {
		s.log.Debug("states of pulls not posted", "err", err)
	}
}

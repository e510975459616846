package chat

import (
	"context"
	"slices"
)

// observers are told one after the other.
type observers []Observer

// Observers joins several into one. Nil ones are left out; of none it is nil.
func Observers(all ...Observer) Observer {
	all = slices.DeleteFunc(slices.Clone(all), func(o Observer) bool { return o == nil })
	switch len(all) {
	case 0:
		return nil
	case 1:
		return all[0]
	default:
		return observers(all)
	}
}

// Observe implements Observer.
func (all observers) Observe(facts ...Fact) {
	for _, o := range all {
		o.Observe(facts...)
	}
}

// HearsMessages implements Observer. Who did not ask for them is told of messages all the same if another one did.
func (all observers) HearsMessages() bool {
	return slices.ContainsFunc(all, Observer.HearsMessages)
}

// Settle implements Observer.
func (all observers) Settle(ctx context.Context) {
	for _, o := range all {
		o.Settle(ctx)
	}
}

package redisstore

import (
	"context"
	"maps"
	"slices"
)

var scriptAgree = load("agree")

// Agree keeps values that all nodes must have in common, under a name, if none are kept. It answers the names of those in
// which this node differs from what is kept. Values are not secrets: they are fingerprints of such.
func (s *Store) Agree(ctx context.Context, name string, values map[string]string) (differ []string, err error) {
	args := make([]any, 0, 2*len(values))
	for _, k := range slices.Sorted(maps.Keys(values)) {
		args = append(args, k, values[k])
	}
	differ, err = s.run(ctx, scriptAgree, []string{s.AgreeKey(name)}, args...).StringSlice()
	slices.Sort(differ)
	return differ, away(err)
}

// AgreeKey is the key that Agree uses: an operator who changes what all have in common deletes it.
func (s *Store) AgreeKey(name string) string { return s.key("lr", name) }

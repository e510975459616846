package redisstore

import (
	"slices"
	"testing"
)

func TestAgree(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *Store) {
		s := open(t)
		for _, c := range []struct {
			values map[string]string
			differ []string
		}{
			{map[string]string{"a": "1", "b": "2"}, nil},
			{map[string]string{"a": "1", "b": "2"}, nil},
			{map[string]string{"a": "1", "b": "3"}, []string{"b"}},
			{map[string]string{"a": "1"}, []string{"b"}},
			{map[string]string{"a": "1", "b": "2", "c": "3"}, []string{"c"}},
			{map[string]string{"a": "1", "b": "2"}, nil},
		} {
			if differ, err := s.Agree(t.Context(), "secrets", c.values); err != nil || !slices.Equal(differ, c.differ) {
				t.Errorf("%v: differ %v, want %v: %v", c.values, differ, c.differ, err)
			}
		}
		if differ, err := s.Agree(t.Context(), "recordings", map[string]string{"folder": "9"}); err != nil || len(differ) > 0 {
			t.Error(differ, err)
		}
	})
}

package boltstore

import (
	"context"
	"path/filepath"
	"slices"
	"testing"

	bolt "go.etcd.io/bbolt"

	"liveroom/chat"
)

// TestGroupsOfAnOlderFileAreListed: such a file has no list, and its groups no numbers.
func TestGroupsOfAnOlderFileAreListed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "liveroom.db")
	s, c, stop := openChat(t, path)
	create := func(c *Chat, id string) {
		t.Helper()
		if _, fresh, err := c.CreateGroup(t.Context(), chat.Group{ID: id, Room: id}); err != nil || !fresh {
			t.Fatal(fresh, err)
		}
	}
	age := func(s *Store, ids ...string) {
		t.Helper()
		err := s.update(context.Background(), func(tx *bolt.Tx) error {
			for _, id := range ids {
				if err := groupBucket(tx, id).Delete(keyNumber); err != nil {
					return err
				}
			}
			return tx.DeleteBucket(bucketOrder)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	list := func(c *Chat) (ids []string) {
		t.Helper()
		page, total, err := c.Groups(t.Context(), 0, 100)
		if err != nil || total != len(page) {
			t.Fatalf("%d of %d, %v", len(page), total, err)
		}
		for _, g := range page {
			ids = append(ids, g.ID)
		}
		return ids
	}
	for _, id := range []string{"tea", "pie", "cake"} {
		create(c, id)
	}
	age(s, "tea", "pie", "cake")
	if err := c.DeleteGroup(t.Context(), "pie"); err != nil {
		t.Fatal(err)
	}
	if got := list(c); !slices.Equal(got, []string{"cake", "tea"}) {
		t.Errorf("asked for, the list is %v", got)
	}
	age(s, "tea", "cake")
	create(c, "new")
	stop()
	_, c, _ = openChat(t, path)
	if got := list(c); !slices.Equal(got, []string{"cake", "tea", "new"}) {
		t.Errorf("after a new group and a restart, it is %v", got)
	}
	if err := c.DeleteGroup(t.Context(), "tea"); err != nil {
		t.Fatal(err)
	}
	if got := list(c); !slices.Equal(got, []string{"cake", "new"}) {
		t.Errorf("without tea it is %v", got)
	}
}

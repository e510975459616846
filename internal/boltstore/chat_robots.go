package boltstore

import (
	"context"
	"time"

	bolt "go.etcd.io/bbolt"

	"liveroom/chat"
)

// bucketRobots is the robots of groups, made with the first: group id → []chat.Robot (JSON), what is over included. A group
// without robots is not in it.
var bucketRobots = []byte("chat.robots")

// PutRobots implements chat.RobotStore.
func (c *Chat) PutRobots(ctx context.Context, group string, change chat.RobotChange) (all []chat.Robot, err error) {
	err = c.with(ctx, group, func(g *chatGroup) (err error) {
		all, err = g.ledger.PutRobots(time.Now(), change, func(next []chat.Robot) error {
			return c.s.update(ctx, func(tx *bolt.Tx) error {
				b, err := tx.CreateBucketIfNotExists(bucketRobots)
				if err != nil {
					return err
				}
				if len(next) == 0 {
					return b.Delete([]byte(group))
				}
				return putJSON(b, []byte(group), next)
			})
		})
		return err
	})
	return all, err
}

// RobotGroups implements chat.RobotStore.
func (c *Chat) RobotGroups(ctx context.Context) (groups []string, err error) {
	err = c.s.view(ctx, func(tx *bolt.Tx) error {
		b := tx.Bucket(bucketRobots)
		if b == nil {
			return nil
		}
		return b.ForEach(func(k, _ []byte) error { groups = append(groups, string(k)); return nil })
	})
	return groups, err
}

// readRobots reads a group's robots into state.
func readRobots(tx *bolt.Tx, state *chat.GroupState) error {
	b := tx.Bucket(bucketRobots)
	if b == nil {
		return nil
	}
	_, err := getJSON(b, []byte(state.Group.ID), &state.Robots)
	return err
}

// forgetRobots removes those of a group that ends.
func forgetRobots(tx *bolt.Tx, group string) error {
	b := tx.Bucket(bucketRobots)
	if b == nil {
		return nil
	}
	return b.Delete([]byte(group))
}

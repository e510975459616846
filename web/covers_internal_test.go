package web

import (
	"time"

	"liveroom/live"
)

// SignAt and MayAt are what sign and may do at other times.
func (c *Covers) SignAt(room string, at time.Time) string { return c.sign(room, at) }

// MayAt says whether a signature is good at some time.
func (c *Covers) MayAt(r live.Room, given string, now time.Time) bool { return c.good(r, given, now) }

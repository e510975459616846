package chaos

import (
	"encoding/json"
	"slices"
	"time"

	"liveroom/status"
)

// Invariants of the status.
const (
	OneRecord  = "one record per version" // the same epoch and version is always the same record
	OneEpoch   = "one epoch"              // a room that is not deleted keeps its epoch
	Steps      = "steps of the machine"   // from version to version a room moves as design §4 allows
	EndsByRule = "ends by rule"           // a room ends because somebody said so or its time was over
	Rising     = "records rise"           // no reader goes back
	NoneMissed = "no version missed"      // who is told each change is told every one, or of a gap
	Answered   = "answered is seen"       // what was answered is in all that is asked for later
)

// known collects all records that anybody saw, by version.
func (c *checker) known() map[uint64]status.Record {
	all := map[uint64]status.Record{}
	c.eachRecord(func(_ Event, r status.Record) { all[r.Version] = r })
	return all
}

func (c *checker) eachRecord(f func(Event, status.Record)) {
	for _, e := range c.events {
		switch what := e.What.(type) {
		case Saw:
			f(e, what.Record)
		case Drove:
			if what.Outcome == Done {
				f(e, what.Record)
			}
		case Final:
			f(e, what.Record)
		}
	}
}

// records: nobody saw two records of one version, and each follows from the one before.
func (c *checker) records() {
	first := map[uint64]string{}
	by := map[uint64]Event{}
	epoch := ""
	c.eachRecord(func(e Event, r status.Record) {
		if epoch == "" {
			epoch = r.Epoch
		}
		if r.Epoch != epoch {
			c.fail(OneEpoch, "%s saw epoch %s at %s, it was %s", e.Who, r.Epoch, at(e.At), epoch)
		}
		r.Since = r.Since.UTC()
		if r.GraceUntil != nil {
			until := r.GraceUntil.UTC()
			r.GraceUntil = &until
		}
		raw, _ := json.Marshal(r) // of a record: never fails
		if first[r.Version] == "" {
			first[r.Version], by[r.Version] = string(raw), e
		} else if first[r.Version] != string(raw) {
			c.fail(OneRecord, "version %d is %s to %s at %s and %s to %s at %s", r.Version, first[r.Version], by[r.Version].Who, at(by[r.Version].At), raw, e.Who, at(e.At))
		}
	})
	known := c.known()
	for version, r := range known {
		before, ok := known[version-1]
		if !ok {
			continue
		}
		if !slices.Contains(steps[before.Code], r.Code) {
			c.fail(Steps, "version %d is %s (%s), version %d is %s (%s)", before.Version, before.Code, before.Reason, version, r.Code, r.Reason)
		}
		if r.Code == status.Ended && before.Code != status.Ended {
			c.endedByRule(before, r)
		}
	}
}

// steps are the statuses that may follow each, from version to version (design §4).
var steps = map[status.Code][]status.Code{
	status.Waiting:  {status.Live, status.Ended, status.Playback},
	status.Live:     {status.Paused, status.Ended},
	status.Paused:   {status.Live, status.Paused, status.Ended},
	status.Ended:    {status.Live, status.Ended, status.Playback, status.Waiting},
	status.Playback: {status.Live, status.Ended, status.Playback, status.Waiting},
}

// endedByRule: an end by somebody's word has that word, one by time the time.
func (c *checker) endedByRule(before, r status.Record) {
	switch r.Reason {
	case status.ReasonGraceOver, status.ReasonPauseOver:
		if before.GraceUntil == nil || r.Since.Before(*before.GraceUntil) {
			c.fail(EndsByRule, "version %d ended (%s) at %s; version %d waited until %v", r.Version, r.Reason, r.Since, before.Version, before.GraceUntil)
		}
	case status.ReasonByAnchor, status.ReasonByAdmin:
		asked := false
		each(c, func(_ Event, d Drove) { asked = asked || d.Action == "end" && d.Outcome != Refused })
		if !asked {
			c.fail(EndsByRule, "version %d ended (%s), and nobody asked for it", r.Version, r.Reason)
		}
	case status.ReasonScheduleOver, status.ReasonPlaybackOver, status.ReasonForbidden, status.ReasonRoomDeleted,
		status.ReasonCreated, status.ReasonPushStarted, status.ReasonPushResumed, status.ReasonPushClosed, status.ReasonPushLost,
		status.ReasonPushSilent, status.ReasonPushDropped, status.ReasonResumed, status.ReasonReopened, status.ReasonPlaybackStarted:
		c.fail(EndsByRule, "version %d ended (%s): nobody here does that", r.Version, r.Reason)
	}
}

// readers: nobody goes back, and who is told of each change misses none.
func (c *checker) readers() {
	type reader struct{ who, via string }
	last := map[reader]status.Record{}
	for _, e := range c.events {
		if gap, ok := e.What.(Gap); ok {
			delete(last, reader{e.Who, gap.Via})
		}
		saw, ok := e.What.(Saw)
		if !ok {
			continue
		}
		of := reader{e.Who, saw.Via}
		before, seen := last[of]
		last[of] = saw.Record
		if !seen || saw.Record.Epoch != before.Epoch {
			continue
		}
		if saw.Record.Version < before.Version {
			c.fail(Rising, "%s, %s from node %s at %s: version %d after %d", e.Who, saw.Via, e.Node, at(e.At), saw.Record.Version, before.Version)
		}
		if saw.Each && saw.Record.Version > before.Version+1 {
			c.fail(NoneMissed, "%s, %s from node %s at %s: version %d after %d", e.Who, saw.Via, e.Node, at(e.At), saw.Record.Version, before.Version)
		}
	}
}

// answers: who asks after an answer was given gets it or something newer, from any node.
func (c *checker) answers() {
	var newest uint64
	var since time.Duration // when that was answered
	type answer struct {
		at      time.Duration
		version uint64
	}
	var given []answer
	each(c, func(e Event, d Drove) {
		if d.Outcome == Done && d.Record.Version > newest {
			newest, since = d.Record.Version, e.At
			given = append(given, answer{since, newest})
		}
	})
	each(c, func(e Event, saw Saw) {
		if saw.Via != "rest" {
			return
		}
		for _, a := range slices.Backward(given) {
			if a.at < saw.From {
				if saw.Record.Version < a.version {
					c.fail(Answered, "%s asked node %s at %s and got version %d; version %d was answered at %s", e.Who, e.Node, at(saw.From), saw.Record.Version, a.version, at(a.at))
				}
				return
			}
		}
	})
}

package main

import (
	"fmt"
	"time"

	"liveroom/internal/bench"
	"liveroom/internal/bench/capacity"
)

// benchPlanCmd is what a cluster is to carry. It needs no server.
type benchPlanCmd struct {
	Members      int            `help:"Members of the chat, all rooms together." default:"1000000"`
	Rooms        int            `help:"Over how many rooms they are spread." default:"1"`
	Rate         float64        `help:"Messages a second in each room." default:"40"`
	MessageBytes int            `help:"Bytes of a message: the whole MsgBody as JSON." default:"250"`
	Viewers      map[string]int `help:"Viewers of the streams by protocol: flv, rtmp, hls." placeholder:"flv=10000,hls=500" mapsep:","`
	Streams      int            `help:"How many streams are pushed." default:"0"`
	Bitrate      bench.Rate     `help:"Of each stream." default:"2Mbit"`

	NodeMembers int        `help:"Most members of a node; 0: as many as were measured, 10,000 a core." default:"0"`
	Cores       int        `help:"Cores of a node." default:"2"`
	Network     bench.Rate `help:"Bandwidth of a node, and of Redis." default:"10Gbit"`
	Memory      int        `help:"Memory of a node, in GiB." default:"8"`

	Simulate time.Duration `help:"How long one room is simulated; 0: not at all." default:"60s"`
	Seed     uint64        `help:"Of the simulation: the same one gives the same figures." default:"1"`
}

const maxSimulated = time.Hour

// Run prints the layout.
func (c benchPlanCmd) Run(e *env) error {
	ask := capacity.Ask{
		Members: c.Members, Rooms: c.Rooms, Rate: c.Rate, MessageBytes: c.MessageBytes, Viewers: c.Viewers, Streams: c.Streams, Bitrate: float64(c.Bitrate),
		NodeMembers: c.NodeMembers, Cores: c.Cores, Network: float64(c.Network), Memory: float64(c.Memory) * (1 << 30),
	}
	if err := ask.Validate(); err != nil {
		return fmt.Errorf("--%w", err)
	}
	if c.Simulate < 0 || c.Simulate > maxSimulated {
		return fmt.Errorf("--simulate is %s, must be from 0s to %s", c.Simulate, maxSimulated)
	}
	layout, err := capacity.Plan(ask)
	if err != nil {
		return err
	}
	var simulated *capacity.Simulated
	if c.Simulate > 0 && layout.Node.Room.Members > 0 {
		s := layout.Simulate(c.Simulate, c.Seed)
		simulated = &s
	}
	return layout.Write(e.out, simulated)
}

package bench

// Capacity is what the figures mean for planning. CPU: a core does 1 / PerGbit gigabit in a second at most, and should be
// left room for bursts, so
//
//	viewers of a core = share / (CPU seconds per Gbit × bitrate in Gbit/s)
//	viewers of a network = share × bandwidth / bitrate
//	memory = before + viewers × bytes per viewer
//
// and the smaller number of viewers counts.
type Capacity struct {
	PerCore      int            `json:"viewersPerCore"` // with room
	PerCoreMost  int            `json:"viewersPerCoreAtMost"`
	CoreShare    float64        `json:"coreShare"`
	NetworkShare float64        `json:"networkShare"`
	Networks     []NetworkLimit `json:"networks"`
}

// NetworkLimit is what a bandwidth carries.
type NetworkLimit struct {
	Bandwidth int64 `json:"bandwidth"` // bit/s
	Viewers   int   `json:"viewers"`
	Cores     int   `json:"cores"` // that so many viewers need; 0: unknown
}

// Shares of a core and of a network that should be planned with.
const (
	coreShare    = 0.7
	networkShare = 0.8
)

// capacityOf is what a report means; nil when it says nothing about viewers.
func capacityOf(r Report, network Rate) *Capacity {
	if r.Total.Viewers == 0 || r.Bitrate == 0 || r.Total.Gbit == 0 {
		return nil
	}
	gbit := float64(r.Bitrate) / 1e9
	c := &Capacity{CoreShare: coreShare, NetworkShare: networkShare}
	if r.Server != nil && r.Server.PerGbit > 0 {
		c.PerCoreMost = int(1 / (r.Server.PerGbit * gbit))
		c.PerCore = int(coreShare / (r.Server.PerGbit * gbit))
	}
	bandwidths := []Rate{1e9, 10e9}
	if network > 0 {
		bandwidths = []Rate{network}
	}
	for _, b := range bandwidths {
		limit := NetworkLimit{Bandwidth: int64(b), Viewers: int(networkShare * float64(b) / float64(r.Bitrate))}
		if c.PerCore > 0 {
			limit.Cores = (limit.Viewers + c.PerCore - 1) / c.PerCore
		}
		c.Networks = append(c.Networks, limit)
	}
	return c
}

package live

import "time"

// PlayAuth says who may play a room's stream.
type PlayAuth string

// Play policies.
const (
	PlaySigned PlayAuth = "signed" // a valid play signature is needed (default)
	PlayNone   PlayAuth = "none"   // anyone may play
)

// EarlyPush says what a push before ScheduledAt does.
type EarlyPush string

// Early push policies.
const (
	EarlyAccept EarlyPush = "accept" // goes live (default)
	EarlyRefuse EarlyPush = "refuse" // is refused with early_push
)

// Room is a live room as its owner set it up. What happens in it is its status record, not here.
type Room struct {
	ID          string // [A-Za-z0-9_-]{1,48}
	GroupID     string // the chat group: ≤ 48 bytes printable ASCII (spec im-rest §3.0)
	Stream      string // [A-Za-z0-9_.-]{1,64}, not ending in .flv or .m3u8
	Title       string
	Anchor      string // account of the anchor
	Notice      string
	ScheduledAt time.Time // zero: not scheduled
	EndAt       time.Time // zero: no scheduled end
	Grace       time.Duration
	PauseLimit  time.Duration
	PlayAuth    PlayAuth
	EarlyPush   EarlyPush
	Delay       time.Duration `json:",omitempty"` // how much later viewers see a push whose address does not say (txDelayTime); whole seconds
	DelayRoom   bool          `json:",omitempty"` // members are told of the status, and get messages, as late as they see the stream
	CreatedAt   time.Time
	UpdatedAt   time.Time

	// Most viewers at a time, and most bits per second committed to them (Limits). 0: Config.RoomLimits.
	MaxViewers   int
	MaxBandwidth int64

	Screenshots Screenshots
	Recording   Recording
}

// Screenshots say how often pictures are taken of what is pushed into a room. The zero value leaves it to the server's setting.
type Screenshots struct {
	Set   bool          // the room has a rule of its own
	Every time.Duration // 0: none are taken; else from MinScreenshots to MaxScreenshots
}

// Or is how often pictures are taken where the server's setting is so; 0: never.
func (s Screenshots) Or(setting time.Duration) time.Duration {
	if s.Set {
		return s.Every
	}
	return setting
}

// valid says whether pictures can be taken so often.
func (s Screenshots) valid() bool {
	return s.Every == 0 || s.Set && s.Every >= MinScreenshots && s.Every <= MaxScreenshots
}

package web

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"liveroom/status"
)

// Config says how the server behaves. Zero fields take their defaults.
type Config struct {
	Version        string         // of the program, shown in the API's description and in health
	PublicURL      string         // where browsers reach the server; shown in the API's description
	Tokens         []string       // API tokens, admin scope; at least 16 characters each
	TrustedProxies []netip.Prefix // whose X-Forwarded-For is believed; default none
	Origins        []string       // scheme://host[:port] of pages elsewhere that may play, chat and read what is public; default *, any

	GuestsPerMinute   int           // named guests one address may make; default 10
	FailuresPerMinute int           // failed authentications of one address before it is refused unheard; default 30
	MaxEventStreams   int           // event streams at a time; default 100
	MaxWaits          int           // status requests held at a time; default 10,000
	Poll              time.Duration // how often other nodes' changes are looked for; default 500 ms
	Heartbeat         time.Duration // of silent event streams; default 15 s
	MaxPerAddress     int           // requests one address may have under way, chat apart; default 512, negative: no limit
	BodyTimeout       time.Duration // from a request's head to the end of its body; default 10 s
	AnswerTimeout     time.Duration // for a client to receive an answer, waits included; default 2 min
	UploadPace        Pace          // of a file that is uploaded; default 16 KiB/s after 30 s, no pause above 20 s
	StallTimeout      time.Duration // for a client to receive each 32 KiB of a file; default 30 s
}

// minTokenBytes keeps tokens that can be guessed out.
const minTokenBytes = 16

func (c Config) withDefaults() Config {
	number := func(n *int, def int) {
		if *n == 0 {
			*n = def
		}
	}
	number(&c.GuestsPerMinute, 10)
	number(&c.FailuresPerMinute, 30)
	number(&c.MaxEventStreams, 100)
	number(&c.MaxWaits, 10_000)
	number(&c.MaxPerAddress, 512)
	length := func(d *time.Duration, def time.Duration) {
		if *d == 0 {
			*d = def
		}
	}
	length(&c.Poll, 500*time.Millisecond)
	length(&c.Heartbeat, 15*time.Second)
	length(&c.BodyTimeout, 10*time.Second)
	length(&c.AnswerTimeout, 2*maxWait)
	length(&c.UploadPace.Idle, 20*time.Second)
	length(&c.UploadPace.Start, 30*time.Second)
	length(&c.StallTimeout, 30*time.Second)
	if c.UploadPace.Second == 0 {
		c.UploadPace.Second = 16 << 10
	}
	if len(c.Origins) == 0 {
		c.Origins = []string{anyOrigin}
	}
	if c.Version == "" {
		c.Version = "dev"
	}
	return c
}

// Validate names the field that can't be.
func (c Config) Validate() error {
	for _, token := range c.Tokens {
		if len(token) < minTokenBytes {
			return fmt.Errorf("web: API token has %d characters, must have at least %d", len(token), minTokenBytes)
		}
	}
	for _, origin := range c.Origins {
		if err := CheckOrigin(origin); err != nil {
			return fmt.Errorf("web: Origins: %w", err)
		}
	}
	for _, n := range []struct {
		name  string
		value int
	}{
		{"GuestsPerMinute", c.GuestsPerMinute},
		{"FailuresPerMinute", c.FailuresPerMinute},
		{"MaxEventStreams", c.MaxEventStreams},
		{"MaxWaits", c.MaxWaits},
		{"Poll", int(c.Poll)},
		{"Heartbeat", int(c.Heartbeat)},
		{"BodyTimeout", int(c.BodyTimeout)},
		{"AnswerTimeout", int(c.AnswerTimeout)},
		{"UploadPace.Idle", int(c.UploadPace.Idle)},
		{"UploadPace.Start", int(c.UploadPace.Start)},
		{"UploadPace.Second", int(c.UploadPace.Second)},
		{"StallTimeout", int(c.StallTimeout)},
	} {
		if n.value <= 0 {
			return fmt.Errorf("web: %s is %d, must be above 0", n.name, n.value)
		}
	}
	return nil
}

// Deps are what the server leads to. Rooms, Chat, Accounts, Words, Audit, Events and Log are needed; a handler that is nil answers 404.
type Deps struct {
	Rooms       Rooms
	Chat        Chat
	Accounts    Accounts
	Guests      Guests   // nil: named guests can't be made here
	Sessions    Sessions // nil: nobody signs in with a browser
	Words       Words
	Audit       Audit                                    // who did what
	Files       Files                                    // nil: nothing can be uploaded here
	Levels      Levels                                   // nil: users have no levels here
	Relays      Relays                                   // nil: streams are not pushed on from here
	Pulls       Pulls                                    // nil: nothing is pulled into rooms here
	Draws       Draws                                    // nil: there are no lucky draws here
	Likes       Likes                                    // nil: nobody likes rooms here
	Follows     Follows                                  // nil: nobody follows anybody here
	Ranking     Ranking                                  // nil: rooms are not ranked here
	Guide       Guide                                    // nil: nothing is recommended here; needs Ranking
	Summaries   Summaries                                // nil: live sessions are not summed up here
	Kinds       Kinds                                    // nil: no types of messages are registered here
	Keys        Keys                                     // nil: push and play keys are not changed while the server runs
	Settings    Settings                                 // nil: nothing is changed while the server runs
	Gifts       Gifts                                    // nil: nothing can be given here
	Broadcasts  Broadcasts                               // nil: there are no broadcasts here
	Recordings  Recordings                               // nil: nothing is recorded here
	Exports     Exports                                  // nil: no files are made of recordings
	Callbacks   *Callbacks                               // nil: there are no callbacks here
	Screenshots Screenshots                              // nil: no pictures are taken here
	Covers      *Covers                                  // their addresses; needed with Screenshots
	Events      EventLog                                 // the installation's log of status changes
	Watch       func(func(status.State)) (cancel func()) // status.Machine.Watch; nil: changes are only polled for
	Log         *slog.Logger

	Playbacks Playbacks // nil: rooms play back no recordings of theirs
	Shifts    Shifts    // nil: what is live can't be watched from an earlier time
	Nodes     Nodes     // nil: which nodes there are is not told

	SignRecording RecordingSigner // nil: recordings are not played here

	Socket http.Handler // /chat, /chat/stream
	Media  http.Handler // /{app}/{stream}.flv, .m3u8, /{app}/{stream}/h/…, /p/…, /v/…, /f/…, /d/…
	Pages  http.Handler // everything that is no API
	IM     http.Handler // /v4/; may be Busy
	Peers  http.Handler // /internal/, which verifies that a node asks (peer.Server); nil: this is no cluster

	Checks  []Check  // for readiness and health
	Facts   Facts    // beside them in detailed health; nil: none
	Metrics []Source // beside the server's own
}

func (d Deps) validate() error {
	switch {
	case d.Rooms == nil:
		return errors.New("web: Rooms is needed")
	case d.Chat == nil:
		return errors.New("web: Chat is needed")
	case d.Accounts == nil:
		return errors.New("web: Accounts is needed")
	case d.Words == nil:
		return errors.New("web: Words is needed")
	case d.Audit == nil:
		return errors.New("web: Audit is needed")
	case d.Events == nil:
		return errors.New("web: Events is needed")
	case d.Log == nil:
		return errors.New("web: Log is needed")
	case d.Screenshots != nil && d.Covers == nil:
		return errors.New("web: Covers is needed with Screenshots")
	}
	return nil
}

package web

import (
	"context"
	"math"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"liveroom/live"
)

// SignedDuration is a length of time that may be negative: "-40ms".
type SignedDuration time.Duration

// MarshalText writes it as Duration does.
func (d SignedDuration) MarshalText() ([]byte, error) { return Duration(d).MarshalText() }

// Schema describes the type in the API's description.
func (SignedDuration) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Type: huma.TypeString, Pattern: `^-?[0-9]+(s|ms)$`, Description: "A length of time that may be negative.", Examples: []any{"-40ms"},
	}
}

// IngestBody is the health of a push. Where nobody pushes, all but publishing and advice is zero, empty or null.
type IngestBody struct {
	Publishing    bool           `json:"publishing" doc:"Whether a push is running. Where not, only advice says something."`
	Remote        string         `json:"remote" doc:"Where the push comes from."`
	Protocol      string         `json:"protocol" doc:"rtmp, or pull: this server gets it elsewhere." example:"rtmp"`
	Encoder       string         `json:"encoder" doc:"What the encoder calls itself; empty: it does not say."`
	StartedAt     NullTime       `json:"startedAt" doc:"When this push began."`
	Generation    uint64         `json:"generation" doc:"Number of this push of the room; grows with each."`
	Pushes        int            `json:"pushes" doc:"Pushes of this session, this one included: 1 is a session without reconnects. Counted since the server started."`
	LastMediaAt   NullTime       `json:"lastMediaAt" doc:"When a picture or sound last arrived."`
	Bytes         uint64         `json:"bytes" doc:"Received in this push."`
	BitsPerSecond int64          `json:"bitsPerSecond" doc:"Of everything; this and all other rates are over the last 5 s."`
	Video         IngestVideo    `json:"video"`
	Audio         IngestAudio    `json:"audio"`
	AudioOffset   SignedDuration `json:"audioOffset" doc:"How far sound is sent ahead of the pictures of the same time; negative: behind."`
	Jitter        Duration       `json:"jitter" doc:"How unevenly media arrives against its timestamps."`
	Gaps          uint64         `json:"gaps" doc:"Times that nothing arrived for more than a second."`
	ClockRate     float64        `json:"clockRate" doc:"How fast the encoder's timestamps go against real time, over a minute: 1 is right, 0: not known yet."`
	Malformed     uint64         `json:"malformed" doc:"Messages that could not be understood and were left out."`
	Timestamps    RepairsBody    `json:"timestamps"`
	Advice        []AdviceBody   `json:"advice" doc:"What the anchor could do, worst first. Empty: all is well."`
	Samples       []SampleBody   `json:"samples,omitzero" doc:"Only where they were asked for: one each 5 s, oldest first, of the pushes of this session as the node that is pushed to has seen them, over reconnects."`
}

// SampleBody is how a push did at a time.
type SampleBody struct {
	At                 Time     `json:"at"`
	BitsPerSecond      int64    `json:"bitsPerSecond" doc:"Rates are over the 5 s before."`
	VideoBitsPerSecond int64    `json:"videoBitsPerSecond"`
	FramesPerSecond    float64  `json:"framesPerSecond"`
	KeyframeInterval   Duration `json:"keyframeInterval" doc:"Between the last two keyframes."`
	Repaired           uint64   `json:"repaired" doc:"Timestamps that had to be repaired since the sample before."`
	Jitter             Duration `json:"jitter"`
}

// IngestVideo is what is known of a push's pictures.
type IngestVideo struct {
	Codec            string   `json:"codec" doc:"Empty: no pictures." example:"h264"`
	Profile          string   `json:"profile" doc:"Codec with profile and level (RFC 6381); empty: not known." example:"avc1.64001f"`
	Width            int      `json:"width" doc:"0: not known."`
	Height           int      `json:"height"`
	BitsPerSecond    int64    `json:"bitsPerSecond"`
	FramesPerSecond  float64  `json:"framesPerSecond"`
	DeclaredRate     float64  `json:"declaredRate" doc:"Frames per second as the encoder declares them; 0: it does not."`
	Frames           uint64   `json:"frames" doc:"Received in this push."`
	KeyframeInterval Duration `json:"keyframeInterval" doc:"Between the last two keyframes."`
	LongestInterval  Duration `json:"longestInterval" doc:"Between any two keyframes of this push."`
	SinceKeyframe    Duration `json:"sinceKeyframe" doc:"From the last keyframe to now."`
	BFrames          bool     `json:"bFrames"`
	HeaderChanges    uint64   `json:"headerChanges" doc:"Changes of resolution, codec or settings in mid-stream, those of sound included."`
	LastAt           NullTime `json:"lastAt" doc:"When a picture last arrived."`
}

// IngestAudio is what is known of a push's sound.
type IngestAudio struct {
	Codec         string   `json:"codec" doc:"Empty: no sound." example:"aac"`
	Profile       string   `json:"profile" example:"mp4a.40.2"`
	SampleRate    int      `json:"sampleRate" doc:"Per second; 0: not known."`
	Channels      int      `json:"channels" doc:"0: not known."`
	BitsPerSecond int64    `json:"bitsPerSecond"`
	Frames        uint64   `json:"frames" doc:"Received in this push."`
	LastAt        NullTime `json:"lastAt" doc:"When sound last arrived."`
}

// RepairsBody counts tags whose timestamps had to be changed, by what was wrong.
type RepairsBody struct {
	Repaired    uint64 `json:"repaired" doc:"All of the kinds below."`
	LastMinute  int    `json:"lastMinute" doc:"Those of the last minute."`
	Clamped     uint64 `json:"clamped" doc:"A small step back."`
	JumpedBack  uint64 `json:"jumpedBack" doc:"The encoder's clock began anew."`
	JumpedAhead uint64 `json:"jumpedAhead" doc:"A leap that no time had passed for."`
	Apart       uint64 `json:"apart" doc:"Sound or pictures far behind the other."`
	Stalled     uint64 `json:"stalled" doc:"Timestamps that stand still."`
	Held        uint64 `json:"held" doc:"Ahead of real time by more than 30 s."`
	Composition uint64 `json:"composition" doc:"Impossible composition times."`
	Wraps       uint64 `json:"wraps" doc:"Times the encoder's 32-bit timestamps began anew, as they do each 49.7 days; no fault, not among repaired."`
}

// AdviceBody is one thing an anchor could do.
type AdviceBody struct {
	Code     string `json:"code" doc:"Stable; decide by this." example:"keyframe_interval"`
	Severity string `json:"severity" enum:"problem,warning,info" doc:"problem: viewers miss something now; warning: some do, or will; info: could be better."`
	Text     string `json:"text" doc:"A sentence to act on."`
}

type ingestOut struct{ Body IngestBody }

func (s *Server) registerIngest() {
	register(s, s.operation("ingest", http.MethodGet, "/rooms/{room}/ingest", "ingest", "Show the health of the push, with advice", tokenOrAnchor), s.ingest)
}

type ingestIn struct {
	RoomPath
	Samples string `query:"samples" maxLength:"32" doc:"Show besides how the pushes of this session did over that time, at most 15m." example:"15m"`
}

func (s *Server) ingest(ctx context.Context, in *ingestIn) (*ingestOut, error) {
	if _, err := s.mayDrive(ctx, in.Room); err != nil {
		return nil, err
	}
	var over Duration
	if in.Samples != "" {
		if err := over.UnmarshalText([]byte(in.Samples)); err != nil {
			return nil, newProblem(http.StatusUnprocessableEntity, "invalid", err.Error()).at("samples")
		}
		if time.Duration(over) > live.SampledFor {
			return nil, newProblem(http.StatusUnprocessableEntity, "invalid", "must be at most 15m").at("samples")
		}
	}
	push, err := s.rooms.Ingest(ctx, in.Room, time.Duration(over))
	if err != nil {
		return nil, err
	}
	body := ingestBody(push)
	if in.Samples != "" {
		body.Samples = samplesBody(push.Samples)
	}
	return &ingestOut{body}, nil
}

func ingestBody(in live.Ingest) IngestBody {
	body := IngestBody{
		Publishing: in.Publishing, Remote: in.Remote, Protocol: in.Protocol, Encoder: in.Format.Encoder, StartedAt: NullTime{in.StartedAt},
		Generation: in.Generation, Pushes: in.Pushes, LastMediaAt: NullTime{in.LastMediaAt}, Bytes: in.Bytes,
		BitsPerSecond: int64(in.BitsPerSecond), Video: videoBody(in), Audio: audioBody(in),
		AudioOffset: SignedDuration(in.Offset.Truncate(time.Millisecond)), Jitter: Duration(in.Jitter.Truncate(time.Millisecond)),
		Gaps: in.Gaps, ClockRate: rounded(in.Minute.ClockRate, 1000), Malformed: in.Malformed, Timestamps: repairsBody(in),
		Advice: make([]AdviceBody, len(in.Advice)),
	}
	for i, a := range in.Advice {
		body.Advice[i] = AdviceBody{Code: a.Code, Severity: string(a.Severity), Text: a.Text}
	}
	return body
}

func samplesBody(all []live.Sample) []SampleBody {
	out := make([]SampleBody, len(all))
	for i, p := range all {
		out[i] = SampleBody{
			At: Time{p.At}, BitsPerSecond: int64(p.BitsPerSecond), VideoBitsPerSecond: int64(p.VideoBitsPerSecond), FramesPerSecond: rounded(p.FramesPerSecond, 10),
			KeyframeInterval: Duration(p.KeyframeInterval), Repaired: p.Repaired, Jitter: Duration(p.Jitter.Truncate(time.Millisecond)),
		}
	}
	return out
}

func videoBody(in live.Ingest) IngestVideo {
	body := IngestVideo{
		Profile: in.Format.VideoProfile, Width: in.Format.Width, Height: in.Format.Height,
		BitsPerSecond: int64(in.VideoBitsPerSecond), FramesPerSecond: rounded(in.FramesPerSecond, 10),
		DeclaredRate: rounded(in.Format.FrameRate, 1000), Frames: in.VideoFrames,
		KeyframeInterval: Duration(in.KeyframeInterval), LongestInterval: Duration(in.LongestInterval),
		SinceKeyframe: Duration(in.SinceKeyframe), BFrames: in.BFrames, HeaderChanges: in.HeaderChanges, LastAt: NullTime{in.LastVideoAt},
	}
	if in.VideoFrames > 0 {
		body.Codec = in.Video.String()
	}
	return body
}

func audioBody(in live.Ingest) IngestAudio {
	body := IngestAudio{
		Profile: in.Format.AudioProfile, SampleRate: in.Format.SampleRate, Channels: in.Format.Channels,
		BitsPerSecond: int64(in.AudioBitsPerSecond), Frames: in.AudioFrames, LastAt: NullTime{in.LastAudioAt},
	}
	if in.AudioFrames > 0 {
		body.Codec = in.Audio.String()
	}
	return body
}

func repairsBody(in live.Ingest) RepairsBody {
	r := in.RepairCounts()
	return RepairsBody{
		Repaired: in.Repaired, LastMinute: in.Minute.Repaired, Clamped: r.Clamped, JumpedBack: r.JumpedBack, JumpedAhead: r.JumpedAhead,
		Apart: r.Apart, Stalled: r.Stalled, Held: r.Held, Composition: r.Composition, Wraps: in.Wraps,
	}
}

// rounded keeps as many parts of 1 as are worth reading.
func rounded(v, parts float64) float64 { return math.Round(v*parts) / parts }

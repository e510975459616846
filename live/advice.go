package live

import (
	"fmt"
	"slices"
	"time"

	"liveroom/live/stream"
)

// Severity says how much a piece of advice matters to viewers.
type Severity string

// The severities, worst first.
const (
	Problem Severity = "problem" // viewers miss something now
	Warning Severity = "warning" // some do, or will
	Hint    Severity = "info"    // could be better
)

// Advice is what an anchor could do about a push. Code is stable; Text is a sentence to act on.
type Advice struct {
	Code     string
	Severity Severity
	Text     string
}

// What is advised against. The keyframe interval and the bit rates are what players and viewers' lines commonly bear.
const (
	settled          = 5 * time.Second // a push younger than this is not judged by what is missing
	measured         = 10 * time.Second
	gone             = 3 * time.Second // sound or pictures that have been missing for longer
	longInterval     = 4100 * time.Millisecond
	farApart         = 500 * time.Millisecond
	strongJitter     = 300 * time.Millisecond
	highBitrate      = 12e6
	leastBitPerPixel = 0.008
	manyRepairs      = 5 // in a minute
	manyPushes       = 4 // in a session
	recentRefusal    = 10 * time.Minute
)

// rule finds one thing to advise. Its text is empty where there is nothing to say.
type rule struct {
	code     string
	severity Severity
	text     func(in *Ingest, now time.Time) string
}

// Advise tells what the anchor of a running push should do, worst first. Each code comes at most once.
func Advise(in Ingest, now time.Time) []Advice {
	var out []Advice
	for _, rules := range [][]rule{arrivalRules(), pictureRules(), rateRules(), timeRules(), codecRules()} {
		for _, r := range rules {
			if text := r.text(&in, now); text != "" {
				out = append(out, Advice{r.code, r.severity, text})
			}
		}
	}
	rank := map[Severity]int{Problem: 0, Warning: 1, Hint: 2}
	slices.SortStableFunc(out, func(a, b Advice) int { return rank[a.Severity] - rank[b.Severity] })
	return out
}

// adviseAbsent is the advice where nobody pushes. Refusals come newest first.
func adviseAbsent(refused []RefusalEntry, now time.Time) []Advice {
	var out []Advice
	if len(refused) > 0 && now.Sub(refused[0].At) < recentRefusal {
		last := refused[0]
		out = append(out, Advice{"push_refused", Problem, fmt.Sprintf(
			"The last push was refused %s ago (%s): %s. The room's refusals list all of them.", now.Sub(last.At).Round(time.Second), last.Code, last.Detail,
		)})
	}
	return append(out, Advice{
		"not_publishing", Hint, "Nothing is being pushed. If your encoder says otherwise, compare its address with a fresh one and look at the room's refusals.",
	})
}

// lasted says that a push is old enough to be judged.
func (in *Ingest) lasted(d time.Duration, now time.Time) bool { return now.Sub(in.StartedAt) > d }

// flows says whether something arrived lately.
func flows(at, now time.Time) bool { return !at.IsZero() && now.Sub(at) <= gone }

func (in *Ingest) videoFlows(now time.Time) bool { return flows(in.LastVideoAt, now) }
func (in *Ingest) audioFlows(now time.Time) bool { return flows(in.LastAudioAt, now) }

// when is a text where a condition holds.
func when(ok bool, format string, args ...any) string {
	if !ok {
		return ""
	}
	return fmt.Sprintf(format, args...)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

func mbits(bits float64) string { return fmt.Sprintf("%.1f Mbit/s", bits/1e6) }

// arrivalRules are about what arrives at all.
func arrivalRules() []rule {
	return []rule{
		{"no_media", Problem, func(in *Ingest, now time.Time) string {
			since := in.LastMediaAt
			if since.IsZero() {
				since = in.StartedAt
			}
			return when(now.Sub(since) > gone, "The encoder is connected, but neither picture nor sound has arrived for %s. A push that stays silent is closed.", seconds(now.Sub(since)))
		}},
		{"video_stopped", Problem, func(in *Ingest, now time.Time) string {
			return when(in.VideoFrames > 0 && !in.videoFlows(now) && in.audioFlows(now),
				"Sound goes on, but no picture has arrived for %s. Look at the encoder's video source.", seconds(now.Sub(in.LastVideoAt)))
		}},
		{"audio_stopped", Problem, func(in *Ingest, now time.Time) string {
			return when(in.AudioFrames > 0 && !in.audioFlows(now) && in.videoFlows(now),
				"Pictures go on, but no sound has arrived for %s. Look at the encoder's audio source.", seconds(now.Sub(in.LastAudioAt)))
		}},
		{"no_video", Warning, func(in *Ingest, now time.Time) string {
			return when(in.VideoFrames == 0 && in.audioFlows(now) && in.lasted(settled, now), "The push has no pictures, only sound.")
		}},
		{"no_audio", Warning, func(in *Ingest, now time.Time) string {
			return when(in.AudioFrames == 0 && in.videoFlows(now) && in.lasted(settled, now),
				"The push has no sound. Add an audio source, be it a silent one: some players wait for it.")
		}},
		{"connection_unsteady", Warning, func(in *Ingest, _ time.Time) string {
			if in.Minute.Gaps > 0 {
				return fmt.Sprintf("Nothing arrived for up to %s, %d times in the last minute. Use a cable, or lower the bit rate.", seconds(in.Minute.LongestGap), in.Minute.Gaps)
			}
			return when(in.Jitter > strongJitter, "The stream arrives in heaps (%d ms jitter). Use a cable, or lower the bit rate.", in.Jitter.Milliseconds())
		}},
		{"reconnects", Warning, func(in *Ingest, _ time.Time) string {
			return when(in.Pushes >= manyPushes, "The push began %d times in this session. If you did not restart it, the connection breaks: use a cable, or lower the bit rate.", in.Pushes)
		}},
		{"malformed", Warning, func(in *Ingest, _ time.Time) string {
			return when(in.Minute.Malformed > 0, "%d messages in the last minute could not be understood and were left out. Update the encoder.", in.Minute.Malformed)
		}},
	}
}

// pictureRules are about keyframes and frame rate.
func pictureRules() []rule {
	return []rule{
		{"no_keyframe", Problem, func(in *Ingest, now time.Time) string {
			return when(in.Keyframes == 0 && in.VideoFrames > 0 && in.videoFlows(now) && in.lasted(settled, now),
				"No keyframe has arrived, so nobody sees a picture. Set the keyframe interval to 2 s.")
		}},
		{"keyframe_interval", Warning, func(in *Ingest, now time.Time) string {
			interval := max(in.KeyframeInterval, in.SinceKeyframe)
			return when(in.Keyframes > 0 && in.videoFlows(now) && interval > longInterval,
				"Keyframes are %s apart: viewers wait that long for their first picture, and HLS lags behind. Set the keyframe interval to 2 s.", seconds(interval))
		}},
		{"frame_rate_low", Warning, func(in *Ingest, now time.Time) string {
			usual := in.Format.FrameRate
			if in.lasted(time.Minute, now) { // by then what a relay sent at once at the start is not among them
				usual = max(usual, in.Minute.FramesPerSecond)
			}
			return when(in.videoFlows(now) && in.lasted(measured, now) && usual >= 5 && usual <= 240 && in.FramesPerSecond < 0.8*usual,
				"Only %.0f of %.0f pictures a second arrive: the encoder is overloaded, or drops them for want of bandwidth. Lower resolution, frame rate or bit rate.",
				in.FramesPerSecond, usual)
		}},
		{"format_changed", Hint, func(in *Ingest, _ time.Time) string {
			return when(in.Minute.HeaderChanges > 0, "Resolution or encoder settings changed in mid-stream; some players need to be reloaded.")
		}},
		{"b_frames", Hint, func(in *Ingest, _ time.Time) string {
			return when(in.BFrames, "The encoder uses B-frames. They are fine, but cost some delay, and WebRTC cannot show them; B-frames 0 or the tune zerolatency avoids both.")
		}},
	}
}

// rateRules are about bit rates.
func rateRules() []rule {
	return []rule{
		{"bitrate_high", Warning, func(in *Ingest, now time.Time) string {
			return when(in.lasted(measured, now) && in.BitsPerSecond > highBitrate, "%s is more than many viewers can receive. Up to 6 Mbit/s is usual for 1080p.", mbits(in.BitsPerSecond))
		}},
		{"bitrate_low", Hint, func(in *Ingest, now time.Time) string {
			least := leastBitPerPixel * float64(in.Format.Width*in.Format.Height) * in.FramesPerSecond
			return when(in.videoFlows(now) && in.lasted(measured, now) && in.VideoBitsPerSecond < least,
				"%.0f kbit/s is very little for %d×%d: pictures that move will be blurred. Raise the bit rate or lower the resolution.",
				in.VideoBitsPerSecond/1e3, in.Format.Width, in.Format.Height)
		}},
		{"bitrate_dropped", Hint, func(in *Ingest, now time.Time) string {
			return when(flows(in.LastMediaAt, now) && in.lasted(2*measured, now) && in.BitsPerSecond < in.Minute.BitsPerSecond/2,
				"The bit rate fell to %s, from %s on average. If the picture did not become a still one, the connection is too slow.",
				mbits(in.BitsPerSecond), mbits(in.Minute.BitsPerSecond))
		}},
	}
}

// timeRules are about timestamps.
func timeRules() []rule {
	return []rule{
		{"audio_video_apart", Warning, func(in *Ingest, now time.Time) string {
			order := "ahead of"
			if in.Offset < 0 {
				order = "behind"
			}
			return when(in.videoFlows(now) && in.audioFlows(now) && in.Offset.Abs() > farApart,
				"Sound is sent %s %s the pictures of the same time; players must hold back the one for the other. Check the sync offset of the audio source.",
				seconds(in.Offset.Abs()), order)
		}},
		{"clock_fast", Warning, func(in *Ingest, _ time.Time) string {
			return when(in.Minute.ClockRate > 1.1, "The stream comes %.1f times as fast as real time. To push a file with ffmpeg, put -re before -i.", in.Minute.ClockRate)
		}},
		{"clock_slow", Warning, func(in *Ingest, _ time.Time) string {
			return when(in.Minute.ClockRate > 0.01 && in.Minute.ClockRate < 0.9,
				"Only %.0f %% of each second arrives: encoder or connection are too slow. Lower resolution, frame rate or bit rate.", 100*in.Minute.ClockRate)
		}},
		{"timestamps_repaired", Warning, func(in *Ingest, _ time.Time) string {
			words := repairWords(in.Repairs)
			return when(in.Minute.Repaired >= manyRepairs && words != "",
				"%d timestamps were repaired in the last minute: %s. Restart the encoder; if that does not help, update it.", in.Minute.Repaired, words)
		}},
	}
}

// repairWords says what was wrong most often, empty for what clock_fast speaks of or nobody needs to care for.
func repairWords(r stream.Repairs) string {
	most := stream.RepairKind(0)
	for k, n := range r {
		if n > r[most] {
			most = stream.RepairKind(k) //nolint:gosec // an index of a short array
		}
	}
	switch most {
	case stream.Clamped:
		return "they step back a little"
	case stream.JumpedBack:
		return "they jump back"
	case stream.JumpedAhead:
		return "they jump ahead of real time"
	case stream.Apart:
		return "sound and pictures are far apart"
	case stream.Stalled:
		return "they stand still"
	case stream.Held:
		return ""
	case stream.Composition:
		return "pictures ask to be shown seconds after they are decoded"
	}
	return ""
}

// codecRules are about who can play it.
func codecRules() []rule {
	return []rule{
		{"video_codec", Warning, func(in *Ingest, _ time.Time) string {
			return when(in.VideoFrames > 0 && in.Video != stream.H264, "%s", videoCodecWords(in.Video))
		}},
		{"audio_codec", Warning, func(in *Ingest, _ time.Time) string {
			return when(in.AudioFrames > 0 && in.Audio != stream.AAC, "%s", audioCodecWords(in.Audio))
		}},
		{"audio_format", Hint, func(in *Ingest, _ time.Time) string {
			return when(in.Format.Channels > 2 || in.Format.SampleRate > 48000,
				"Sound of %d channels at %d Hz is not played everywhere. Use stereo at 44,100 or 48,000 Hz.", in.Format.Channels, in.Format.SampleRate)
		}},
		{"not_in_hls", Warning, func(in *Ingest, _ time.Time) string {
			why := in.Format.VideoNotInHLS
			if why == "" || !slices.Contains([]stream.Codec{stream.H264, stream.HEVC, stream.AV1}, in.Video) {
				why = ""
				if in.Audio == stream.AAC || in.Audio == stream.Opus {
					why = in.Format.AudioNotInHLS
				}
			}
			return when(why != "", "HLS leaves out what it cannot read (%s). Other protocols pass it on as it is. Restart or update the encoder.", why)
		}},
	}
}

func videoCodecWords(c stream.Codec) string {
	switch c {
	case stream.HEVC:
		return "HEVC plays in Safari and in apps; Chrome and Firefox need hardware for it, and older RTMP and FLV players cannot. H.264 plays everywhere."
	case stream.AV1:
		return "AV1 plays in newer browsers over HLS; older devices, RTMP and FLV players cannot. H.264 plays everywhere."
	case stream.CodecUnknown:
		return "The video codec is not known here: HLS leaves the pictures out, and few players will know it. Use H.264."
	default:
		return fmt.Sprintf("HLS has no place for %s, and few players know it in FLV. Use H.264.", c)
	}
}

func audioCodecWords(c stream.Codec) string {
	switch c {
	case stream.Opus:
		return "Opus plays over HLS in newer browsers; RTMP and FLV players mostly cannot. AAC plays everywhere."
	case stream.CodecUnknown:
		return "The audio codec is not known here: HLS leaves the sound out, and few players will know it. Use AAC."
	default:
		return fmt.Sprintf("HLS leaves %s out: its viewers hear nothing. Use AAC.", c)
	}
}

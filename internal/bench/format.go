package bench

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// Rate is a number of bits in a second.
type Rate int64

// units of a Rate, the longest name first.
var units = []struct {
	name  string
	times float64
}{{"gbit", 1e9}, {"mbit", 1e6}, {"kbit", 1e3}, {"bit", 1}, {"g", 1e9}, {"m", 1e6}, {"k", 1e3}, {"", 1}}

// UnmarshalText reads 2Mbit, 800k, 2000000 or 2.5Mbit/s.
func (r *Rate) UnmarshalText(text []byte) error {
	s := strings.ToLower(strings.TrimSpace(string(text)))
	s = strings.TrimSuffix(s, "/s")
	for _, u := range units {
		number, ok := strings.CutSuffix(s, u.name)
		if !ok {
			continue
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err != nil || !(v >= 0 && v*u.times <= 1e15) {
			break
		}
		*r = Rate(v * u.times)
		return nil
	}
	return fmt.Errorf("%q is not a rate such as 2Mbit or 800kbit", text)
}

// String is the rate in the unit that fits.
func (r Rate) String() string {
	for _, u := range units[:3] {
		if float64(r) >= u.times {
			return strconv.FormatFloat(float64(r)/u.times, 'g', 4, 64) + " " + strings.NewReplacer("g", "G", "m", "M").Replace(u.name) + "/s"
		}
	}
	return strconv.FormatInt(int64(r), 10) + " bit/s"
}

// Format describes the synthetic stream. Zero fields take their defaults.
type Format struct {
	// Bitrate of picture and sound together, without what a container adds. Default 2 Mbit/s.
	Bitrate Rate
	// FPS is the number of pictures in a second. Default 30.
	FPS int
	// GOP is the time from keyframe to keyframe. Default 2 s.
	GOP time.Duration
	// KeyframeTimes says how many times larger than the others a keyframe is. Default 8.
	KeyframeTimes int
}

// Bounds of a Format; the first because a GOP is held in memory.
const (
	maxGOPBytes  = 64 << 20
	minPicture   = 220 // bytes: mark, headers, a slice
	maxAudio     = 128_000
	audioDivisor = 8 // of a small rate the sound takes at most this part
)

func (f Format) withDefaults() Format {
	or(&f.Bitrate, 2_000_000)
	or(&f.FPS, 30)
	or(&f.GOP, 2*time.Second)
	or(&f.KeyframeTimes, 8)
	return f
}

// or sets a zero value.
func or[T comparable](v *T, otherwise T) {
	var zero T
	if *v == zero {
		*v = otherwise
	}
}

// pictures is how many a GOP has.
func (f Format) pictures() int {
	return max(1, int(f.GOP.Seconds()*float64(f.FPS)+0.5))
}

// Validate says what can't be made.
func (f Format) Validate() error {
	f = f.withDefaults()
	switch {
	case f.FPS < 1 || f.FPS > 240:
		return fmt.Errorf("fps is %d, must be from 1 to 240", f.FPS)
	case f.GOP < 100*time.Millisecond || f.GOP > time.Minute:
		return fmt.Errorf("gop is %s, must be from 100ms to 1m", f.GOP)
	case f.KeyframeTimes < 1 || f.KeyframeTimes > 100:
		return fmt.Errorf("keyframes are %d times larger, must be from 1 to 100", f.KeyframeTimes)
	case f.Bitrate < 16_000:
		return fmt.Errorf("bitrate is %s, must be at least 16 kbit/s", f.Bitrate)
	case f.GOP.Seconds()*float64(f.Bitrate)/8 > maxGOPBytes:
		return fmt.Errorf("bitrate times gop is over %d MiB", maxGOPBytes>>20)
	}
	largest, smallest := 0, 1<<30
	for _, size := range f.sizes(f.audioRate()) {
		largest, smallest = max(largest, size), min(smallest, size)
	}
	if smallest < minPicture {
		return fmt.Errorf("bitrate %s is too little for %d pictures a second with keyframes %d times larger", f.Bitrate, f.FPS, f.KeyframeTimes)
	}
	if largest > blocks*blockBytes {
		return errors.New("a keyframe would be larger than an uncompressed picture: lower the bitrate, the gop or the keyframes' size")
	}
	return nil
}

// audioBytes is about how large a sound frame is.
func (f Format) audioBytes() int {
	return max(16, int(min(maxAudio, f.Bitrate/audioDivisor))*aacSamples/aacRate/8)
}

// audioRate is what the sound really takes, as FLV bodies.
func (f Format) audioRate() float64 {
	return float64(len(aacFrame(f.audioBytes()))) * 8 * aacRate / aacSamples
}

// sizes are the FLV bodies of a GOP's pictures, in bytes, so that with the sound they make the rate to the byte.
func (f Format) sizes(audio float64) []int {
	n := f.pictures()
	gop := (float64(f.Bitrate) - audio) / 8 * float64(n) / float64(f.FPS)
	unit := gop / float64(n-1+f.KeyframeTimes)
	sizes := make([]int, n)
	due, given := 0.0, 0
	for i := range sizes {
		if due += unit; i == 0 {
			due = unit * float64(f.KeyframeTimes)
		}
		sizes[i] = int(due) - given
		given += sizes[i]
	}
	return sizes
}

// picture is the FLV body of one picture, all but its mark.
type picture struct {
	body   []byte
	markAt int
}

// synthetic is a GOP and a sound frame, which publishers repeat. It is only read.
type synthetic struct {
	format   Format
	header   []byte // FLV body with the parameter sets
	pictures []picture
	audio    []byte
}

// newSynthetic makes the stream; f is valid.
func newSynthetic(f Format) *synthetic {
	f = f.withDefaults()
	sps, pps := parameterSets()
	header := append([]byte{0x17, 0, 0, 0, 0, 1}, sps[1:4]...)
	header = append(header, 0xff, 0xe1, 0, byte(len(sps)))
	header = append(append(header, sps...), 1, 0, byte(len(pps)))
	s := &synthetic{format: f, header: append(header, pps...), audio: aacFrame(f.audioBytes())}
	noise := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // noise, no secret
	for number, size := range f.sizes(f.audioRate()) {
		s.pictures = append(s.pictures, newPicture(number, size, noise))
	}
	return s
}

// newPicture makes a picture whose FLV body has exactly size bytes: as many macroblocks of noise as fit, and the padding
// of the mark's message for the rest.
func newPicture(number, size int, noise *rand.Rand) picture {
	for n := min(blocks, size/blockBytes); ; n-- {
		var slices []byte
		if n > 0 {
			slices = appendUnit(slices, noiseSlice(number, n, noise))
		}
		if rest := plainSlice(number, n); rest != nil {
			slices = appendUnit(slices, rest)
		}
		sei, markAt := seiMessage(size - 5 - 4 - len(slices))
		if sei == nil && n > 0 {
			continue
		}
		if sei == nil { // less than a picture needs; Format.Validate refuses it
			sei, markAt = seiMessage(markBytes + 4)
		}
		body := []byte{0x27, 1, 0, 0, 0}
		if number == 0 {
			body[0] = 0x17
		}
		body = appendUnit(body, sei)
		return picture{append(body, slices...), 5 + 4 + markAt}
	}
}

// frame returns the FLV body of picture n, marked, in buf.
func (s *synthetic) frame(buf []byte, n int, sentAt time.Time) []byte {
	p := s.pictures[n%len(s.pictures)]
	buf = append(buf[:0], p.body...)
	mark{sentAt.UnixNano(), uint32(n)}.put(buf[p.markAt:]) //nolint:gosec // wraps after years
	return buf
}

// pictureTime is when picture n is due.
func (s *synthetic) pictureTime(n int) time.Duration {
	return time.Duration(n) * time.Second / time.Duration(s.format.FPS)
}

// metadata is the FLV body of the stream's onMetaData.
func (s *synthetic) metadata() []byte {
	return appendAMF(nil, "onMetaData", object{
		{"width", blocksWide * 16.0},
		{"height", blocksHigh * 16.0},
		{"framerate", float64(s.format.FPS)},
		{"videocodecid", 7.0},
		{"videodatarate", float64(s.format.Bitrate)/1000 - s.format.audioRate()/1000},
		{"audiocodecid", 10.0},
		{"audiosamplerate", float64(aacRate)},
		{"stereo", false},
		{"encoder", "liveroom bench"},
	})
}

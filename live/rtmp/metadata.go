package rtmp

import "math"

// Metadata is what a publisher says of itself in onMetaData. Zero fields are not said; nothing of it is checked against
// the media.
type Metadata struct {
	Encoder       string // software, at most maxEncoderBytes
	Width, Height int
	FrameRate     float64 // per second
}

// maxEncoderBytes bounds a name that strangers choose and people read.
const maxEncoderBytes = 120

// ReadMetadata reads a script tag's payload. What can't be read, or makes no sense, is left zero.
func ReadMetadata(payload []byte) Metadata {
	values, err := decodeAMF(payload)
	if err != nil || len(values) < 2 || values[0] != "onMetaData" {
		return Metadata{}
	}
	var props amfProps
	switch v := values[1].(type) {
	case amfProps:
		props = v
	case amfMap:
		props = amfProps(v)
	}
	number := func(key string, most float64) float64 {
		n, _ := props.get(key).(float64)
		if math.IsNaN(n) || n < 0 || n > most {
			return 0
		}
		return n
	}
	return Metadata{
		Encoder: printable(props.text("encoder")),
		Width:   int(number("width", 1<<15)), Height: int(number("height", 1<<15)),
		FrameRate: number("framerate", 1000),
	}
}

// printable keeps the visible ASCII of a name.
func printable(s string) string {
	out := make([]byte, 0, min(len(s), maxEncoderBytes))
	for i := 0; i < len(s) && len(out) < maxEncoderBytes; i++ {
		if s[i] >= ' ' && s[i] <= '~' {
			out = append(out, s[i])
		}
	}
	return string(out)
}

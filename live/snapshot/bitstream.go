package snapshot

import (
	"encoding/binary"
	"errors"
	"fmt"

	"liveroom/live/stream"
)

var errCut = errors.New("the decoder's configuration or the picture is cut off")

// startCode goes before each NAL unit in a byte stream (ITU-T H.264 and H.265, Annex B).
var startCode = []byte{0, 0, 0, 1}

// temporalDelimiter begins a temporal unit (AV1 specification, 5.6).
var temporalDelimiter = []byte{0x12, 0}

// elementary is a keyframe as a stream that a decoder can read from its beginning, and what ffmpeg calls its format. The parts
// share the keyframe's bytes.
func elementary(k stream.Keyframe) (format string, parts [][]byte, err error) {
	var lengthBytes int
	switch k.Codec {
	case stream.H264:
		format = "h264"
		lengthBytes, parts, err = avcSets(k.Header)
	case stream.HEVC:
		format = "hevc"
		lengthBytes, parts, err = hevcSets(k.Header)
	case stream.AV1:
		if len(k.Header) < 4 {
			return "", nil, errCut
		}
		return "obu", [][]byte{temporalDelimiter, k.Header[4:], k.Data}, nil
	default:
		return "", nil, fmt.Errorf("codec %s", k.Codec)
	}
	if err != nil {
		return "", nil, err
	}
	parts, err = appendUnits(parts, k.Data, lengthBytes)
	return format, parts, err
}

// avcSets are the parameter sets of an AVCDecoderConfigurationRecord (ISO/IEC 14496-15 §5.3.3.1).
func avcSets(p []byte) (lengthBytes int, parts [][]byte, err error) {
	if len(p) < 7 {
		return 0, nil, errCut
	}
	lengthBytes = int(p[4]&3) + 1
	parts, rest, err := appendSets(nil, p[6:], int(p[5]&31))
	if err != nil || len(rest) == 0 {
		return 0, nil, errCut
	}
	parts, _, err = appendSets(parts, rest[1:], int(rest[0]))
	return lengthBytes, parts, err
}

// hevcSets are those of an HEVCDecoderConfigurationRecord (ISO/IEC 14496-15 §8.3.3.1).
func hevcSets(p []byte) (lengthBytes int, parts [][]byte, err error) {
	if len(p) < 23 {
		return 0, nil, errCut
	}
	lengthBytes = int(p[21]&3) + 1
	rest := p[23:]
	for range int(p[22]) {
		if len(rest) < 3 {
			return 0, nil, errCut
		}
		if parts, rest, err = appendSets(parts, rest[3:], int(binary.BigEndian.Uint16(rest[1:]))); err != nil {
			return 0, nil, err
		}
	}
	return lengthBytes, parts, nil
}

// appendSets adds n parameter sets, each behind a 16-bit length, and returns what follows them.
func appendSets(parts [][]byte, p []byte, n int) ([][]byte, []byte, error) {
	for range n {
		if len(p) < 2 {
			return nil, nil, errCut
		}
		size := int(binary.BigEndian.Uint16(p))
		if len(p) < 2+size {
			return nil, nil, errCut
		}
		parts, p = append(parts, startCode, p[2:2+size]), p[2+size:]
	}
	return parts, p, nil
}

// maxUnits is how many NAL units a picture may have. Encoders make a slice a row of blocks at most.
const maxUnits = 4096

// appendUnits adds the NAL units of a picture, each behind its length.
func appendUnits(parts [][]byte, p []byte, lengthBytes int) ([][]byte, error) {
	for n := 0; len(p) > 0; n++ {
		if len(p) < lengthBytes || n == maxUnits {
			return nil, errCut
		}
		size := 0
		for _, b := range p[:lengthBytes] {
			size = size<<8 | int(b)
		}
		if p = p[lengthBytes:]; size > len(p) {
			return nil, errCut
		}
		parts, p = append(parts, startCode, p[:size]), p[size:]
	}
	return parts, nil
}

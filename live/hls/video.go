package hls

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/av1"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mp4/codecs"

	"liveroom/live/stream"
)

// videoScale is the timescale of the video track, per second.
const videoScale = 90000

var errRecord = errors.New("decoder configuration record is cut off")

// video is what a video sequence header says.
type video struct {
	header        []byte // as it was sent, to recognise a repetition
	kind          stream.Codec
	codec         codecs.Codec
	name          string // for CODECS (RFC 6381)
	width, height int
	lengthBytes   int    // of the length before each NAL unit; 0 when there are none (AV1)
	sets          []byte // all parameter sets, length-prefixed, to go before keyframes
}

// parseVideo reads the configuration record of a sequence header. Anything it can't show in fMP4 is an error.
func parseVideo(codec stream.Codec, record []byte) (*video, error) {
	v := &video{header: bytes.Clone(record), kind: codec}
	var err error
	switch codec {
	case stream.H264:
		err = v.parseAVC(v.header)
	case stream.HEVC:
		err = v.parseHEVC(v.header)
	case stream.AV1:
		err = v.parseAV1(v.header)
	default:
		err = fmt.Errorf("codec %s has no place in HLS", codec)
	}
	if err == nil && (v.width <= 0 || v.height <= 0 || v.width > 16384 || v.height > 16384) {
		err = fmt.Errorf("picture size %d×%d is out of bounds", v.width, v.height)
	}
	return v, err
}

// parseAVC reads an AVCDecoderConfigurationRecord (ISO/IEC 14496-15 §5.3.3.1).
func (v *video) parseAVC(p []byte) error {
	if len(p) < 6 {
		return errRecord
	}
	v.lengthBytes = int(p[4]&3) + 1
	sps, rest, err := parameterSets(p[6:], int(p[5]&31))
	if err != nil || len(sps) == 0 {
		return fmt.Errorf("no SPS: %w", errRecord)
	}
	if len(rest) == 0 {
		return errRecord
	}
	pps, _, err := parameterSets(rest[1:], int(rest[0]))
	if err != nil || len(pps) == 0 {
		return fmt.Errorf("no PPS: %w", errRecord)
	}
	var parsed h264.SPS
	if err := parsed.Unmarshal(sps[0]); err != nil {
		return fmt.Errorf("SPS: %w", err)
	}
	if len(sps[0]) < 4 {
		return errRecord
	}
	v.width, v.height = parsed.Width(), parsed.Height()
	v.codec = &codecs.H264{SPS: sps[0], PPS: pps[0]}
	v.name = fmt.Sprintf("avc1.%02x%02x%02x", sps[0][1], sps[0][2], sps[0][3])
	v.addSets(sps, pps)
	return nil
}

// parseHEVC reads an HEVCDecoderConfigurationRecord (ISO/IEC 14496-15 §8.3.3.1).
func (v *video) parseHEVC(p []byte) error {
	if len(p) < 23 {
		return errRecord
	}
	v.lengthBytes = int(p[21]&3) + 1
	sets := map[h265.NALUType][][]byte{}
	rest := p[23:]
	for range int(p[22]) {
		if len(rest) < 3 {
			return errRecord
		}
		kind, n := h265.NALUType(rest[0]&63), int(binary.BigEndian.Uint16(rest[1:]))
		units, after, err := parameterSets(rest[3:], n)
		if err != nil {
			return err
		}
		sets[kind] = append(sets[kind], units...)
		rest = after
	}
	vps, sps, pps := sets[h265.NALUType_VPS_NUT], sets[h265.NALUType_SPS_NUT], sets[h265.NALUType_PPS_NUT]
	if len(vps) == 0 || len(sps) == 0 || len(pps) == 0 {
		return fmt.Errorf("VPS, SPS or PPS is missing: %w", errRecord)
	}
	var parsed h265.SPS
	if err := parsed.Unmarshal(sps[0]); err != nil {
		return fmt.Errorf("SPS: %w", err)
	}
	v.width, v.height = parsed.Width(), parsed.Height()
	v.codec = &codecs.H265{VPS: vps[0], SPS: sps[0], PPS: pps[0]}
	v.name = hevcName(p)
	v.addSets(vps, sps, pps)
	return nil
}

// parseAV1 reads an AV1CodecConfigurationRecord. Its OBUs are optional there, but no encoder leaves them out, and
// without them the init segment can't be written before the first picture.
func (v *video) parseAV1(p []byte) error {
	if len(p) < 4 {
		return errRecord
	}
	var units av1.Bitstream
	if err := units.Unmarshal(p[4:]); err != nil {
		return fmt.Errorf("OBUs: %w", err)
	}
	for _, u := range units {
		if len(u) == 0 || av1.OBUType(u[0]>>3&15) != av1.OBUTypeSequenceHeader {
			continue
		}
		var parsed av1.SequenceHeader
		if err := parsed.Unmarshal(u); err != nil {
			return fmt.Errorf("sequence header: %w", err)
		}
		v.width, v.height = parsed.Width(), parsed.Height()
		v.codec = &codecs.AV1{SequenceHeader: u}
		v.name = av1Name(p)
		return nil
	}
	return errors.New("no sequence header OBU")
}

// parameterSets reads n parameter sets, each behind a 16-bit length.
func parameterSets(p []byte, n int) (sets [][]byte, rest []byte, err error) {
	for range n {
		if len(p) < 2 {
			return nil, nil, errRecord
		}
		size := int(binary.BigEndian.Uint16(p))
		if size == 0 || len(p) < 2+size {
			return nil, nil, errRecord
		}
		sets, p = append(sets, p[2:2+size]), p[2+size:]
	}
	return sets, p, nil
}

func (v *video) addSets(lists ...[][]byte) {
	for _, units := range lists {
		for _, u := range units {
			v.sets = binary.BigEndian.AppendUint32(v.sets, uint32(len(u))) //nolint:gosec // 16-bit length
			v.sets = append(v.sets, u...)
		}
	}
}

// sample returns a frame as it stands in the segment. The usual frame is returned as it is, not copied. Lengths are
// checked because some players give up for good on a broken one.
//
// Keyframes get the parameter sets in front if they don't bring their own. Players made of ffmpeg don't read a second
// init segment, so after a reconnect they would go on decoding with the sets of the push before; and an init segment
// has room for one set of each kind only.
func (v *video) sample(data []byte, key bool) ([]byte, error) {
	if len(data) == 0 {
		return nil, errRecord
	}
	if v.lengthBytes == 0 {
		return data, nil
	}
	units := 0
	for at := 0; at < len(data); units++ {
		size, err := v.unit(data, at)
		if err != nil {
			return nil, err
		}
		at += v.lengthBytes
		key = key && (size == 0 || !v.isSPS(data[at]))
		at += size
	}
	if v.lengthBytes == 4 && !key {
		return data, nil
	}
	out := make([]byte, 0, len(v.sets)+len(data)+units*(4-v.lengthBytes))
	if key {
		out = append(out, v.sets...)
	}
	if v.lengthBytes == 4 {
		return append(out, data...), nil
	}
	for at := 0; at < len(data); {
		size, _ := v.unit(data, at)
		at += v.lengthBytes
		out = binary.BigEndian.AppendUint32(out, uint32(size)) //nolint:gosec // bounded by the tag
		out = append(out, data[at:at+size]...)
		at += size
	}
	return out, nil
}

// isSPS says whether a NAL unit with that first byte is a sequence parameter set.
func (v *video) isSPS(first byte) bool {
	if v.kind == stream.HEVC {
		return h265.NALUType(first>>1&63) == h265.NALUType_SPS_NUT
	}
	return h264.NALUType(first&31) == h264.NALUTypeSPS
}

// unit is the size of the NAL unit whose length stands at that offset.
func (v *video) unit(data []byte, at int) (int, error) {
	if len(data)-at < v.lengthBytes {
		return 0, errRecord
	}
	size := 0
	for _, b := range data[at : at+v.lengthBytes] {
		size = size<<8 | int(b)
	}
	if size > len(data)-at-v.lengthBytes {
		return 0, fmt.Errorf("NAL unit of %d bytes in a frame with %d left", size, len(data)-at-v.lengthBytes)
	}
	return size, nil
}

// units are the NAL units of a sample, parameter sets included. Lengths have been checked.
func units(data []byte) (out [][]byte) {
	for len(data) >= 4 {
		size := int(binary.BigEndian.Uint32(data))
		data = data[4:]
		if size > len(data) {
			break
		}
		if size > 0 {
			out = append(out, data[:size])
		}
		data = data[size:]
	}
	return out
}

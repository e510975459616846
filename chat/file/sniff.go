package file

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
)

// sniffBytes are the first bytes of a file, which tell what it is.
const sniffBytes = 512

// plain is the type of what is only saved, never shown: a browser makes nothing of it.
const plain = "application/octet-stream"

// typeOf finds the media type of a file of a kind by its first bytes; false: it is nothing of that kind. The names below
// are all a file can ever be served as: no document, and nothing with scripts.
func typeOf(k Kind, head []byte) (string, bool) {
	var t string
	switch k {
	case Image:
		t = imageType(head)
	case Sound:
		t = soundType(head)
	case Video:
		t = videoType(head)
	case Other:
		t = plain
	}
	return t, t != ""
}

// formats says in words what a kind may be.
func (k Kind) formats() string {
	switch k {
	case Image:
		return "JPEG, PNG, GIF, WebP, BMP or AVIF"
	case Sound:
		return "MP3, M4A, AAC, OGG, WAV, AMR or WebM"
	case Video:
		return "MP4"
	case Other:
	}
	return "anything"
}

func imageType(head []byte) string {
	has := func(prefix string) bool { return bytes.HasPrefix(head, []byte(prefix)) }
	switch {
	case has("\xff\xd8\xff"):
		return "image/jpeg"
	case has("\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR"):
		return "image/png"
	case has("GIF87a"), has("GIF89a"):
		return "image/gif"
	case riff(head, "WEBP"):
		return "image/webp"
	case isBMP(head):
		return "image/bmp"
	case isBrand(head, "avif", "avis"):
		return "image/avif"
	}
	return ""
}

// isBMP looks at the second header too: two letters alone say little.
func isBMP(head []byte) bool {
	return len(head) >= 18 && string(head[:2]) == "BM" && bytes.Equal(head[6:10], make([]byte, 4)) &&
		slices.Contains([]uint32{12, 40, 52, 56, 64, 108, 124}, binary.LittleEndian.Uint32(head[14:]))
}

func soundType(head []byte) string {
	has := func(prefix string) bool { return bytes.HasPrefix(head, []byte(prefix)) }
	switch {
	case has("ID3") && len(head) > 10 && head[3] < 0xff, isMPEG(head):
		return "audio/mpeg"
	case len(head) >= 7 && head[0] == 0xff && head[1]&0xf6 == 0xf0:
		return "audio/aac"
	case isBrand(head, "M4A ", "M4B ") || videoType(head) != "": // phones record voice into plain MP4
		return "audio/mp4"
	case has("OggS\x00"):
		return "audio/ogg"
	case riff(head, "WAVE"):
		return "audio/wav"
	case has("#!AMR\n"), has("#!AMR-WB\n"):
		return "audio/amr"
	case has("\x1a\x45\xdf\xa3") && bytes.Contains(head[:min(len(head), 64)], []byte("webm")):
		return "audio/webm"
	}
	return ""
}

// isMPEG says whether an MPEG audio frame of layer III begins here: MP3 without a tag.
func isMPEG(head []byte) bool {
	return len(head) >= 4 && head[0] == 0xff && head[1]&0xe6 == 0xe2 && head[1]&0x18 != 0x08 &&
		head[2]&0xf0 != 0xf0 && head[2]&0x0c != 0x0c
}

func videoType(head []byte) string {
	all := brands(head)
	if len(all) == 0 || slices.Contains([]string{"avif", "avis", "heic", "heix", "hevc", "mif1", "msf1"}, all[0]) {
		return ""
	}
	for _, b := range all {
		for _, known := range []string{"iso", "mp4", "avc1", "M4V", "3gp", "MSNV", "dash", "F4V"} {
			if strings.HasPrefix(b, known) {
				return "video/mp4"
			}
		}
	}
	return ""
}

func isBrand(head []byte, major ...string) bool {
	all := brands(head)
	return len(all) > 0 && slices.Contains(major, all[0])
}

// brands are those of an ISO media file, the major one first; none if it is no such file.
func brands(head []byte) (all []string) {
	if len(head) < 16 || string(head[4:8]) != "ftyp" {
		return nil
	}
	size := binary.BigEndian.Uint32(head)
	if size < 16 || size > sniffBytes || size%4 != 0 {
		return nil
	}
	all = append(all, string(head[8:12]))
	for i := 16; i+4 <= min(int(size), len(head)); i += 4 {
		all = append(all, string(head[i:i+4]))
	}
	return all
}

func riff(head []byte, form string) bool {
	return len(head) >= 12 && string(head[:4]) == "RIFF" && string(head[8:12]) == form
}

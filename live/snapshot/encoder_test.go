package snapshot

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/jpeg"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"liveroom/internal/ffmpeg"
	"liveroom/live/stream"
)

// programs are real ones.
type programs struct{ *ffmpeg.Supervisor }

func (p programs) Run(ctx context.Context, key string, args []string, input [][]byte, outputs int) ([][]byte, error) {
	return p.Supervisor.Run(ctx, ffmpeg.Job{Key: key, Args: args, Input: input, Outputs: outputs})
}

// pushed encodes one picture with ffmpeg as an encoder pushes it: the keyframe as a hub would hand it out.
func pushed(t *testing.T, source string, more ...string) stream.Keyframe {
	t.Helper()
	args := append([]string{"-v", "error", "-f", "lavfi", "-i", source, "-frames:v", "1", "-threads", "1"}, more...)
	format := "matroska"
	if slices.Contains(args, "libaom-av1") {
		format = "obu"
	}
	cmd := exec.CommandContext(t.Context(), "ffmpeg", append(args, "-f", format, "pipe:1")...)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("ffmpeg: %v: %s", err, said.String())
	}
	if format == "obu" { // a temporal delimiter, the sequence header, the picture
		return stream.Keyframe{Codec: stream.AV1, Header: []byte{0x81, 0, 0, 0}, Data: out[2:]}
	}
	k := stream.Keyframe{Session: "S", Header: element(t, out, 0x63a2), Data: element(t, out, 0xa3)[4:]}
	switch codec := string(element(t, out, 0x86)); codec {
	case "V_MPEG4/ISO/AVC":
		k.Codec = stream.H264
	case "V_MPEGH/ISO/HEVC":
		k.Codec = stream.HEVC
	default:
		t.Fatalf("codec %s", codec)
	}
	return k
}

// element is the content of the first element of an EBML document with an id. Those that hold others are stepped into.
func element(t *testing.T, p []byte, want uint32) []byte {
	t.Helper()
	number := func(keep bool) (n uint64) {
		size := 1
		for mask := byte(0x80); size < 9 && p[0]&mask == 0; mask >>= 1 {
			size++
		}
		n = uint64(p[0])
		if !keep {
			n &= 0xff >> size
		}
		for _, b := range p[1:size] {
			n = n<<8 | uint64(b)
		}
		p = p[size:]
		return n
	}
	for len(p) > 0 {
		id := number(true)
		size := number(false)
		switch id {
		case uint64(want):
			return p[:size]
		case 0x18538067, 0x1654ae6b, 0xae, 0x1f43b675: // segment, tracks, track, cluster
		default:
			p = p[min(size, uint64(len(p))):]
		}
	}
	t.Fatalf("no element %x", want)
	return nil
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func decoded(t *testing.T, i Image) image.Image {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(i.JPEG))
	if err != nil {
		t.Fatal(err)
	}
	if b := img.Bounds(); b.Dx() != i.Width || b.Dy() != i.Height {
		t.Errorf("a picture of %v is said to be %d×%d", b, i.Width, i.Height)
	}
	return img
}

// near says whether a pixel has a colour, as near as codecs bring it.
func near(img image.Image, x, y int, want [3]int) bool {
	r, g, b, _ := img.At(x, y).RGBA()
	for i, v := range [3]int{int(r >> 8), int(g >> 8), int(b >> 8)} {
		if d := v - want[i]; d < -6 || d > 6 {
			return false
		}
	}
	return true
}

func TestPicturesHaveSizeAndColourOfTheStream(t *testing.T) {
	t.Parallel()
	e := Encoder{programs{ffmpeg.New(ffmpeg.Config{Timeout: time.Minute})}}
	orange := [3]int{255, 128, 0}
	const colour = "color=0xff8000:size="
	h264 := []string{"-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"}
	for _, tt := range []struct {
		name   string
		frame  stream.Keyframe
		widths []int
		want   [][2]int
	}{
		{"Full-HD", pushed(t, colour+"1920x1080", h264...), []int{0, 320, 1280}, [][2]int{{1920, 1080}, {320, 180}, {1280, 720}}},
		{"of BT.709", pushed(t, colour+"640x360,format=rgb24,scale=out_color_matrix=bt709,format=yuv420p", append(slices.Clone(h264), "-colorspace", "bt709")...), []int{0, 320}, [][2]int{{640, 360}, {320, 180}}},
		{"smaller than asked", pushed(t, colour+"200x100", h264...), []int{0, 320}, [][2]int{{200, 100}}},
		{"upright", pushed(t, colour+"720x1280", h264...), []int{320}, [][2]int{{320, 568}}},
		{"pixels that are not square", pushed(t, colour+"720x576,setsar=64/45", h264...), []int{0, 512}, [][2]int{{1024, 576}, {512, 288}}},
		{"HEVC of 10 bits", pushed(t, colour+"640x360", "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none", "-pix_fmt", "yuv420p10le"), []int{0, 320}, [][2]int{{640, 360}, {320, 180}}},
		{"AV1", pushed(t, colour+"640x360", "-c:v", "libaom-av1", "-cpu-used", "8", "-pix_fmt", "yuv420p"), []int{0, 320}, [][2]int{{640, 360}, {320, 180}}},
	} {
		images, err := e.Make(t.Context(), "a", tt.frame, tt.widths)
		if err != nil || len(images) != len(tt.want) {
			t.Errorf("%s: %d pictures, %v", tt.name, len(images), err)
			continue
		}
		for i, got := range images {
			if [2]int{got.Width, got.Height} != tt.want[i] {
				t.Errorf("%s: %d×%d, want %v", tt.name, got.Width, got.Height, tt.want[i])
			}
			if img := decoded(t, got); !near(img, got.Width/2, got.Height/2, orange) || !near(img, 1, 1, orange) {
				t.Errorf("%s: the middle is %v", tt.name, img.At(got.Width/2, got.Height/2))
			}
		}
	}
}

// What a stranger pushes costs him his picture, and nobody anything else.
func TestHostileKeyframesFailAlone(t *testing.T) {
	t.Parallel()
	s := ffmpeg.New(ffmpeg.Config{Timeout: time.Minute})
	e := Encoder{programs{s}}
	h264 := []string{"-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"}
	good := pushed(t, "testsrc2=size=320x180", h264...)
	change := func(f func(*stream.Keyframe)) stream.Keyframe {
		k := good
		k.Header, k.Data = bytes.Clone(k.Header), bytes.Clone(k.Data)
		f(&k)
		return k
	}
	huge := stream.Keyframe{Codec: stream.H264, Header: read(t, "16k.avcc"), Data: read(t, "16k.picture")}
	for _, tt := range []struct {
		name  string
		frame stream.Keyframe
	}{
		{"nothing", stream.Keyframe{Codec: stream.H264}},
		{"no header", change(func(k *stream.Keyframe) { k.Header = nil })},
		{"no picture", change(func(k *stream.Keyframe) { k.Data = nil })},
		{"cut header", change(func(k *stream.Keyframe) { k.Header = k.Header[:9] })},
		{"cut inside a unit", change(func(k *stream.Keyframe) { k.Data = k.Data[:len(k.Data)-9] })},
		{"units of nothing", change(func(k *stream.Keyframe) { k.Data = make([]byte, 1<<20) })},
		{"garbage SPS", change(func(k *stream.Keyframe) {
			for i := 9; i < len(k.Header)-8; i++ {
				k.Header[i] = byte(i*37) | 1
			}
			k.Data = append([]byte{0, 0, 0, 5, 0x67}, append([]byte("\xff\xff\xff\xff"), k.Data...)...)
		})},
		{"garbage", change(func(k *stream.Keyframe) {
			k.Data = append([]byte{0, 0, 0x40, 0, 0x65}, bytes.Repeat([]byte{0xa5, 0x5a}, 0x2000)...)[:0x4004]
		})},
		{"a playlist", change(func(k *stream.Keyframe) {
			k.Codec = stream.AV1
			k.Data = []byte("#EXTM3U\n#EXTINF:1\nfile:///etc/passwd\n")
		})},
		{"of another codec", change(func(k *stream.Keyframe) { k.Codec = stream.HEVC })},
		{"of a codec that is not known", change(func(k *stream.Keyframe) { k.Codec = stream.VP6 })},
		{"16K", huge},
	} {
		images, err := e.Make(t.Context(), tt.name, tt.frame, []int{0, 320})
		if !errors.Is(err, ErrPicture) {
			t.Errorf("%s: %d pictures, %v", tt.name, len(images), err)
		}
	}
	if images, err := e.Make(t.Context(), "good", good, []int{0}); err != nil || len(images) != 1 {
		t.Errorf("afterwards: %d pictures, %v", len(images), err)
	}
	if st := s.Stats(); st.Running != 0 {
		t.Errorf("stats %+v", st)
	}
}

func TestCallerThatGivesUpIsNoFault(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	k := pushed(t, "testsrc2=size=320x180", "-c:v", "libx264", "-pix_fmt", "yuv420p")
	if _, err := (Encoder{programs{ffmpeg.New(ffmpeg.Config{Timeout: time.Minute})}}).Make(ctx, "a", k, []int{0}); !errors.Is(err, context.Canceled) || errors.Is(err, ErrPicture) {
		t.Errorf("%v", err)
	}
}

func FuzzElementary(f *testing.F) {
	f.Add(uint8(stream.H264), []byte{1, 100, 0, 31, 255, 225, 0, 2, 0x67, 1, 1, 0, 1, 0x68}, []byte{0, 0, 0, 2, 0x65, 1})
	f.Add(uint8(stream.HEVC), append(make([]byte, 21), 3, 1, 32, 0, 1, 0, 1, 0x40), []byte{0, 0, 0, 1, 0x26})
	f.Add(uint8(stream.AV1), []byte{0x81, 0, 0, 0, 1}, []byte{2})
	f.Fuzz(func(t *testing.T, codec uint8, header, data []byte) {
		_, parts, err := elementary(stream.Keyframe{Codec: stream.Codec(codec), Header: header, Data: data})
		size := 0
		for _, p := range parts {
			size += len(p)
		}
		if err == nil && size > 3*(len(header)+len(data))+4*len(parts)+8 {
			t.Errorf("%d bytes of %d", size, len(header)+len(data))
		}
	})
}

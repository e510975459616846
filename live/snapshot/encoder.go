package snapshot

import (
	"bytes"
	"context"
	"fmt"
	"image/jpeg"
	"slices"
	"strconv"
	"strings"

	"liveroom/live/stream"
)

// Bounds of pictures, in pixels. A stream of more than maxPixels is not decoded, which is 8192×4352; what is larger than
// MaxWidth is scaled down.
const (
	MaxWidth  = 3840
	maxPixels = 8192 * 4352
)

// Programs runs ffmpeg (internal/ffmpeg): output i is its file descriptor 3+i. What fails again and again for a key rests.
type Programs interface {
	Run(ctx context.Context, key string, args []string, input [][]byte, outputs int) ([][]byte, error)
	AtOnce() int
	Available() error
}

// Encoder makes pictures with ffmpeg.
type Encoder struct{ Programs Programs }

var _ Maker = Encoder{}

// AtOnce implements Maker.
func (e Encoder) AtOnce() int { return e.Programs.AtOnce() }

// Available implements Maker.
func (e Encoder) Available() error { return e.Programs.Available() }

// Make implements Maker. The keyframe comes from a stranger: it is the business of a process of its own, and what that wrote
// is looked at before it is believed. Any error but ctx's is an ErrPicture.
func (e Encoder) Make(ctx context.Context, room string, k stream.Keyframe, widths []int) ([]Image, error) {
	format, parts, err := elementary(k)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPicture, err)
	}
	out, err := e.Programs.Run(ctx, room, arguments(format, widths), parts, len(widths))
	if ctx.Err() != nil && err != nil {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPicture, err)
	}
	var images []Image
	for _, data := range out {
		head, err := jpeg.DecodeConfig(bytes.NewReader(data))
		if err != nil || head.Width < 1 || head.Height < 1 || head.Width > MaxWidth || head.Height > 2*MaxWidth {
			return nil, fmt.Errorf("%w: what came out is no JPEG of a size that is asked for", ErrPicture)
		}
		same := func(i Image) bool { return i.Width == head.Width && i.Height == head.Height }
		if !slices.ContainsFunc(images, same) {
			images = append(images, Image{head.Width, head.Height, data})
		}
	}
	return images, nil
}

// arguments of ffmpeg: it decodes the first picture of its input once, on one thread, and reads and writes nothing but pipes.
// Pixels that are not square become so, nothing is enlarged, and colours become those of JFIF: full range, BT.601.
func arguments(format string, widths []int) []string {
	var graph strings.Builder
	fmt.Fprintf(&graph, "[0:v:0]split=%d", len(widths))
	for i := range widths {
		fmt.Fprintf(&graph, "[s%d]", i)
	}
	for i, w := range widths {
		if w == 0 {
			w = MaxWidth
		}
		fmt.Fprintf(&graph, ";[s%d]scale=w='max(2,trunc(min(iw*sar,%d)/2)*2)':h='max(2,trunc(ow/dar/2)*2)':flags=area:"+
			"out_range=pc:out_color_matrix=bt601,setsar=1,format=yuvj420p[o%d]", i, w, i)
	}
	args := []string{
		"-hide_banner", "-nostdin", "-loglevel", "error", "-threads", "1", "-filter_threads", "1", "-filter_complex_threads", "1",
		"-max_pixels", strconv.Itoa(maxPixels), "-protocol_whitelist", "pipe", "-f", format, "-i", "pipe:0",
		"-filter_complex", graph.String(),
	}
	for i := range widths {
		args = append(args, "-map", fmt.Sprintf("[o%d]", i), "-frames:v", "1", "-c:v", "mjpeg", "-q:v", "4", "-f", "mjpeg",
			"pipe:"+strconv.Itoa(3+i))
	}
	return args
}

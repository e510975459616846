package pull

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/url"
	"sync"
	"sync/atomic"

	"github.com/bluenviron/gohlslib/v2"
	"github.com/bluenviron/gohlslib/v2/pkg/codecs"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/av1"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4/seekablebuffer"
	mp4codecs "github.com/bluenviron/mediacommon/v2/pkg/formats/mp4/codecs"

	"liveroom/live/record/export"
	"liveroom/live/rtmp"
	"liveroom/live/stream"
)

// waitingTags bounds what was read of HLS and not taken yet: who reads it can wait.
const waitingTags = 32

// hlsFeed plays HLS by gohlslib, which has goroutines of its own and waits for the time of each sample. What could make it panic
// there never reaches it: codecs that it does not know end it when its tracks are known, timescales of 0 are refused before.
type hlsFeed struct {
	client *gohlslib.Client
	ctx    context.Context
	cancel context.CancelCauseFunc // by what a server answers too: gohlslib may wait for ever after an error of its first segment
	tags   chan export.Played
	err    error // why it ended; set before tags is closed
	done   func()
	wg     sync.WaitGroup
	ts     atomic.Bool // its files are MPEG-TS
	pids   pids
}

func (s *Service) openHLS(ctx context.Context, t Task) (feed, error) {
	if _, err := url.Parse(t.URL); err != nil {
		return nil, failed("bad_address", "the address can't be read")
	}
	f := &hlsFeed{tags: make(chan export.Played, waitingTags)}
	f.ctx, f.cancel = context.WithCancelCause(ctx)
	client, done := s.client(f.shape, f.broke)
	f.done = done
	quiet := func(string) {}
	f.client = &gohlslib.Client{
		URI: t.URL, HTTPClient: client, OnTracks: f.tracks, OnDecodeError: func(error) {},
		OnDownloadPrimaryPlaylist: quiet, OnDownloadStreamPlaylist: quiet, OnDownloadSegment: quiet, OnDownloadPart: quiet,
	}
	if err := f.client.Start(); err != nil {
		f.cancel(nil)
		done()
		return nil, failed("bad_address", "the address can't be read")
	}
	f.wg.Go(func() {
		f.err = hlsFailure(f.client.Wait2())
		close(f.tags)
	})
	return f, nil
}

// broke ends the feed with an error of asking a server. Where it was given up there is none: gohlslib leaves off what it asks for when
// it has come to the end, of which not all was taken yet.
func (f *hlsFeed) broke(err error) {
	if !errors.Is(err, context.Canceled) {
		f.cancel(httpFailure(err))
	}
}

// Next implements feed.
func (f *hlsFeed) Next(context.Context) (stream.Kind, int64, []byte, error) {
	select {
	case p, ok := <-f.tags:
		if !ok {
			return 0, 0, nil, f.err
		}
		return p.Kind, p.At, p.Buf, nil
	case <-f.ctx.Done():
		return 0, 0, nil, context.Cause(f.ctx)
	}
}

// Length implements feed.
func (*hlsFeed) Length() int64 { return 0 }

// Close implements feed.
func (f *hlsFeed) Close() {
	f.cancel(nil)
	f.client.Close()
	f.wg.Wait()
	f.done()
}

// give hands a tag over. It is called by gohlslib's goroutines, one a track.
func (f *hlsFeed) give(kind stream.Kind, ms int64, buf []byte) {
	select {
	case f.tags <- export.Played{Kind: kind, At: ms, Buf: buf}:
	case <-f.ctx.Done():
	}
}

// tracks takes the first track of pictures and the first of sound.
func (f *hlsFeed) tracks(all []*gohlslib.Track) error {
	var video, audio bool
	for _, t := range all {
		if t.Codec == nil || t.ClockRate <= 0 {
			return failed(CauseCodec, "a track has a codec that can't be read")
		}
		x := &hlsTrack{hlsFeed: f, rate: int64(t.ClockRate)}
		switch c := t.Codec.(type) {
		case *codecs.H264, *codecs.H265, *codecs.AV1:
			if video {
				continue
			}
			video = true
			if err := x.video(t); err != nil {
				return err
			}
		case *codecs.MPEG4Audio, *codecs.Opus:
			if audio {
				continue
			}
			audio = true
			if err := x.audio(t); err != nil {
				return err
			}
		case *codecs.KLV:
		default:
			_ = c
			return failed(CauseCodec, "a track has a codec that can't be pushed: only H.264, HEVC, AV1, AAC and Opus can")
		}
	}
	if !video && !audio {
		return failed(CauseCodec, "there are neither pictures nor sound")
	}
	return nil
}

// hlsTrack is one track. Its fields belong to the goroutine that hands its samples over.
type hlsTrack struct {
	*hlsFeed
	rate  int64
	codec export.Codec
	known bool // codec
	sets  [3][]byte
}

func (t *hlsTrack) ms(at int64) int64 { return at * 1000 / t.rate }

// configure makes the tag with the decoder's configuration.
func (t *hlsTrack) configure(c mp4codecs.Codec, ms int64) error {
	init := fmp4.Init{Tracks: []*fmp4.InitTrack{{ID: 1, TimeScale: 90000, Codec: c}}}
	var b seekablebuffer.Buffer
	if err := init.Marshal(&b); err != nil {
		return failed(CauseCodec, "a codec's configuration makes no sense")
	}
	all, err := export.Codecs(b.Bytes())
	if err != nil || len(all) != 1 {
		return failed(CauseCodec, "a codec's configuration makes no sense")
	}
	t.codec, t.known = all[0], true
	t.give(t.codec.Kind(), ms, t.codec.Head())
	return nil
}

func (t *hlsTrack) video(track *gohlslib.Track) error {
	switch c := track.Codec.(type) {
	case *codecs.H264:
		t.sets = [3][]byte{nil, c.SPS, c.PPS}
		t.client.OnDataH26x(track, func(pts, dts int64, au [][]byte) { t.h26x(pts, dts, au, h264Set, h264.IsRandomAccess, t.h264Codec) })
	case *codecs.H265:
		t.sets = [3][]byte{c.VPS, c.SPS, c.PPS}
		t.client.OnDataH26x(track, func(pts, dts int64, au [][]byte) { t.h26x(pts, dts, au, h265Set, h265.IsRandomAccess, t.h265Codec) })
	case *codecs.AV1:
		if err := t.configure(&mp4codecs.AV1{SequenceHeader: c.SequenceHeader}, 0); err != nil {
			return err
		}
		t.client.OnDataAV1(track, t.av1)
	}
	return nil
}

func (t *hlsTrack) h264Codec() mp4codecs.Codec {
	return &mp4codecs.H264{SPS: t.sets[1], PPS: t.sets[2]}
}

func (t *hlsTrack) h265Codec() mp4codecs.Codec {
	return &mp4codecs.H265{VPS: t.sets[0], SPS: t.sets[1], PPS: t.sets[2]}
}

// What a NAL unit is to an access unit in FLV.
const (
	nalMedia = -1 // it is kept,
	nalNone  = -2 // left out,
	// or is the parameter set of that index, which stands in the configuration.
)

func h264Set(nalu []byte) int {
	switch h264.NALUType(nalu[0] & 0x1f) {
	case h264.NALUTypeSPS:
		return 1
	case h264.NALUTypePPS:
		return 2
	case h264.NALUTypeAccessUnitDelimiter:
		return nalNone
	default:
		return nalMedia
	}
}

func h265Set(nalu []byte) int {
	switch h265.NALUType((nalu[0] >> 1) & 0x3f) {
	case h265.NALUType_VPS_NUT:
		return 0
	case h265.NALUType_SPS_NUT:
		return 1
	case h265.NALUType_PPS_NUT:
		return 2
	case h265.NALUType_AUD_NUT:
		return nalNone
	default:
		return nalMedia
	}
}

// h26x hands an access unit over, after the configuration where that is new.
func (t *hlsTrack) h26x(pts, dts int64, au [][]byte, set func([]byte) int, key func([][]byte) bool, codec func() mp4codecs.Codec) {
	kept := make([][]byte, 0, len(au))
	changed := !t.known
	for _, nalu := range au {
		if len(nalu) == 0 {
			continue
		}
		switch i := set(nalu); i {
		case nalMedia:
			kept = append(kept, nalu)
		case nalNone:
		default:
			if !bytes.Equal(t.sets[i], nalu) {
				t.sets[i], changed = bytes.Clone(nalu), true
			}
		}
	}
	if changed && (len(t.sets[1]) == 0 || len(t.sets[2]) == 0 || t.configure(codec(), t.ms(dts)) != nil) || len(kept) == 0 {
		return // nobody can decode it
	}
	if data, err := h264.AVCC(kept).Marshal(); err == nil && len(data) < maxTag {
		t.give(stream.Video, t.ms(dts), t.codec.Tag(key(kept), int32(t.ms(pts-dts)), data)) //nolint:gosec // the hub takes what no decoder can wait for as 0
	}
}

func (t *hlsTrack) av1(pts int64, tu [][]byte) {
	if data, err := av1.Bitstream(tu).Marshal(); err == nil && len(data) < maxTag {
		t.give(stream.Video, t.ms(pts), t.codec.Tag(av1.IsRandomAccess2(tu), 0, data))
	}
}

func (t *hlsTrack) audio(track *gohlslib.Track) error {
	switch c := track.Codec.(type) {
	case *codecs.MPEG4Audio:
		if c.Config.SampleRate <= 0 {
			return failed(CauseCodec, "the sound's configuration makes no sense")
		}
		if err := t.configure(&mp4codecs.MPEG4Audio{Config: c.Config}, 0); err != nil {
			return err
		}
		t.client.OnDataMPEG4Audio(track, func(pts int64, aus [][]byte) { t.sound(pts, aus, 1024*t.rate/int64(c.Config.SampleRate)) })
	case *codecs.Opus:
		if err := t.configure(&mp4codecs.Opus{ChannelCount: c.ChannelCount}, 0); err != nil {
			return err
		}
		t.client.OnDataOpus(track, func(pts int64, packets [][]byte) { t.sound(pts, packets, t.rate/50) })
	}
	return nil
}

// sound hands frames over, which are that far apart.
func (t *hlsTrack) sound(pts int64, frames [][]byte, apart int64) {
	for i, frame := range frames {
		if len(frame) > 0 && len(frame) < maxTag {
			t.give(stream.Audio, t.ms(pts+int64(i)*apart), t.codec.Tag(true, 0, frame))
		}
	}
}

// hlsFailure puts what ended gohlslib into words; io.EOF: it was played to its end.
func hlsFailure(err error) error {
	var own *failure
	var asked *url.Error
	switch {
	case errors.Is(err, gohlslib.ErrClientEOS):
		return io.EOF
	case errors.As(err, &own):
		return own
	case errors.As(err, &asked):
		return httpFailure(err)
	}
	switch err.Error() {
	case "next segment not found or not ready yet", "playback is too late", "there aren't enough segments to fill the buffer":
		return failed(rtmp.FailSilent, "the playlist has no segment that could be next")
	}
	return failed(CauseFormat, "the playlist or its segments can't be read, or the times in them leap")
}

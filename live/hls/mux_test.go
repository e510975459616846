package hls

import (
	"bytes"
	"testing"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"pgregory.net/rapid"
)

// TestPartIsWhatMediacommonWrites compares with the writer that stood here before.
func TestPartIsWhatMediacommonWrites(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		var runs []run
		var tracks []*fmp4.PartTrack
		for id := range rapid.IntRange(1, 2).Draw(r, "tracks") {
			u := run{id: uint32(id + 1), base: rapid.Int64Range(0, 1<<50).Draw(r, "base")}
			track := &fmp4.PartTrack{ID: id + 1, BaseTime: uint64(u.base)}
			composed := rapid.Bool().Draw(r, "composed")
			for range rapid.IntRange(1, 40).Draw(r, "samples") {
				s := sample{
					data:     rapid.SliceOfN(rapid.Byte(), 0, 50).Draw(r, "data"),
					duration: rapid.Uint32Range(0, 1<<31-1).Draw(r, "duration"), key: rapid.Bool().Draw(r, "key"),
				}
				if composed {
					s.offset = rapid.Int32().Draw(r, "offset")
				}
				u.samples = append(u.samples, s)
				track.Samples = append(track.Samples, &fmp4.Sample{
					Duration: s.duration, PTSOffset: s.offset, IsNonSyncSample: !s.key, Payload: s.data,
				})
			}
			runs, tracks = append(runs, u), append(tracks, track)
		}
		sequence := rapid.Uint32().Draw(r, "sequence")
		var want buffer
		if err := (fmp4.Part{SequenceNumber: sequence, Tracks: tracks}).Marshal(&want); err != nil {
			r.Fatal(err)
		}
		got := marshalPart(sequence, runs)
		if !bytes.Equal(got, want.b) {
			r.Fatalf("got\n% x\nwant\n% x", got, want.b)
		}
		if cap(got) != len(got) {
			r.Fatalf("%d bytes in a buffer of %d", len(got), cap(got))
		}
	})
}

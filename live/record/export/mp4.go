package export

import (
	"bufio"
	"context"
	"io"
	"math"
)

// table is what the moov box says of a track's samples, as compact as it stands there: what is kept of a file in memory
// while it is written, some 20 bytes a sample.
type table struct {
	track
	first, last int64  // times of the first and the last sample
	tail        uint32 // how long the last one lasts
	count       int
	deltas      []repeated // how long samples last
	offsets     []repeated // from decoding to presentation, as two's complement
	sizes       []uint32
	keys        []uint32 // numbers of samples, from 1
	chunks      []chunk
}

// repeated is a number and how often it comes in a row.
type repeated struct{ count, value uint32 }

// chunk is samples of a track that stand behind one another in the file.
type chunk struct {
	at    int64 // from the begin of the media
	count uint32
}

// push adds a number to a list.
func push(list []repeated, value uint32) []repeated {
	if n := len(list); n > 0 && list[n-1].value == value {
		list[n-1].count++
		return list
	}
	return append(list, repeated{1, value})
}

// add notes samples that stand at an offset of the media, and returns where they end.
func (t *table) add(at int64, samples []sample) int64 {
	t.chunks = append(t.chunks, chunk{at, uint32(len(samples))}) //nolint:gosec // bounded by the segment
	for _, s := range samples {
		if t.count == 0 {
			t.first = s.dts
		} else {
			t.deltas = push(t.deltas, uint32(min(s.dts-t.last, math.MaxUint32))) //nolint:gosec // times grow
		}
		t.count++
		t.last, t.tail = s.dts, s.duration
		t.offsets = push(t.offsets, uint32(s.offset))  //nolint:gosec // two's complement is what is meant
		t.sizes = append(t.sizes, uint32(len(s.data))) //nolint:gosec // bounded by the segment
		if s.key {
			t.keys = append(t.keys, uint32(t.count)) //nolint:gosec // bounded by maxSamples
		}
		at += int64(len(s.data))
	}
	return at
}

// finish notes how long the last sample lasts. Nothing can be added any more.
func (t *table) finish() {
	if t.count > 0 {
		t.deltas = push(t.deltas, t.tail)
	}
}

// maxSamples is how many pictures and sounds a file has at most; beyond it, another one begins. It bounds memory.
const maxSamples = 4_000_000

// movieScale is the timescale of a file's movie header.
const movieScale = 1000

// media is how long the track lasts from its first sample on, in its timescale.
func (t *table) media() int64 { return t.last - t.first + int64(t.tail) }

// ends is when it ends, in ms of the file.
func (t *table) ends() int64 { return t.ms(t.first + t.media()) }

// mp4 writes pieces as one MP4 file: an index in front, so that players need not read to its end first, then the media as
// it lies in the segments. The pieces are read twice.
type mp4 struct {
	src    *source
	tables []table
	media  int64
	base   int64 // ms that the pieces last
}

// look takes the next piece into the index. It is not, and nothing is changed, where the file would have too many samples.
func (m *mp4) look(ctx context.Context, l *layer, p piece) (fits bool, err error) {
	got, err := l.lay(ctx, p)
	if err != nil {
		return false, err
	}
	if m.tables == nil {
		m.tables = make([]table, len(got.tracks))
		for i, t := range got.tracks {
			m.tables[i].track = t
		}
	}
	count := 0
	for _, t := range m.tables {
		count += t.count
	}
	for _, run := range got.all {
		count += len(run.samples)
	}
	if count > maxSamples && m.base > 0 {
		return false, nil
	}
	for _, run := range got.all {
		m.media = m.tables[run.track].add(m.media, run.samples)
	}
	m.base += p.duration()
	return true, nil
}

// write writes the file of the pieces that were looked at.
func (m *mp4) write(ctx context.Context, to io.Writer, pieces []piece, wrote func(ms int64) error) error {
	w := bufio.NewWriterSize(to, 64<<10)
	if err := emit(w, m.head()); err != nil {
		return err
	}
	var written int64
	l := &layer{src: m.src}
	for _, p := range pieces {
		got, err := l.lay(ctx, p)
		if err != nil {
			return err
		}
		for _, run := range got.all {
			for _, s := range run.samples {
				written += int64(len(s.data))
				if _, err := w.Write(s.data); err != nil {
					return err
				}
			}
		}
		if err := wrote(p.duration()); err != nil {
			return err
		}
	}
	if written != m.media {
		return errChanged
	}
	return w.Flush()
}

// emit writes boxes.
func emit(to io.Writer, all []box) error {
	w := bufio.NewWriterSize(to, 64<<10)
	for _, b := range all {
		b.write(w)
	}
	return w.Flush()
}

// head is all of the file but the media.
func (m *mp4) head() []box {
	for i := range m.tables {
		m.tables[i].finish()
	}
	ftyp := box{kind: "ftyp", inside: content("isom\x00\x00\x02\x00isomiso2mp41")}
	mdat := box{kind: "mdat", rest: m.media}
	long := m.media > math.MaxUint32-(1<<28) // offsets need 64 bits
	start := ftyp.size() + m.moov(0, long).size() + mdat.head()
	return []box{ftyp, m.moov(start, long), mdat}
}

// moov is the index of media that begins at start.
func (m *mp4) moov(start int64, long bool) box {
	var ends int64
	var traks []box
	for i := range m.tables {
		if t := &m.tables[i]; t.count > 0 {
			ends = max(ends, t.ends())
			traks = append(traks, t.trak(len(traks)+1, start, long))
		}
	}
	head := full(1, 0).u64(0, 0).u32(movieScale).u64(uint64(ends)).u32(1<<16).u16(1<<8, 0).u64(0).matrix() //nolint:gosec // not negative
	head = head.u32(0, 0, 0, 0, 0, 0, uint32(len(traks)+1))                                                //nolint:gosec // few
	return box{kind: "moov", kids: append([]box{{kind: "mvhd", inside: head}}, traks...)}
}

package hls

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// leastLast is the shortest last part, in ms, that hls.js (1.7) never takes for a part it has: it looks 200 ms around.
const leastLast = 200

// pushing is media with pictures and keyframes at exact times, as far as a millisecond clock has them.
type pushing struct {
	e      encoder
	frames int64 // pictures so far
	keys   int   // keyframes so far
	due    int64 // ms of the next one
	sounds int64
	to     int64 // ms it has lasted
}

// until pushes pictures up to a time in ms, with keyframes that many ms apart, by turns, and sound in step.
func (p *pushing) until(to int64, fps float64, gops ...int64) {
	defer p.pace(to)
	for {
		at := float64(p.frames) * 1000 / fps
		if int64(at) >= to {
			return
		}
		key := at >= float64(p.due)
		if key {
			p.due += gops[p.keys%len(gops)]
			p.keys++
		}
		p.e.picture(int64(at), key)
		for ; p.sounds*1024*1000/44100 < int64(at); p.sounds++ {
			p.e.sound(p.sounds * 1024 * 1000 / 44100)
		}
		p.frames++
	}
}

// pace waits until a push has lasted so many ms.
func (p *pushing) pace(to int64) {
	time.Sleep(time.Duration(to-p.to) * time.Millisecond)
	p.to = to
}

// short are the segments, but for the first, whose last part is short. It holds the list to the rules on the way.
func (r *room) short(seen map[uint64]bool) (numbers []uint64) {
	r.t.Helper()
	l := r.lowLatency()
	l.keepsRules(r.t, 2)
	tl := r.s.find("demo")
	for _, s := range tl.segments[1:] {
		if seen[s.number] {
			continue
		}
		seen[s.number] = true
		if last := s.parts[len(s.parts)-1].duration; len(s.parts) > 1 && last < max(leastLast, tl.partTarget/2) {
			numbers = append(numbers, s.number)
		}
	}
	return numbers
}

// TestPartsDivideTheSegment: a segment ends with a part that is about as long as the others. The list is looked at now and then,
// at ever other moments of a segment; all of its segments are seen.
func TestPartsDivideTheSegment(t *testing.T) {
	every := int64(900) // ms
	if scale() > 1 {
		every = 400
	}
	for _, segment := range []time.Duration{time.Second, 2 * time.Second} {
		for _, fps := range []float64{15, 25, 30000. / 1001, 60} {
			for _, gop := range []int64{500, 1000, 2000, 4000} {
				t.Run(fmt.Sprintf("%v, %.5g a second, keyframes each %d ms", segment, fps, gop), func(t *testing.T) {
					inRoom(t, Config{SegmentDuration: segment}, func(r *room) {
						p, seen, target := &pushing{e: r.publish(1, 0)}, map[uint64]bool{}, int64(0)
						p.e.headers()
						for to := int64(9000); to < 40_000; to += every {
							p.until(to, fps, gop)
							if short := r.short(seen); len(short) > 0 {
								r.t.Fatalf("segment %d ends with a part of %v", short[0], r.lengths(short[0]))
							}
							if l := r.lowLatency(); target == 0 {
								target = l.partTarget
							} else if l.partTarget != target {
								r.t.Fatalf("PART-TARGET %d ms, was %d ms", l.partTarget, target)
							}
						}
						if len(seen) < 7 {
							t.Errorf("%d segments", len(seen))
						}
					})
				})
			}
		}
	}
}

// lengths are those of a segment's parts, in ms.
func (r *room) lengths(number uint64) (all []int64) {
	t := r.s.find("demo")
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, p := range t.numbered(number).parts {
		all = append(all, p.duration)
	}
	return all
}

// TestPartsFollowTheEncoder: how long a segment becomes is known from those before. What differs from them may end with a short part, once.
func TestPartsFollowTheEncoder(t *testing.T) {
	for _, tt := range []struct {
		name  string
		push  func(p *pushing, from int64)
		short int
	}{
		{"its keyframes come at other times", func(p *pushing, from int64) {
			gop := int64(1000)
			if from >= 16_000 {
				gop = 1400
			}
			p.until(from+400, 25, gop)
		}, 1},
		{"it makes fewer pictures", func(p *pushing, from int64) {
			if from == 16_000 {
				p.frames = 16 * 15
			}
			fps := 30.
			if from >= 16_000 {
				fps = 15
			}
			p.until(from+400, fps, 2000)
		}, 1},
		{"sound alone", func(p *pushing, from int64) {
			for ; p.sounds*1024*1000/44100 < from+400; p.sounds++ {
				p.e.sound(p.sounds * 1024 * 1000 / 44100)
			}
			p.pace(from + 400)
		}, 0},
		{"a GOP is a little longer or shorter now and then", func(p *pushing, from int64) {
			p.until(from+400, 30, 2000, 2040, 1960, 2080, 2000)
		}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inRoom(t, Config{}, func(r *room) {
				p, seen := &pushing{e: r.publish(1, 0)}, map[uint64]bool{}
				if tt.name != "sound alone" {
					p.e.videoHeader()
				}
				p.e.audioHeader()
				var short []uint64
				for from := int64(0); from < 40_000; from += 400 {
					tt.push(p, from)
					synctest.Wait()
					if from >= 8000 {
						short = slices.Concat(short, r.short(seen))
					}
				}
				if len(short) > tt.short {
					t.Errorf("segments %d end with a short part; the last: %v", short, r.lengths(short[len(short)-1]))
				}
			})
		})
	}
}

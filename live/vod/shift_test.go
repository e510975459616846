package vod

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"liveroom/live/record"
)

var shiftNow = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// TestTimeFormats: each format and zone names the same moment.
func TestTimeFormats(t *testing.T) {
	c := Config{}.withDefaults()
	start := time.Date(2026, 3, 4, 10, 30, 15, 0, time.UTC)
	type form struct{ format, start, end string }
	forms := []form{
		{"unix_s", fmt.Sprint(start.Unix()), fmt.Sprint(start.Unix() + 30)},
		{"unix_ms", fmt.Sprint(start.UnixMilli()), fmt.Sprint(start.UnixMilli() + 30_000)},
		{"unix_s_8", fmt.Sprint(start.Unix()), fmt.Sprint(start.Unix() + 30)},
	}
	for zone := -12; zone <= 12; zone++ {
		east := start.In(time.FixedZone("", zone*3600))
		layout := "20060102150405"
		forms = append(forms, form{"human_s_" + strconv.Itoa(zone), east.Format(layout), east.Add(30 * time.Second).Format(layout)},
			form{"human_ms_" + strconv.Itoa(zone), east.Format(layout) + "000", east.Add(30*time.Second).Format(layout) + "000"})
	}
	forms = append(forms, form{"human_s", "20260304103015", "20260304103045"}, form{"human_ms", "20260304103015000", "20260304103045000"})
	for _, f := range forms {
		q := url.Values{"txTimeshift": {"on"}, "tsFormat": {f.format}, "tsStart": {f.start}, "tsEnd": {f.end}, "tsCodecname": {"hd"}}.Encode()
		got, err := c.parseShift(q, shiftNow)
		if err != nil || !got.start.Equal(start) || got.end.Sub(got.start) != 30*time.Second {
			t.Errorf("%+v: %+v %v", f, got, err)
		}
	}
	if got, err := c.parseShift("txTimeshift=on&tsFormat=human_ms_0&tsStart=20260304103015123&tsEnd=20260304103045000", shiftNow); err != nil || got.start.UnixMilli()%1000 != 123 {
		t.Errorf("%+v %v", got, err)
	}
}

// TestShiftBounds: what can't be is refused, by the parameter at fault.
func TestShiftBounds(t *testing.T) {
	c := Config{}.withDefaults()
	at := func(d time.Duration) string { return strconv.FormatInt(shiftNow.Add(d).Unix(), 10) }
	window := func(from, to time.Duration) string {
		return "txTimeshift=on&tsFormat=unix_s&tsStart=" + at(from) + "&tsEnd=" + at(to)
	}
	for _, tt := range []struct{ query, field string }{
		{window(-30*time.Second, 0), ""},
		{window(-29*time.Second, 0), "tsStart"},
		{window(time.Hour, 2*time.Hour), "tsStart"},
		{window(-6*time.Hour, 0), ""},
		{window(-6*time.Hour-time.Second, 0), "tsEnd"},
		{window(-time.Hour, -time.Hour), "tsEnd"},
		{window(-time.Hour, -2*time.Hour), "tsEnd"},
		{window(-time.Hour, 2*time.Minute), "tsEnd"},
		{"txTimeshift=off&tsDelay=60", "txTimeshift"},
		{"txTimeshift=&tsDelay=60", "txTimeshift"},
		{"txTimeshift=on&txTimeshift=on&tsDelay=60", "txTimeshift"},
		{"txTimeshift=on", "tsStart"},
		{"txTimeshift=on&tsEnd=" + at(0), "tsStart"},
		{"txTimeshift=on&tsFormat=unix_s&tsStart=" + at(-time.Minute), "tsEnd"},
		{"txTimeshift=on&tsStart=" + at(-time.Minute) + "&tsEnd=" + at(0), "tsFormat"},
		{"txTimeshift=on&tsDelay=30", ""},
		{"txTimeshift=on&tsDelay=29", "tsDelay"},
		{"txTimeshift=on&tsDelay=-30", "tsDelay"},
		{"txTimeshift=on&tsDelay=30.5", "tsDelay"},
		{"txTimeshift=on&tsDelay=99999999999999999999", "tsDelay"},
		{"txTimeshift=on&tsDelay=60&tsDelay=30", "tsDelay"},
		{"txTimeshift=on&tsDelay=60&tsStart=1", "tsDelay"},
		{"txTimeshift=on&tsDelay=60;%zz", "txTimeshift"},
	} {
		_, err := c.parseShift(tt.query, shiftNow)
		switch {
		case tt.field == "" && err != nil:
			t.Errorf("%s: %v", tt.query, err)
		case tt.field != "" && (err == nil || !strings.Contains(err.Error(), "bad_request: "+tt.field+" ")):
			t.Errorf("%s: %v, want the fault in %s", tt.query, err, tt.field)
		}
	}
	for _, format := range []string{"", "unix", "unix_m", "human_s_13", "human_s_-13", "human_s_+8", "human_s_08", "human_s_8_1", "UNIX_s", "x_s", "human_s_"} {
		if _, err := c.parseShift("txTimeshift=on&tsStart=1&tsEnd=2&tsFormat="+url.QueryEscape(format), shiftNow); err == nil || !strings.Contains(err.Error(), "tsFormat") {
			t.Errorf("%q: %v", format, err)
		}
	}
	for format, raw := range map[string]string{
		"human_s": "2026030410301", "human_s_8": "20260304103061", "human_ms": "20260304103015", "unix_s": "20260304103015000", "unix_ms": "-1", "human_s_0": "+0260304103015",
	} {
		if _, err := c.parseShift("txTimeshift=on&tsEnd=2&tsFormat="+format+"&tsStart="+url.QueryEscape(raw), shiftNow); err == nil || !strings.Contains(err.Error(), "tsStart") {
			t.Errorf("%s %q: %v", format, raw, err)
		}
	}
}

// TestPassesOfATimeShiftOpenNothingOlder, though names of segments can be guessed: what is recorded of the session may go back much
// further than its room may be watched.
func TestPassesOfATimeShiftOpenNothingOlder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		r := w.shifting(record.Full, 1000) // 100 minutes
		w.s.deps.Window = func(context.Context, string) (time.Duration, error) { return time.Hour, nil }
		at := func(d time.Duration) string { return strconv.FormatInt(r.Zero.Add(d).Unix(), 10) }
		for _, query := range []string{"tsDelay=3000", "tsFormat=unix_s&tsStart=" + at(50*time.Minute) + "&tsEnd=" + at(51*time.Minute)} {
			files := w.files(w.media(root + "&txTimeshift=on&" + query))
			for _, file := range files {
				w.body(file)
			}
			listed := files[1][strings.LastIndex(files[1], "/")+1:]
			start, _ := strconv.ParseInt(strings.Split(strings.TrimPrefix(listed, "000001-"), "-")[0], 10, 64)
			other := func(ms int64) string {
				return strings.Replace(files[1], fmt.Sprintf("-%012d-", start), fmt.Sprintf("-%012d-", ms), 1)
			}
			w.refused(other(0), 403, "bad_signature", "")
			w.refused(other(30*60_000), 403, "bad_signature", "")
			w.body(other(start + 6000))
			pass := strings.Split(files[1], "/")[4]
			signed, since, bounded := strings.Cut(pass, ".")
			if !bounded {
				t.Fatalf("%s: the pass is %s", query, pass)
			}
			for _, forged := range []string{signed, signed + ".", signed + ".0", signed + "." + since + "0", signed + ".0" + since, signed + ".-1"} {
				w.refused(strings.Replace(files[1], pass, forged, 1), 403, "bad_signature", "")
			}
		}
	})
}

// TestOffAir: time shifts of a room that was taken off end, and nothing else of its stream.
func TestOffAir(t *testing.T) {
	w := newWorld(t)
	w.recording(recA, "demo", 3)
	w.shifting(record.Full, 100)
	back, shift := w.media(root), w.media(root+"&txTimeshift=on&tsDelay=60")
	files := w.files(shift)
	other, err := New(Config{NodeKey: []byte("0123456789abcdef"), PlayKey: []byte("a play key")}, w.s.deps)
	if err != nil {
		t.Fatal(err)
	}
	first := w.s
	w.s = other // to which its player went
	w.body(shift)
	w.s = first
	for _, s := range []*Server{first, other} {
		if n := s.OffAir("other"); n != 0 {
			t.Errorf("%d of another room", n)
		}
		if n := s.OffAir("demo"); n != 1 {
			t.Errorf("%d time shifts ended, want 1", n)
		}
		w.s = s
		w.refused(shift, 403, "forbidden", "")
		w.refused(files[1], 403, "forbidden", "")
		w.body(back)
	}
}

// TestEarlierTimeOfWhatIsLive: a time of it, whole and with an end, and nothing beside that time.
func TestEarlierTimeOfWhatIsLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		r := w.shifting(record.Full, 100) // ten minutes
		at := func(d time.Duration) string { return strconv.FormatInt(r.Zero.Add(d).Unix(), 10) }
		shift := func(from, to time.Duration) string {
			return root + "&txTimeshift=on&tsFormat=unix_s&tsStart=" + at(from) + "&tsEnd=" + at(to)
		}
		media := w.media(shift(63*time.Second, 80*time.Second))
		body := w.body(media)
		if strings.Count(body, "#EXTINF:6.000") != 4 || !strings.Contains(body, "ENDLIST") || !strings.Contains(body, "TIME-OFFSET=3.000") || !strings.Contains(body, "-000000060000-") {
			t.Errorf("%s", body)
		}
		for _, file := range w.files(media) {
			w.body(file)
		}
		if body := w.body(w.media(shift(-time.Hour, 6*time.Second))); strings.Count(body, "#EXTINF") != 1 { // begun before the session
			t.Errorf("%s", body)
		}
		w.refused(shift(-time.Hour, -time.Minute), 400, "bad_request", "tsEnd")
		w.refused(shift(60*time.Second, 61*time.Second), 400, "bad_request", "tsEnd") // less than a segment
		w.refused(shift(580*time.Second, 600*time.Second), 400, "bad_request", "tsStart")
		w.refused(strings.Replace(shift(60*time.Second, 80*time.Second), "good", "bad", 1), 403, "missing_signature", "")
		w.refused(root+"&txTimeshift=on&tsDelay=700", 400, "bad_request", "tsDelay")
		w.lib.Trim(recB, 120_000)
		w.refused(shift(60*time.Second, 80*time.Second), 400, "bad_request", "tsEnd")
		w.body(w.media(shift(60*time.Second, 140*time.Second)))
		time.Sleep(time.Hour) // and nothing is recorded
		w.refused(shift(1200*time.Second, 1300*time.Second), 400, "bad_request", "tsStart")
		if _, _, ok, err := w.s.Shiftable(t.Context(), "demo"); !ok || err != nil {
			t.Errorf("%t %v", ok, err)
		}
		w.lib.Remove(recB)
		w.refused(root+"&txTimeshift=on&tsDelay=60", 404, "not_found", "txTimeshift")
	})
}

// TestWindowOfARoom: however much is recorded, no more than that can be watched.
func TestWindowOfARoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		r := w.shifting(record.Full, 100)
		window := 5 * time.Minute
		w.s.deps.Window = func(context.Context, string) (time.Duration, error) { return window, nil }
		at := func(d time.Duration) string { return strconv.FormatInt(r.Zero.Add(d).Unix(), 10) }
		shift := func(from, to time.Duration) string {
			return root + "&txTimeshift=on&tsFormat=unix_s&tsStart=" + at(from) + "&tsEnd=" + at(to)
		}
		if oldest, most, ok, err := w.s.Shiftable(t.Context(), "demo"); !ok || err != nil || most != window || !oldest.Equal(time.Now().Add(-window)) {
			t.Errorf("%v %v %t %v", oldest, most, ok, err)
		}
		w.refused(shift(100*time.Second, 200*time.Second), 400, "bad_request", "tsEnd")
		if body := w.body(w.media(shift(100*time.Second, 330*time.Second))); strings.Count(body, "#EXTINF") != 5 {
			t.Errorf("%s", body)
		}
		w.refused(root+"&txTimeshift=on&tsDelay=301", 400, "bad_request", "tsDelay")
		w.body(w.media(root + "&txTimeshift=on&tsDelay=300"))
		window = 0
		w.refused(root+"&txTimeshift=on&tsDelay=60", 404, "not_found", "txTimeshift")
		if _, _, ok, err := w.s.Shiftable(t.Context(), "demo"); ok || err != nil {
			t.Errorf("%t %v", ok, err)
		}
	})
}

// TestNothingAfterTheDelay: what slides lists nothing that is younger than was asked for, and ends with the session.
func TestNothingAfterTheDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		r := w.shifting(record.Shift, 50)
		media := w.media(root + "&txTimeshift=on&tsDelay=60")
		body := w.body(media)
		if strings.Contains(body, "ENDLIST") || strings.Contains(body, "PLAYLIST-TYPE") || !strings.Contains(body, "#EXT-X-TARGETDURATION:10\n") {
			t.Errorf("%s", body)
		}
		if last := "-000000234000-"; !strings.Contains(body, last) || strings.Contains(body, "-000000240000-") {
			t.Errorf("the last is not that of %s:\n%s", last, body)
		}
		time.Sleep(12 * time.Second)
		if body := w.body(media); !strings.Contains(body, "-000000246000-") || strings.Contains(body, "-000000252000-") {
			t.Errorf("12 s later:\n%s", body)
		}
		r.State = record.Done
		w.lib.Put(r)
		time.Sleep(50 * time.Second)
		if body := w.body(media); !strings.Contains(body, "ENDLIST") || !strings.Contains(body, "-000000294000-") {
			t.Errorf("at the end:\n%s", body)
		}
	})
}

// sliding is what a test sees of a playlist that slides.
type sliding struct {
	sequence, discontinuity uint64
	files                   []string
	breaks                  map[string]uint64 // discontinuities up to a file
}

func readSliding(body string) (s sliding) {
	s.breaks = map[string]uint64{}
	for line := range strings.Lines(body) {
		line = strings.TrimSpace(line)
		switch name, value, _ := strings.Cut(line, ":"); {
		case name == "#EXT-X-MEDIA-SEQUENCE":
			s.sequence, _ = strconv.ParseUint(value, 10, 64)
		case name == "#EXT-X-DISCONTINUITY-SEQUENCE":
			s.discontinuity, _ = strconv.ParseUint(value, 10, 64)
		case line == "#EXT-X-DISCONTINUITY":
			s.breaks["next"]++
		case !strings.HasPrefix(line, "#") && line != "":
			file, _, _ := strings.Cut(line[strings.LastIndex(line, "/")+1:], "?")
			s.files = append(s.files, file)
			s.breaks[file] = s.discontinuity + s.breaks["next"]
		}
	}
	return s
}

// TestSlidingNumbers: whatever is added and removed, over gaps and reconnects, by whoever asks: a segment keeps its number, and
// numbers never go back.
func TestSlidingNumbers(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		kind := rapid.SampledFrom([]record.Kind{record.Full, record.Shift}).Draw(rt, "kind")
		w := newWorld(t)
		r := record.Recording{ID: recB, Kind: kind, Room: "demo", Stream: "demo", Zero: w.zero, State: record.Running}
		w.lib.Put(r)
		numbers, breaks := map[string]uint64{}, map[string]uint64{}
		var last sliding
		end, now := int64(0), w.zero
		for range rapid.IntRange(5, 40).Draw(rt, "steps") {
			for range rapid.IntRange(0, 5).Draw(rt, "segments") {
				gap := rapid.SampledFrom([]int64{0, 0, 0, 400, 20_000}).Draw(rt, "gap")
				s := w.lib.Append(recB, gap, rapid.Int64Range(1000, 9000).Draw(rt, "ms"), nil)
				end = s.End()
			}
			if kind == record.Shift && rapid.Bool().Draw(rt, "trim") {
				w.lib.Trim(recB, end-rapid.Int64Range(90_000, 200_000).Draw(rt, "window"))
			}
			if at := r.Zero.Add(time.Duration(end+rapid.Int64Range(0, 30_000).Draw(rt, "later")) * time.Millisecond); at.After(now) {
				now = at
			}
			if rapid.Bool().Draw(rt, "another node") { // or this one after a restart
				s := newWorld(t).s
				s.deps.Library, w.s = w.lib, s
			}
			l, err := w.s.list(t.Context(), "demo", mustParse(t, "d"+recB+"~30"), now)
			if err != nil {
				rt.Fatal(err)
			}
			if len(l.pieces) == 0 {
				continue
			}
			got := readSliding(string(w.s.media(l, "demo", term{until: now})))
			if got.sequence < last.sequence || got.discontinuity < last.discontinuity {
				rt.Fatalf("goes back from %d, %d to %d, %d", last.sequence, last.discontinuity, got.sequence, got.discontinuity)
			}
			for i, file := range got.files {
				n := got.sequence + uint64(i)
				if was, ok := numbers[file]; ok && (was != n || breaks[file] != got.breaks[file]) {
					rt.Fatalf("%s was %d, %d, and is %d, %d", file, was, breaks[file], n, got.breaks[file])
				}
				numbers[file], breaks[file] = n, got.breaks[file]
			}
			last = got
		}
	})
}

func FuzzShift(f *testing.F) {
	f.Add("txTimeshift=on&tsFormat=human_s_8&tsStart=20230202095635&tsEnd=20230202095705")
	f.Add("txTimeshift=on&tsDelay=30")
	f.Add("txTimeshift=on&tsFormat=unix_ms_-12&tsStart=1675302995000&tsEnd=1675303025000")
	c := Config{}.withDefaults()
	f.Fuzz(func(t *testing.T, query string) {
		s, err := c.parseShift(query, shiftNow)
		if err != nil {
			if !strings.Contains(err.Error(), "bad_request: t") {
				t.Errorf("%q: %v", query, err)
			}
			return
		}
		if s.delay > 0 && s.delay >= c.LeastAge && s.start.IsZero() {
			return
		}
		if shiftNow.Sub(s.start) < c.LeastAge || s.end.Sub(s.start) > c.MaxShift || !s.end.After(s.start) {
			t.Errorf("%q: %+v", query, s)
		}
	})
}

func FuzzWhat(f *testing.F) {
	for _, s := range []string{"p" + prog, "r" + recA, "w" + recA + "~0~60000", "d" + recA + "~30", "d~", "w1~1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if w, ok := parseWhat(s); ok && (w.String() != s || strings.ContainsAny(s, "/.?\x00") || len(s) > 90) {
			t.Errorf("%q is read as %+v", s, w)
		}
	})
}

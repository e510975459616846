package hls

import (
	"strings"
	"testing"
	"time"
)

// sound is a low-latency playlist without fault, as RFC 8216bis asks for, and sequel the next reload of it.
const sound = `#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:2
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.5,CAN-SKIP-UNTIL=12.0,HOLD-BACK=6.0
#EXT-X-PART-INF:PART-TARGET=0.5
#EXT-X-MEDIA-SEQUENCE:7
#EXT-X-DISCONTINUITY-SEQUENCE:3
#EXT-X-MAP:URI="1-0-init.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-03-04T12:00:00.000Z
#EXTINF:2.000,
1-7.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-03-04T12:00:02.000Z
#EXTINF:1.500,
1-8.m4s
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="2-0-init.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-03-04T12:00:10.000Z
#EXTINF:2.000,
2-9.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-03-04T12:00:12.000Z
#EXT-X-PART:DURATION=0.5,URI="2-10.0.m4s",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.5,URI="2-10.1.m4s"
#EXT-X-PART:DURATION=0.5,URI="2-10.2.m4s"
#EXT-X-PART:DURATION=0.5,URI="2-10.3.m4s"
#EXTINF:2.000,
2-10.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-03-04T12:00:14.000Z
#EXT-X-PART:DURATION=0.5,URI="2-11.0.m4s",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.48,URI="2-11.1.m4s"
#EXT-X-PART:DURATION=0.5,URI="2-11.2.m4s"
#EXT-X-PART:DURATION=0.3,URI="2-11.3.m4s"
#EXTINF:1.780,
2-11.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-03-04T12:00:15.780Z
#EXT-X-PART:DURATION=0.5,URI="2-12.0.m4s",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.3,URI="2-12.1.m4s"
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="2-12.2.m4s"
`

// edit replaces each odd string by the one after it; each must be there.
func edit(t testing.TB, text string, pairs ...string) string {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("no %q in\n%s", pairs[i], text)
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	return text
}

const tailOfSound = `#EXT-X-PROGRAM-DATE-TIME:2026-03-04T12:00:15.780Z
#EXT-X-PART:DURATION=0.5,URI="2-12.0.m4s",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.3,URI="2-12.1.m4s"
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="2-12.2.m4s"
`

const oldParts = "#EXT-X-PART:DURATION=0.5,URI=\"2-11.0.m4s\",INDEPENDENT=YES\n#EXT-X-PART:DURATION=0.48,URI=\"2-11.1.m4s\"\n" +
	"#EXT-X-PART:DURATION=0.5,URI=\"2-11.2.m4s\"\n#EXT-X-PART:DURATION=0.3,URI=\"2-11.3.m4s\"\n"

// whole are the parts of a segment with that many of half a second.
func whole(name string, n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("#EXT-X-PART:DURATION=0.5,URI=\"" + name + "." + string(rune('0'+i)) + ".m4s\"")
		if i == 0 {
			b.WriteString(",INDEPENDENT=YES")
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestValidatorFindsBrokenPlaylists(t *testing.T) {
	for _, tt := range []struct {
		rule string
		edit []string
	}{
		{"", nil},
		{"EXTM3U", []string{"#EXTM3U\n", ""}},
		{"form", []string{"2-11.m4s\n", "2-11.m4s\r\n"}},
		{"form", []string{"#EXT-X-PART-INF", "#EXT-X-PARTINF"}},
		{"form", []string{"TYPE=PART,", "TYPE=PART;"}},
		{"form", []string{"TYPE=PART,URI=\"2-12.2.m4s\"", "TYPE=PART,URI=\"2-12.2.m4s"}},
		{"form", []string{"TYPE=PART,", "TYPE=PART,,"}},
		{"form", []string{"TYPE=PART,", "TYPE=PART,TYPE=PART,"}},
		{"form", []string{"INDEPENDENT=YES\n", "INDEPENDENT=YES,\n"}},
		{"form", []string{"PART-TARGET=0.5", "part-target=0.5"}},
		{"PART-INF", []string{"PART-TARGET=0.5", "PART-TARGET=.5"}},
		{"form", []string{"#EXT-X-VERSION:9", "#EXT-X-VERSION:9\n#EXT-X-VERSION:9"}},
		{"VERSION", []string{"#EXT-X-VERSION:9\n", "#EXT-X-VERSION:5\n"}},
		{"VERSION", []string{"#EXT-X-VERSION:9\n", ""}},
		{"TARGETDURATION", []string{"#EXT-X-TARGETDURATION:2\n", ""}},
		{"TARGETDURATION", []string{"#EXTINF:2.000,\n1-7", "#EXTINF:2.500,\n1-7"}},
		{"TARGETDURATION", []string{"#EXT-X-TARGETDURATION:2", "#EXT-X-TARGETDURATION:2.0"}},
		{"EXTINF", []string{"#EXTINF:1.500,\n1-8.m4s", "1-8.m4s"}},
		{"EXTINF", []string{"#EXTINF:1.500,", "#EXTINF:1.500"}},
		{"EXTINF", []string{"#EXTINF:1.500,", "#EXTINF:-1.500,"}},
		{"MAP", []string{"#EXT-X-MAP:URI=\"1-0-init.mp4\"\n", ""}},
		{"PROGRAM-DATE-TIME", []string{"#EXT-X-PROGRAM-DATE-TIME:2026-03-04T12:00:12.000Z\n", ""}},
		{"PROGRAM-DATE-TIME", []string{"12:00:12.000Z", "12:00:11.900Z"}},
		{"PROGRAM-DATE-TIME", []string{"12:00:12.000Z", "12:00:12.200Z"}},
		{"PROGRAM-DATE-TIME", []string{"12:00:10.000Z", "12:00:03.000Z"}},
		{"PROGRAM-DATE-TIME", []string{"2026-03-04T12:00:12.000Z", "yesterday"}},
		{"MEDIA-SEQUENCE", []string{"#EXT-X-MEDIA-SEQUENCE:7\n", "", "1-7.m4s\n", "1-7.m4s\n#EXT-X-MEDIA-SEQUENCE:7\n"}},
		{"DISCONTINUITY-SEQUENCE", []string{"#EXT-X-DISCONTINUITY-SEQUENCE:3\n", "#EXT-X-DISCONTINUITY\n#EXT-X-DISCONTINUITY-SEQUENCE:3\n"}},
		{"PART-INF", []string{"#EXT-X-PART-INF:PART-TARGET=0.5\n", ""}},
		{"PART", []string{"DURATION=0.5,URI=\"2-11.0", "DURATION=0.6,URI=\"2-11.0"}},
		{"PART", []string{"DURATION=0.48", "DURATION=0.42"}},
		{"PART", []string{"DURATION=0.3,URI=\"2-11.3", "DURATION=0.2,URI=\"2-11.3"}},
		{"PART", []string{oldParts, ""}},
		{"PART", []string{"#EXTINF:2.000,\n1-7", whole("1-7", 4) + "#EXTINF:2.000,\n1-7"}},
		{"PART", []string{"INDEPENDENT=YES", "INDEPENDENT=NO"}},
		{"PART-HOLD-BACK", []string{"PART-HOLD-BACK=1.5", "PART-HOLD-BACK=1.4"}},
		{"PART-HOLD-BACK", []string{"PART-HOLD-BACK=1.5,", ""}},
		{"HOLD-BACK", []string{",HOLD-BACK=6.0", ",HOLD-BACK=5.0"}},
		{"CAN-SKIP-UNTIL", []string{"CAN-SKIP-UNTIL=12.0", "CAN-SKIP-UNTIL=11.9"}},
		{"CAN-BLOCK-RELOAD", []string{"CAN-BLOCK-RELOAD=YES,", ""}},
		{"PRELOAD-HINT", []string{"TYPE=PART,", "TYPE=PARTS,"}},
		{"hls.js", []string{tailOfSound, ""}},
		{"ENDLIST", []string{"#EXT-X-PRELOAD-HINT", "#EXT-X-ENDLIST\n#EXT-X-PRELOAD-HINT"}},
		{"SKIP", []string{"#EXT-X-MAP:URI=\"1-0", "#EXT-X-SKIP:SKIPPED-SEGMENTS=3\n#EXT-X-MAP:URI=\"1-0"}},
	} {
		v := &validator{}
		v.playlist(noon, edit(t, sound, tt.edit...))
		verdict(t, v, tt.rule, tt.edit)
	}
}

// verdict checks that a rule was found broken, or none.
func verdict(t *testing.T, v *validator, rule string, edits []string) {
	t.Helper()
	found := rule == "" && len(v.problems) == 0
	for _, p := range v.problems {
		found = found || rule != "" && strings.HasPrefix(p, rule+": ")
	}
	if !found {
		t.Errorf("%q: rule %q, found %q", edits, rule, v.problems)
	}
}

// Each reload alone is without fault; together they are not.
func TestValidatorFindsBrokenReloads(t *testing.T) {
	const tail = "#EXT-X-PART:DURATION=0.3,URI=\"2-12.1.m4s\"\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"2-12.2.m4s\"\n"
	const closed = "#EXT-X-PART:DURATION=0.3,URI=\"2-12.1.m4s\"\n#EXTINF:0.800,\n2-12.m4s\n# nothing more\n"
	opens := func(name string) string {
		return closed + "#EXT-X-PROGRAM-DATE-TIME:2026-03-04T12:00:16.580Z\n#EXT-X-PART:DURATION=0.5,URI=\"" + name + "\",INDEPENDENT=YES\n"
	}
	const first = "#EXT-X-PROGRAM-DATE-TIME:2026-03-04T12:00:00.000Z\n#EXTINF:2.000,\n1-7.m4s\n"
	const second = "#EXT-X-PROGRAM-DATE-TIME:2026-03-04T12:00:02.000Z\n#EXTINF:1.500,\n1-8.m4s\n"
	for _, tt := range []struct {
		rule          string
		before, after []string
	}{
		{"", nil, nil},
		{
			"",
			[]string{"DURATION=0.3,URI=\"2-12.1", "DURATION=0.45,URI=\"2-12.1"},
			[]string{tail, "#EXT-X-PART:DURATION=0.45,URI=\"2-12.1.m4s\"\n#EXT-X-PART:DURATION=0.5,URI=\"2-12.2.m4s\"\n"},
		},
		{
			"PRELOAD-HINT",
			[]string{"DURATION=0.3,URI=\"2-12.1", "DURATION=0.45,URI=\"2-12.1", "URI=\"2-12.2", "URI=\"2-12.x"},
			[]string{tail, "#EXT-X-PART:DURATION=0.45,URI=\"2-12.1.m4s\"\n#EXT-X-PART:DURATION=0.5,URI=\"2-12.2.m4s\"\n"},
		},
		{"", nil, []string{tail, closed}},
		{"", []string{"2-12.2.m4s", "2-13.0.m4s"}, []string{tail, opens("2-13.0.m4s")}},
		{"PRELOAD-HINT", []string{"2-12.2.m4s", "2-13.0.m4s"}, []string{tail, opens("2-13.x.m4s")}},
		{"", nil, []string{":7\n", ":8\n", first, ""}},
		{"", nil, []string{":7\n", ":9\n", first, "", second, "", ":3\n", ":3\n"}},
		{"segment", nil, []string{":7\n", ":9\n", first, "", second, "", ":3\n", ":4\n"}},
		{"segment", nil, []string{":7\n", ":8\n"}},
		{"segment", nil, []string{"1-8.m4s", "1-8b.m4s"}},
		{"segment", []string{"12:00:00.000Z", "11:59:59.999Z"}, nil},
		{"segment", nil, []string{"DISCONTINUITY-SEQUENCE:3", "DISCONTINUITY-SEQUENCE:4"}},
		{"segment", nil, []string{"2-0-init", "3-0-init"}},
		{"MEDIA-SEQUENCE", nil, []string{":7\n", ":6\n"}},
		{"MEDIA-SEQUENCE", nil, []string{":7\n", ":27\n"}},
		{"TARGETDURATION", nil, []string{"TARGETDURATION:2", "TARGETDURATION:3", "HOLD-BACK=6", "HOLD-BACK=9", "UNTIL=12", "UNTIL=18"}},
		{"TARGETDURATION", nil, []string{"PART-TARGET=0.5", "PART-TARGET=0.51"}},
		{"PART", nil, []string{"2-11.1.m4s", "2-11.x.m4s"}},
		{"PART", nil, []string{"2-12.1.m4s", "2-12.x.m4s"}},
		{"PART", nil, []string{"#EXT-X-PART:DURATION=0.3,URI=\"2-12.1.m4s\"\n", ""}},
		{"PART", nil, []string{"15.780Z", "15.781Z"}},
		{"ENDLIST", []string{tail, "#EXT-X-PART:DURATION=0.3,URI=\"2-12.1.m4s\"\n#EXTINF:0.800,\n2-12.m4s\n#EXT-X-ENDLIST\n"}, []string{tail, closed}},
		{"SKIP", nil, []string{":7\n", ":7\n#EXT-X-SKIP:SKIPPED-SEGMENTS=3\n", first, "", second, "", "#EXT-X-MAP:URI=\"1-0-init.mp4\"\n", ""}},
	} {
		v := &validator{}
		v.playlist(noon, edit(t, sound, tt.before...))
		verdict(t, v, "", tt.before)
		v.playlist(noon.Add(time.Second), edit(t, sound, tt.after...))
		verdict(t, v, tt.rule, tt.after)
	}
}

// A delta update stands for the whole playlist, and the removal rules count from when a file was unlisted.
func TestValidatorAppliesDeltas(t *testing.T) {
	var long strings.Builder
	for i := range 8 {
		long.WriteString("#EXT-X-PROGRAM-DATE-TIME:" + noon.Add(time.Duration(i*2-16)*time.Second).Format("2006-01-02T15:04:05.000Z") +
			"\n#EXTINF:2.000,\n1-" + string(rune('a'+i)) + ".m4s\n")
	}
	full := edit(t, sound, "#EXT-X-MAP:URI=\"1-0-init.mp4\"\n", "#EXT-X-MAP:URI=\"1-0-init.mp4\"\n"+long.String())
	skip := strings.Index(full, "#EXT-X-MAP")
	rest := strings.Index(full, "#EXT-X-PROGRAM-DATE-TIME:2026-03-04T11:59:56")
	delta := full[:skip] + "#EXT-X-SKIP:SKIPPED-SEGMENTS=6\n" + full[rest:]
	v := &validator{}
	whole := v.playlist(noon, full)
	again := v.playlist(noon, delta)
	verdict(t, v, "", nil)
	if d := diffLists(whole, again); d != "" || v.deltas != 1 {
		t.Errorf("%d deltas: %s", v.deltas, d)
	}
	first := strings.Index(full, "#EXT-X-PROGRAM-DATE-TIME:2026-03-04T11:59:46")
	v.playlist(noon, edit(t, full[:skip]+"#EXT-X-MAP:URI=\"1-0-init.mp4\"\n"+full[first:], ":7\n", ":8\n"))
	verdict(t, v, "", nil)
	if at := v.removed[0].until.Sub(noon); v.removed[0].uri != "1-a.m4s" || at != 2*time.Second+whole.length() {
		t.Errorf("%+v: %v", v.removed[0], at)
	}
	if soon := v.owed(noon.Add(27*time.Second), 2*time.Second); len(soon) != 1 || len(v.removed) != 0 {
		t.Errorf("owed: %q", soon)
	}
	v.playlist(noon, edit(t, delta, "SEGMENTS=6", "SEGMENTS=40"))
	verdict(t, v, "SKIP", nil)
}

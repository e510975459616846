package rtmp

import (
	"math"
	"strings"
	"testing"
)

func TestReadMetadata(t *testing.T) {
	all := []property{
		{"width", 1280.0},
		{"height", 720.0},
		{"framerate", 29.97},
		{"encoder", "obs-output module (libobs version 30.0.2)"},
		{"stereo", true},
	}
	want := Metadata{Encoder: "obs-output module (libobs version 30.0.2)", Width: 1280, Height: 720, FrameRate: 29.97}
	tests := []struct {
		name string
		body []byte
		want Metadata
	}{
		{"an ECMA array", encodeAMF("onMetaData", amfMap(all)), want},
		{"an object", encodeAMF("onMetaData", amfProps(all)), want},
		{"other types", encodeAMF("onMetaData", amfProps{{"width", "1280"}, {"encoder", 7.0}}), Metadata{}},
		{"no numbers", encodeAMF("onMetaData", amfProps{{"width", math.NaN()}, {"height", -3.0}, {"framerate", math.Inf(1)}}), Metadata{}},
		{"a long name with control characters", encodeAMF("onMetaData", amfProps{{"encoder", "\x1b[31m" + strings.Repeat("x", 500)}}), Metadata{Encoder: "[31m" + strings.Repeat("x", 116)}},
		{"another message", encodeAMF("onTextData", amfProps(all)), Metadata{}},
		{"a name alone", encodeAMF("onMetaData"), Metadata{}},
		{"nothing", nil, Metadata{}},
		{"cut off", encodeAMF("onMetaData", amfProps(all))[:40], Metadata{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := ReadMetadata(tt.body); got != tt.want {
				t.Errorf("got %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

package file

import (
	"bytes"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"
)

func ftyp(brands ...string) []byte {
	b := []byte{0, 0, 0, byte(12 + 4*len(brands))}
	b = append(b, "ftyp"+brands[0]+"\x00\x00\x02\x00"...)
	for _, brand := range brands[1:] {
		b = append(b, brand...)
	}
	return append(b, "\x00\x00\x00\x08free"...)
}

func bmp() []byte {
	return append([]byte("BM\x46\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00"), make([]byte, 52)...)
}

func encoded(t *testing.T, encode func(*bytes.Buffer, image.Image) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := encode(&b, image.NewRGBA(image.Rect(0, 0, 4, 3))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWhatFilesAre(t *testing.T) {
	realPNG := encoded(t, func(b *bytes.Buffer, m image.Image) error { return png.Encode(b, m) })
	realJPEG := encoded(t, func(b *bytes.Buffer, m image.Image) error { return jpeg.Encode(b, m, nil) })
	realGIF := encoded(t, func(b *bytes.Buffer, m image.Image) error { return gif.Encode(b, m, nil) })
	html := []byte("<!DOCTYPE html><script>alert(1)</script>")
	svg := []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`)
	for _, tt := range []struct {
		name string
		kind Kind
		head []byte
		want string // empty: refused
	}{
		{"png", Image, realPNG, "image/png"},
		{"jpeg", Image, realJPEG, "image/jpeg"},
		{"gif", Image, realGIF, "image/gif"},
		{"webp", Image, []byte("RIFF\x24\x00\x00\x00WEBPVP8 "), "image/webp"},
		{"bmp", Image, bmp(), "image/bmp"},
		{"avif", Image, ftyp("avif", "mif1", "miaf"), "image/avif"},
		{"html", Image, html, ""},
		{"svg", Image, svg, ""},
		{"svg with declaration", Image, append([]byte(`<?xml version="1.0"?>`), svg...), ""},
		{"html behind a gif's first letters", Image, append([]byte("GIF"), html...), ""},
		{"html behind BM", Image, append([]byte("BM"), html...), ""},
		{"html behind a png's first bytes", Image, append([]byte("\x89PNG\r\n\x1a\n"), html...), ""},
		{"text", Image, []byte("hello"), ""},
		{"one byte", Image, []byte{0xff}, ""},
		{"nothing", Image, nil, ""},
		{"heic", Image, ftyp("heic", "mif1"), ""},
		{"mp4 as picture", Image, ftyp("isom", "mp41"), ""},
		{"pdf", Image, []byte("%PDF-1.7"), ""},

		{"mp4", Video, ftyp("isom", "iso2", "avc1", "mp41"), "video/mp4"},
		{"mp4 of a phone", Video, ftyp("mp42", "isom"), "video/mp4"},
		{"3gp", Video, ftyp("3gp4"), "video/mp4"},
		{"quicktime", Video, ftyp("qt  "), ""},
		{"avif as video", Video, ftyp("avif", "iso8"), ""},
		{"webm video", Video, []byte("\x1a\x45\xdf\xa3\x01\x00\x00\x00\x00\x00\x00\x1f\x42\x82\x84webm"), ""},
		{"html as video", Video, html, ""},
		{"html behind ftyp", Video, append([]byte("\x00\x00\x00\x10ftyp"), html...), ""},
		{"ftyp of no length", Video, []byte("\x00\x00\x00\x00ftypisom\x00\x00\x00\x00isom"), ""},

		{"mp3 with tag", Sound, []byte("ID3\x04\x00\x00\x00\x00\x00\x00\x00"), "audio/mpeg"},
		{"mp3 without", Sound, []byte("\xff\xfb\x90\x64"), "audio/mpeg"},
		{"aac", Sound, []byte("\xff\xf1\x50\x80\x02\x1f\xfc"), "audio/aac"},
		{"m4a", Sound, ftyp("M4A ", "mp42"), "audio/mp4"},
		{"voice in mp4", Sound, ftyp("mp42", "isom"), "audio/mp4"},
		{"ogg", Sound, []byte("OggS\x00\x02\x00\x00"), "audio/ogg"},
		{"wav", Sound, []byte("RIFF\x24\x00\x00\x00WAVEfmt "), "audio/wav"},
		{"amr", Sound, []byte("#!AMR\n\x3c"), "audio/amr"},
		{"webm", Sound, []byte("\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81\x01\x42\xf2\x81\x04\x42\xf3\x81\x08\x42\x82\x84webm"), "audio/webm"},
		{"jpeg as sound", Sound, realJPEG, ""},
		{"html as sound", Sound, html, ""},
		{"utf-16 text", Sound, []byte("\xff\xfe<\x00h\x00t\x00m\x00l\x00"), ""},

		{"html as file", Other, html, "application/octet-stream"},
		{"png as file", Other, realPNG, "application/octet-stream"},
		{"no kind", "svg", svg, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := typeOf(tt.kind, tt.head)
			if got != tt.want || ok != (tt.want != "") {
				t.Errorf("%q, %v; want %q", got, ok, tt.want)
			}
		})
	}
}

// FuzzTypeOf: whatever is sent, it is served as one of few harmless types, or not at all.
func FuzzTypeOf(f *testing.F) {
	f.Add([]byte("\x89PNG\r\n\x1a\n"))
	f.Add(ftyp("isom", "mp41"))
	f.Add(bmp())
	f.Add([]byte("RIFF....WAVE"))
	f.Fuzz(func(t *testing.T, head []byte) {
		for _, k := range Kinds {
			got, ok := typeOf(k, head[:min(len(head), sniffBytes)])
			if ok != (got != "") || ok && k != Other && !strings.HasPrefix(got, string(map[Kind]string{Image: "image/", Sound: "audio/", Video: "video/"}[k])) {
				t.Fatalf("%s: %q, %v", k, got, ok)
			}
			if strings.Contains(got, "svg") || strings.Contains(got, "text") {
				t.Fatalf("%s is %q", k, got)
			}
		}
	})
}

func TestNames(t *testing.T) {
	long := strings.Repeat("长", 100) + ".jpeg"
	for _, tt := range []struct {
		given, want, alias string
		kind               Kind
	}{
		{"cat.PNG", "cat.PNG", "image.png", Image},
		{"", "image", "image", Image},
		{`C:\Users\me\cat.png`, "cat.png", "image.png", Image},
		{"../../etc/passwd", "passwd", "file", Other},
		{"..", "file", "file", Other},
		{"a\x00b\r\n.txt", "ab.txt", "file.txt", Other},
		{"photo\u202egnp.exe", "photognp.exe", "file.exe", Other}, // the mark would turn its end around
		{"照片.jpg", "照片.jpg", "image.jpg", Image},
		{"x.abcdefghi", "x.abcdefghi", "file", Other},
		{"x.p?g", "x.p?g", "file", Other},
		{"\xff.png", ".png"[1:], "image.png", Image},
		{long, strings.Repeat("长", 65) + ".jpeg", "image.jpeg", Image},
		{strings.Repeat("长", 100), strings.Repeat("长", 66), "image", Image},
	} {
		got := cleanName(tt.given, tt.kind)
		if got != tt.want || len(got) > maxNameBytes {
			t.Errorf("%q is called %q, want %q", tt.given, got, tt.want)
		}
		if alias := aliasOf(tt.given, tt.kind); alias != tt.alias || !validAlias(alias) {
			t.Errorf("%q is at %q, want %q", tt.given, alias, tt.alias)
		}
	}
	for _, bad := range []string{"", ".", "..", "image.", "image/x", "svg.svg", "image.p%g", "image.PNG", "image.abcdefghi", "image.png "} {
		if validAlias(bad) {
			t.Errorf("%q may be in an address", bad)
		}
	}
}

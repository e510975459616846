package account_test

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"liveroom/chat/account"
)

// The vectors of spec im-rest §2.6.
const (
	sampleKey = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e"
	sampleApp = 1400000000
	issued    = 1700000000

	adminStored = "eAEAsQBO-3siVExTLnZlciI6IjIuMCIsIlRMUy5pZGVudGlmaWVyIjoiYWRtaW5pc3RyYXRvciIsIlRMUy5zZGthcHBpZCI6MTQwMDAwMDAwMCwiVExTLmV4cGlyZSI6MTU1NTIwMDAsIlRMUy50aW1lIjoxNzAwMDAwMDAwLCJUTFMuc2lnIjoiSkN6eGFuRjhOVFRYYXU0bSsyaDl3djdnWUpueU5rc20weG0xTkVYVTI3ND0ifQEAAP--Tm40pw__"
	adminGo     = "eJxUysELwiAUx-H-5V2LscnEEjpFHUZ4yWAdBW09hiZqy4r*92iNoHd7n9-3CXK3LwYTgAMpSpiPP2rjEp5wZKUtOowpqHQJUxB1r7xHDbyqy*m*i8kegwFeUUrJTxPaj7H-NmIHHJr1Iyu3XQgpW3Wt7Yycl7eBdcfG3UUfbZltJTbtgbB6Ba93AAAA--9ObjSn"
	adminPython = "eJyrVgrxCdYrSy1SslJQMtIzUNJRAItkpqTmlWSmZUIkElNyM-Myi0uKEkvyi2BKilOyEwsKMlOACgxNDKAAKpdaUZBZlAqSMTU1NUKIl2TmgkXN0dQXZ6aD7PFyrqpIzHOz8AsJiUgsNcnVNsqwLC8zT4-0yqv0yy7ONajINfRzjQg1MjexVaoFANTGNgc_"
	userStored  = "eAEAqABX-3siVExTLnZlciI6IjIuMCIsIlRMUy5pZGVudGlmaWVyIjoieGlhb2p1biIsIlRMUy5zZGthcHBpZCI6MTQwMDAwMDAwMCwiVExTLmV4cGlyZSI6ODY0MDAsIlRMUy50aW1lIjoxNzAwMDAwMDAwLCJUTFMuc2lnIjoiU05GNEZtVkNQdWNvWHNCT3BiVkYzZkZDZjU3SlBtMGV6WjFqZVZJTGxWYz0ifQEAAP--KI8xcA__"
	userGo      = "eJyqVgrxCdYrSy1SslIy0jNQ0gHzM1NS80oy0zLBwhWZiflZpXlQqeKU7MSCgswUJStDEwMogMikVhRkFqUqWVmYmcCESjJzU5WsDM1RFRZnpitZKQX7uZm45YY5B5Qm50cUO-kXJIW5Gae5OaeZmnsF5BqkVkUZZqWGefrkhCXbKtUCAgAA--8ojzFw"
	userBuf     = "eJyqVgrxCdYrSy1SslIy0jNQ0gHzM1NS80oy0zLBwhWZiflZpXlQqeKU7MSCgswUJStDEwMogMikVhRkFqUqWVmYmcCESjJzU5WsDM1RFZYWpxYllaYpWSk5Ojp6pLrnZCQZFRgm5fhVhqQ7Ojo6JwdGhYU5g5iOARYg0hFmd2a6kpVSrml4gI9TgElUgW9Glqu*tntwVa5HoKt3ko9vRXFZeGaGYWmGV0igQXFAua1SLSAAAP--CclDAg__"
)

var sample = account.Signer{AppID: sampleApp, Key: sampleKey}

func at(offset int64) time.Time { return time.Unix(issued+offset, 0) }

func TestPublishedVectorsAreAccepted(t *testing.T) {
	for _, tc := range []struct {
		name, user, sig string
		expire          int64
	}{
		{"administrator, stored", "administrator", adminStored, 15552000},
		{"administrator, Go level 6", "administrator", adminGo, 15552000},
		{"administrator, Python with spaces", "administrator", adminPython, 15552000},
		{"user, stored", "xiaojun", userStored, 86400},
		{"user, Go level 6", "xiaojun", userGo, 86400},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, offset := range []int64{0, 10, tc.expire} {
				c, err := sample.VerifyFor(tc.user, tc.sig, at(offset))
				if err != nil {
					t.Fatalf("at +%d s: %v", offset, err)
				}
				want := account.Claims{User: tc.user, IssuedAt: at(0).UTC(), ExpiresAt: at(tc.expire).UTC()}
				if c != want {
					t.Fatalf("claims = %+v, want %+v", c, want)
				}
			}
			if _, err := sample.Verify(tc.sig, at(tc.expire+1)); !errors.Is(err, account.ErrExpired) {
				t.Fatalf("one second too late: %v, want expired", err)
			}
		})
	}
}

func TestBadSignaturesAreToldApart(t *testing.T) {
	doc := func(edit func(map[string]any)) string {
		return repack(t, adminStored, zlib.DefaultCompression, edit)
	}
	flipped := doc(func(m map[string]any) { m["TLS.sig"] = "K" + m["TLS.sig"].(string)[1:] })
	otherApp := account.Signer{AppID: sampleApp + 1, Key: sampleKey}
	otherKey := account.Signer{AppID: sampleApp, Key: "another"}
	for _, tc := range []struct {
		name   string
		signer account.Signer
		user   string
		sig    string
		offset int64
		want   error
	}{
		{"empty", sample, "administrator", "", 0, account.ErrEmpty},
		{"one character of the HMAC flipped", sample, "administrator", flipped, 0, account.ErrForged},
		{"flipped and expired says forged", sample, "administrator", flipped, 1 << 30, account.ErrForged},
		{"wrong key and expired says forged", otherKey, "administrator", adminGo, 1 << 30, account.ErrForged},
		{"another user", sample, "xiaojun", adminGo, 0, account.ErrOtherUser},
		{"another application", otherApp, "administrator", adminGo, 0, account.ErrOtherApp},
		{"expired", sample, "administrator", adminGo, 15552001, account.ErrExpired},
		{"cut at 100 characters", sample, "administrator", adminGo[:100], 0, account.ErrMalformed},
		{"cut inside a group of four", sample, "administrator", adminGo[:101], 0, account.ErrMalformed},
		{"something appended", sample, "administrator", adminGo + "AAAA", 0, account.ErrMalformed},
		{"URL alphabet of RFC 4648", sample, "administrator", strings.ReplaceAll(adminGo, "*", "."), 0, account.ErrMalformed},
		{"line feed inside", sample, "administrator", adminGo[:8] + "\n" + adminGo[8:], 0, account.ErrMalformed},
		{"not zlib", sample, "administrator", base64.StdEncoding.EncodeToString([]byte("hello")), 0, account.ErrMalformed},
		{"with userbuf", sample, "xiaojun", userBuf, 0, account.ErrMalformed},
		{"empty userbuf", sample, "administrator", doc(func(m map[string]any) { m["TLS.userbuf"] = "" }), 0, account.ErrMalformed},
		{"no expiry", sample, "administrator", doc(func(m map[string]any) { delete(m, "TLS.expire") }), 0, account.ErrMalformed},
		{"no version", sample, "administrator", doc(func(m map[string]any) { delete(m, "TLS.ver") }), 0, account.ErrMalformed},
		{"other version", sample, "administrator", doc(func(m map[string]any) { m["TLS.ver"] = "1.0" }), 0, account.ErrMalformed},
		{"time as text", sample, "administrator", doc(func(m map[string]any) { m["TLS.time"] = "1700000000" }), 0, account.ErrMalformed},
		{"negative expiry", sample, "administrator", doc(func(m map[string]any) { m["TLS.expire"] = -1 }), 0, account.ErrMalformed},
		{"expiry that overflows", sample, "administrator", doc(func(m map[string]any) { m["TLS.expire"] = json.Number("9223372036854775807") }), 0, account.ErrMalformed},
		{"HMAC not base64", sample, "administrator", doc(func(m map[string]any) { m["TLS.sig"] = "?" }), 0, account.ErrMalformed},
		{"empty HMAC", sample, "administrator", doc(func(m map[string]any) { m["TLS.sig"] = "" }), 0, account.ErrForged},
		{"issued far in the future", sample, "administrator", adminGo, -86400, account.ErrMalformed},
		{"issued a little in the future", sample, "administrator", adminGo, -60, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := tc.signer.VerifyFor(tc.user, tc.sig, at(tc.offset))
			if !errors.Is(err, tc.want) {
				t.Fatalf("error = %v, want %v", err, tc.want)
			}
			if err != nil && strings.Contains(err.Error(), sampleKey) {
				t.Fatal("the error shows the key")
			}
		})
	}
}

func TestAnyCompressionLevelOrderAndTrailingSpaceIsRead(t *testing.T) {
	for level := zlib.HuffmanOnly; level <= zlib.BestCompression; level++ {
		sig := repack(t, adminGo, level, nil) // a map: other key order
		if _, err := sample.Verify(sig, at(10)); err != nil {
			t.Errorf("level %d: %v", level, err)
		}
	}
	text := string(open(t, adminStored)) + " \r\n\t "
	if _, err := sample.Verify(packed(t, []byte(text), 0), at(10)); err != nil {
		t.Errorf("trailing white space: %v", err)
	}
	if _, err := sample.Verify(packed(t, []byte(text+"{}"), 0), at(10)); !errors.Is(err, account.ErrMalformed) {
		t.Errorf("a second document: %v, want malformed", err)
	}
}

func TestABombIsNotInflated(t *testing.T) {
	bomb := packed(t, append(open(t, adminGo), bytes.Repeat([]byte(" "), 4<<20)...), zlib.BestCompression)
	if len(bomb) > 6<<10 {
		t.Fatalf("the bomb is %d bytes, so it tests another limit", len(bomb))
	}
	_, err := sample.Verify(bomb, at(0))
	if !errors.Is(err, account.ErrMalformed) || !strings.Contains(err.Error(), "4096") {
		t.Fatalf("bomb: %v", err)
	}
	if _, err := sample.Verify(strings.Repeat("A", 1<<20), at(0)); !errors.Is(err, account.ErrMalformed) {
		t.Fatalf("a megabyte: %v", err)
	}
}

func TestSignRefusesWhatItCouldNotVerify(t *testing.T) {
	for _, tc := range []struct {
		name, user string
		at         time.Time
		ttl        time.Duration
	}{
		{"no user", "", at(0), time.Hour},
		{"33 bytes", strings.Repeat("u", 33), at(0), time.Hour},
		{"line feed", "a\nTLS.sdkappid:1", at(0), time.Hour},
		{"no lifetime", "u", at(0), 0},
		{"less than a second", "u", at(0), 999 * time.Millisecond},
		{"negative", "u", at(0), -time.Hour},
		{"before 1970", "u", time.Time{}, time.Hour},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if sig, err := sample.Sign(tc.user, tc.at, tc.ttl); err == nil {
				t.Fatalf("signed: %s", sig)
			}
		})
	}
}

func TestASignerHidesItsKey(t *testing.T) {
	var b bytes.Buffer
	slog.New(slog.NewTextHandler(&b, nil)).Info("signer", "value", sample)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		fmt.Fprintf(&b, verb, sample)
	}
	if strings.Contains(b.String(), sampleKey) {
		t.Fatalf("the key shows in %q", b.String())
	}
	if err := (account.Signer{Key: "k"}).Validate(); err == nil {
		t.Error("an application without id is valid")
	}
	if err := (account.Signer{AppID: 1}).Validate(); err == nil {
		t.Error("an application without key is valid")
	}
}

// open returns the JSON document inside a UserSig, by other means than the code under test.
func open(t testing.TB, sig string) []byte {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(strings.NewReplacer("*", "+", "-", "/", "_", "=").Replace(sig))
	if err != nil {
		t.Fatal(err)
	}
	z, err := zlib.NewReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := b.ReadFrom(z); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// packed is the reverse of open.
func packed(t testing.TB, doc []byte, level int) string {
	t.Helper()
	var b bytes.Buffer
	z, err := zlib.NewWriterLevel(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Write(doc); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer("+", "*", "/", "-", "=", "_").Replace(base64.StdEncoding.EncodeToString(b.Bytes()))
}

// repack edits the document inside a UserSig.
func repack(t testing.TB, sig string, level int, edit func(map[string]any)) string {
	t.Helper()
	var m map[string]any
	d := json.NewDecoder(bytes.NewReader(open(t, sig)))
	d.UseNumber()
	if err := d.Decode(&m); err != nil {
		t.Fatal(err)
	}
	if edit != nil {
		edit(m)
	}
	doc, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return packed(t, doc, level)
}

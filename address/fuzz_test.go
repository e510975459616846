package address_test

import (
	"crypto/md5"
	"encoding/hex"
	"net/url"
	"strings"
	"testing"
	"time"

	"liveroom/address"
)

func md5Hex(s string) string {
	sum := md5.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

// FuzzCheck holds the verifier to a second, plainer reading of the rules: whatever it accepts must be provably signed.
func FuzzCheck(f *testing.F) {
	const key = "push_master_key_0001"
	f.Add("room1001", signedAt("6955B900"), "", int64(1000))
	f.Add("room1001", "txTime=6955B900", "txSecret=786652dcea63628147f9c4b9bd4615b2", int64(0x6955B900))
	f.Add("room1001", signedAt("1767225600"), "x&&=&%zz=%&txTime", int64(2000))
	f.Add("a?b", "txSecret=386f58cc0cfc6a4f67816d792da9a85e&txTime=6955B900", "", int64(0))
	f.Add("room1001", signedAt("0x6955B900"), "", int64(0))
	verifier := address.New(address.Keys{Primary: key}, 0)
	f.Fuzz(func(t *testing.T, name, first, second string, now int64) {
		err := verifier.Check(name, []string{first, second}, time.Unix(now, 0))
		if err != nil {
			if c := code(err); strings.HasPrefix(c, "not an") {
				t.Fatal(c)
			}
			return
		}
		secrets, times := values(first, second, "txSecret"), values(first, second, "txTime")
		if len(secrets) == 0 || len(times) == 0 {
			t.Fatalf("accepted without both parameters: %q %q", first, second)
		}
		for _, secret := range secrets {
			for _, at := range times {
				if strings.ToLower(secret) != md5Hex(key+name+at) {
					t.Fatalf("accepted %q %q for %q although a copy is not signed", first, second, name)
				}
			}
		}
	})
}

func values(first, second, name string) (out []string) {
	for _, part := range append(strings.Split(first, "&"), strings.Split(second, "&")...) {
		k, v, _ := strings.Cut(part, "=")
		if decoded, err := url.PathUnescape(k); err == nil {
			k = decoded
		}
		if decoded, err := url.PathUnescape(v); err == nil {
			v = decoded
		}
		if k == name {
			out = append(out, v)
		}
	}
	return out
}

func FuzzParse(f *testing.F) {
	f.Add("rtmp://h/live/demo?txSecret=786652dcea63628147f9c4b9bd4615b2&txTime=6955B900")
	f.Add("https://h:8443/live/demo.m3u8?txTime=1")
	f.Add("ws://[::1]/a/b.flv")
	f.Add("://%zz")
	f.Fuzz(func(t *testing.T, raw string) {
		a, err := address.Parse(raw)
		if err != nil {
			if c := code(err); strings.HasPrefix(c, "not an") {
				t.Fatal(c)
			}
			return
		}
		if address.ValidName(a.Name) != nil {
			t.Fatalf("Parse(%q) gave the bad name %q", raw, a.Name)
		}
		verifier := address.New(address.Keys{Primary: "k"}, 0)
		if len(address.Explain(raw, verifier, verifier, longAgo)) < 2 {
			t.Fatalf("Explain(%q) says too little", raw)
		}
	})
}

func FuzzRedact(f *testing.F) {
	f.Add("a=1&", "&b=2")
	f.Add("a=1?", ";")
	f.Fuzz(func(t *testing.T, before, after string) {
		const secret = "786652dcea63628147f9c4b9bd4615b2"
		if before != "" && !strings.ContainsAny(before[len(before)-1:], "&;?") {
			before += "&"
		}
		if after != "" && !strings.ContainsAny(after[:1], "&;?") {
			after = "&" + after
		}
		if strings.Contains(before+after, secret) {
			return
		}
		if out := address.Redact(before + "txSecret=" + secret + after); strings.Contains(out, secret) {
			t.Fatalf("Redact shows the signature: %q", out)
		}
	})
}

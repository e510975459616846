package callback

import (
	"net/url"
	"testing"
	"time"
)

// TestSignatures holds the test vectors of both specs (im-callbacks §3, css §3.2), and one of ours made with openssl.
func TestSignatures(t *testing.T) {
	sign, requestTime := signIM("xxxxyyyy", time.Unix(1669872112, 999))
	if sign != "17773bc39a671d7b9aa835458704d2a6db81360a5940292b587d6d760d484061" || requestTime != "1669872112" {
		t.Errorf("IM: Sign %s, RequestTime %s", sign, requestTime)
	}
	for at, want := range map[int64]string{
		1703731478: "9beb276817a460910cd2d4c344639646", 1767225600: "c9fa6b7ef564064edeed78b9d2dfaeee",
	} {
		if sign, until := signCSS("callback_key_0005", time.Unix(at, 0)); sign != want || until != at+600 {
			t.Errorf("CSS at %d: sign %s, t %d", at, sign, until)
		}
	}
	// printf '1790000000.{"id":"demo"}' | openssl dgst -sha256 -hmac status_key_0006
	if got := signBody("status_key_0006", "1790000000", []byte(`{"id":"demo"}`)); got != "f4f70a7975082f4743ff6707ed08e1a0ff5ff154ba753b9cc59ae32d20b9506b" {
		t.Errorf("own format: %s", got)
	}
}

func TestWithQuery(t *testing.T) {
	query := url.Values{
		"RequestTime": {"1669872112"}, "OptPlatform": {"Web"}, "SdkAppid": {"1400000001"}, "extra": {"a b&c"},
		"CallbackCommand": {"State.StateChange"}, "contenttype": {"json"}, "ClientIP": {"2001:db8::7"},
	}
	const rest = "SdkAppid=1400000001&CallbackCommand=State.StateChange&contenttype=json&ClientIP=2001%3Adb8%3A%3A7&OptPlatform=Web&RequestTime=1669872112&extra=a+b%26c"
	for base, want := range map[string]string{
		"https://example.com/im":       "https://example.com/im?" + rest,
		"https://example.com/im?":      "https://example.com/im?" + rest,
		"https://example.com/im?a=%20": "https://example.com/im?a=%20&" + rest,
	} {
		if got := withQuery(base, query); got != want {
			t.Errorf("%s:\n got %s\nwant %s", base, got, want)
		}
	}
	if got := withQuery("https://example.com/im", nil); got != "https://example.com/im" {
		t.Errorf("without parameters: %s", got)
	}
}

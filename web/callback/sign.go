package callback

import (
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // Tencent's format
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"time"
)

// signIM is Sign and RequestTime of the query of an IM callback (spec im-callbacks §3). They do not cover the body.
func signIM(token string, now time.Time) (sign, requestTime string) {
	requestTime = strconv.FormatInt(now.Unix(), 10)
	sum := sha256.Sum256([]byte(token + requestTime))
	return hex.EncodeToString(sum[:]), requestTime
}

// cssValidity is how long a receiver may take a CSS event for fresh (spec css §3.2).
const cssValidity = 10 * time.Minute

// signCSS is sign and t of the body of a CSS event (spec css §3.2). They cover nothing else.
func signCSS(key string, now time.Time) (sign string, t int64) {
	t = now.Add(cssValidity).Unix()
	sum := md5.Sum([]byte(key + strconv.FormatInt(t, 10))) //nolint:gosec // Tencent's format
	return hex.EncodeToString(sum[:]), t
}

// Headers of our own, of each format; Timestamp and Signature only where the endpoint has a key (docs/callbacks.md).
const (
	headerEvent     = "Liveroom-Event-Id"  // the same at each try of one event
	headerTimestamp = "Liveroom-Timestamp" // Unix seconds of the try
	headerSignature = "Liveroom-Signature" // "v1=" and signBody
)

// signBody is lower-case hex of HMAC-SHA256 with the endpoint's key over timestamp, a dot and the body as it is sent.
func signBody(key, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(timestamp + "."))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

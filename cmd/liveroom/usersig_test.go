package main

import (
	"bytes"
	"compress/zlib"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/tencentyun/tls-sig-api-v2-golang/tencentyun"
)

// Tencent's package has its compression level in a variable.
var tencent sync.Mutex

// signedByTencent is a UserSig of a day that Tencent's own package made, at a compression level.
func signedByTencent(t testing.TB, app uint64, key, user string, level int) string {
	t.Helper()
	tencent.Lock()
	defer tencent.Unlock()
	before := tencentyun.DefaultCompressionLevel
	defer func() { tencentyun.DefaultCompressionLevel = before }()
	tencentyun.DefaultCompressionLevel = level
	sig, err := tencentyun.GenUserSig(int(app), key, user, 86400)
	if err != nil {
		t.Fatal(err)
	}
	return sig
}

// roomKeyByTencent is a PrivateMapKey, which is no UserSig (spec im-rest §2.5).
func roomKeyByTencent(t testing.TB, app uint64, key, user string) string {
	t.Helper()
	tencent.Lock()
	defer tencent.Unlock()
	sig, err := tencentyun.GenPrivateMapKeyWithStringRoomID(int(app), key, user, 86400, "room", 255)
	if err != nil {
		t.Fatal(err)
	}
	return sig
}

// mac is TLS.sig of a UserSig, from the text of spec im-rest §2.2 alone.
func mac(app uint64, key, user string, at, seconds int64) string {
	h := hmac.New(sha256.New, []byte(key))
	fmt.Fprintf(h, "TLS.identifier:%s\nTLS.sdkappid:%d\nTLS.time:%d\nTLS.expire:%d\n", user, app, at, seconds)
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// document is the signed JSON object.
func document(app uint64, key, user string, at, seconds int64) string {
	return fmt.Sprintf(`{"TLS.ver":"2.0","TLS.identifier":%q,"TLS.sdkappid":%d,"TLS.expire":%d,"TLS.time":%d,"TLS.sig":%q}`,
		user, app, seconds, at, mac(app, key, user, at, seconds))
}

// spaced is the document as Python writes it, its keys in another order.
func spaced(app uint64, key, user string, at, seconds int64) string {
	return fmt.Sprintf(`{"TLS.sig": %q, "TLS.time": %d, "TLS.expire": %d, "TLS.sdkappid": %d, "TLS.identifier": %q, "TLS.ver": "2.0"}`,
		mac(app, key, user, at, seconds), at, seconds, app, user)
}

// pack compresses and encodes a document (spec im-rest §2.3).
func pack(t testing.TB, doc string, level int) string {
	t.Helper()
	var b bytes.Buffer
	w, err := zlib.NewWriterLevel(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(doc)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer("+", "*", "/", "-", "=", "_").Replace(base64.StdEncoding.EncodeToString(b.Bytes()))
}

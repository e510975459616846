package account_test

import (
	"compress/zlib"
	"errors"
	"testing"
	"time"

	"github.com/tencentyun/tls-sig-api-v2-golang/tencentyun"

	"liveroom/chat/account"
)

func TestTencentsVerifierAcceptsOurSignatures(t *testing.T) {
	for _, user := range []string{"administrator", "xiaojun", "a", "guest_abcdefghijklmnopqrstuvwxyz", "o'neil<&>\"\\"} {
		sig, err := sample.Sign(user, at(0), 90*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		for _, offset := range []int64{0, 90} {
			if err := tencentyun.VerifyUserSig(sampleApp, sampleKey, user, sig, at(offset)); err != nil {
				t.Errorf("%s at +%d s: %v", user, offset, err)
			}
			if _, err := sample.VerifyFor(user, sig, at(offset)); err != nil {
				t.Errorf("%s at +%d s, our own: %v", user, offset, err)
			}
		}
		if err := tencentyun.VerifyUserSig(sampleApp, sampleKey, user, sig, at(91)); err == nil {
			t.Errorf("%s: Tencent's verifier accepts it after its end", user)
		}
		if _, err := sample.Verify(sig, at(91)); !errors.Is(err, account.ErrExpired) {
			t.Errorf("%s after its end: %v", user, err)
		}
	}
}

func TestWeAcceptTencentsSignatures(t *testing.T) {
	before := tencentyun.DefaultCompressionLevel
	t.Cleanup(func() { tencentyun.DefaultCompressionLevel = before })
	for _, level := range []int{zlib.NoCompression, 6, zlib.BestCompression} {
		tencentyun.DefaultCompressionLevel = level
		sig, err := tencentyun.GenUserSig(sampleApp, sampleKey, "xiaojun", 60)
		if err != nil {
			t.Fatal(err)
		}
		c, err := sample.VerifyFor("xiaojun", sig, time.Now())
		if err != nil || c.User != "xiaojun" || c.ExpiresAt.Sub(c.IssuedAt) != time.Minute {
			t.Errorf("level %d: %+v, %v", level, c, err)
		}
		withBuf, err := tencentyun.GenPrivateMapKey(sampleApp, sampleKey, "xiaojun", 60, 10000, 255)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := sample.Verify(withBuf, time.Now()); !errors.Is(err, account.ErrMalformed) {
			t.Errorf("level %d, PrivateMapKey: %v, want malformed", level, err)
		}
	}
}

// FuzzVerify holds our verifier against Tencent's: whatever we accept must be good to it too, and nothing may crash us.
func FuzzVerify(f *testing.F) {
	for _, sig := range []string{adminStored, adminGo, adminPython, userStored, userGo, userBuf, "", "eJ", adminGo[:100]} {
		f.Add(sig, "administrator", int64(10))
	}
	f.Add(userGo, "xiaojun", int64(86401))
	f.Fuzz(func(t *testing.T, sig, user string, offset int64) {
		offset %= 1 << 40
		c, err := sample.VerifyFor(user, sig, at(offset))
		if err == nil {
			if c.User != user {
				t.Fatalf("accepted for %q, names %q", user, c.User)
			}
			if theirs := tencentyun.VerifyUserSig(sampleApp, sampleKey, user, sig, at(offset)); theirs != nil {
				t.Fatalf("we accept what Tencent's verifier refuses: %v", theirs)
			}
			return
		}
		var refusal *account.Error
		if !errors.As(err, &refusal) || refusal.Code < 70001 {
			t.Fatalf("refused without a code: %v", err)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := sample.Verify(adminGo, at(10)); err != nil {
			b.Fatal(err)
		}
	}
}

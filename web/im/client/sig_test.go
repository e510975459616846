package client

import (
	"testing"
	"time"

	"liveroom/chat/account"
)

func TestSigIsRenewedLongBeforeItExpires(t *testing.T) {
	c, err := New(Config{BaseURL: "https://h", Signer: account.Signer{AppID: 1, Key: "k"}})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Unix(1700000000, 0)
	sign := func(later time.Duration) string {
		sig, err := c.userSig(at.Add(later))
		if err != nil {
			t.Fatal(err)
		}
		return sig
	}
	first := sign(0)
	if sign(12*time.Hour-time.Second) != first {
		t.Error("renewed too early")
	}
	second := sign(12 * time.Hour)
	if second == first {
		t.Error("not renewed after half its life")
	}
	if sign(time.Hour) == second {
		t.Error("a clock that went back leaves a UserSig of the future")
	}
}

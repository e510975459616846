package address_test

import (
	"sync"
	"testing"
	"time"

	"liveroom/address"
)

// TestKeysChangeWhileAddressesAreChecked: what is signed with a key that stays is accepted throughout, and of a key that goes no more.
func TestKeysChangeWhileAddressesAreChecked(t *testing.T) {
	v := address.New(address.Keys{Primary: "key number one"}, 0)
	now := time.Unix(1_800_000_000, 5)
	signed := func(key string) []string {
		secret, at := address.Sign(key, "demo", now.Add(time.Hour))
		return []string{"txSecret=" + secret + "&txTime=" + at}
	}
	first := signed("key number one")
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					if err := v.Check("demo", first, now); err != nil {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	for range 1000 {
		v.SetKeys(address.Keys{Primary: "key number two", Backup: "key number one"})
		v.SetKeys(address.Keys{Primary: "key number one", Backup: "key number two"})
	}
	close(stop)
	wg.Wait()

	v.SetKeys(address.Keys{Primary: "key number two", Backup: "key number one"})
	if err := v.Check("demo", first, now.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if got := v.UsedAt("key number one"); got.Unix() != now.Unix()+60 {
		t.Errorf("the key that stays was used at %v", got)
	}
	if got := v.UsedAt("key number two"); !got.IsZero() {
		t.Errorf("the new one was used at %v", got)
	}
	v.SetKeys(address.Keys{Primary: "key number two"})
	if err := v.Check("demo", first, now); code(err) != address.CodeSignature {
		t.Errorf("after its key went: %v", err)
	}
	if err := v.Check("demo", signed("key number two"), now); err != nil {
		t.Error(err)
	}
	if v.UsedAt("key number one") != (time.Time{}) || v.UsedAt("") != (time.Time{}) || v.UsedAt("key number two").IsZero() {
		t.Error("when keys were used is not what happened")
	}
}

// TestLookingIsNoUse: who asks what an address is does not make its key look used.
func TestLookingIsNoUse(t *testing.T) {
	push, play := address.New(address.Keys{Primary: "the push key"}, 0), address.New(address.Keys{Primary: "the play key"}, 0)
	base := address.Base{PublicURL: "http://h", PublicRTMPURL: "rtmp://h", App: "live"}
	now := time.Now()
	r := address.Examine(base.Push("the push key", "demo", now.Add(time.Hour)).RTMP, push, play, now)
	if r.Push != nil || r.Play == nil || r.ExpiresAt.IsZero() {
		t.Errorf("%+v", r)
	}
	if !push.UsedAt("the push key").IsZero() {
		t.Error("the key was used")
	}
}

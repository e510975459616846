package address_test

import (
	"testing"
	"time"

	"liveroom/address"
)

func TestDelay(t *testing.T) {
	for _, tt := range []struct {
		name    string
		queries []string
		want    time.Duration
		given   bool
		code    string
	}{
		{name: "none", queries: []string{"txSecret=a&txTime=b"}},
		{name: "no query"},
		{name: "given", queries: []string{"txTime=b&txDelayTime=30"}, want: 30 * time.Second, given: true},
		{name: "none wanted", queries: []string{"txDelayTime=0"}, given: true},
		{name: "the most", queries: []string{"txDelayTime=600"}, want: address.MaxDelay, given: true},
		{name: "leading zeros", queries: []string{"txDelayTime=0030"}, want: 30 * time.Second, given: true},
		{name: "escaped", queries: []string{"tx%44elayTime=3%30"}, want: 30 * time.Second, given: true},
		{name: "the same in two places", queries: []string{"txDelayTime=5", "x=1&txDelayTime=5"}, want: 5 * time.Second, given: true},
		{name: "another in the second place", queries: []string{"txDelayTime=5", "txDelayTime=6"}, code: address.CodeDuplicate},
		{name: "twice", queries: []string{"txDelayTime=5&txDelayTime=5"}, code: address.CodeDuplicate},
		{name: "too long", queries: []string{"txDelayTime=601"}, code: address.CodeDelay},
		{name: "empty", queries: []string{"txDelayTime="}, code: address.CodeDelay},
		{name: "without value", queries: []string{"txDelayTime"}, code: address.CodeDelay},
		{name: "below zero", queries: []string{"txDelayTime=-1"}, code: address.CodeDelay},
		{name: "with a sign", queries: []string{"txDelayTime=%2B1"}, code: address.CodeDelay},
		{name: "a fraction", queries: []string{"txDelayTime=1.5"}, code: address.CodeDelay},
		{name: "a unit", queries: []string{"txDelayTime=30s"}, code: address.CodeDelay},
		{name: "hexadecimal", queries: []string{"txDelayTime=0x1e"}, code: address.CodeDelay},
		{name: "far too long", queries: []string{"txDelayTime=99999999999999999999"}, code: address.CodeDelay},
		{name: "another case", queries: []string{"txdelaytime=5"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, given, err := address.Delay(tt.queries)
			if code(err) != tt.code || d != tt.want || given != tt.given {
				t.Errorf("Delay = %v, %v, %v; want %v, %v, %q", d, given, err, tt.want, tt.given, tt.code)
			}
		})
	}
}

// The signature covers the stream's name and txTime alone: whoever has an address may have it shown later.
func TestTheDelayIsNotSigned(t *testing.T) {
	keys := address.Keys{Primary: "push_master_key_0001"}
	secret, at := address.Sign(keys.Primary, "demo", time.Unix(2_000_000_000, 0))
	queries := []string{"txSecret=" + secret + "&txTime=" + at + "&txDelayTime=30"}
	if err := address.New(keys, 0).Check("demo", queries, time.Unix(1_900_000_000, 0)); err != nil {
		t.Error(err)
	}
}

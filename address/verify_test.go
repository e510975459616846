package address_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"liveroom/address"
)

// vectors are those of spec css §1.8, §2.4 and appendix C.
var vectors = []struct{ note, key, name, txTime, txSecret string }{
	{"P1 primary", "push_master_key_0001", "room1001", "6955B900", "786652dcea63628147f9c4b9bd4615b2"},
	{"P2 backup", "push_backup_key_0002", "room1001", "6955B900", "f824ddff3cb23dbfee8f8d1b464ce0fd"},
	{"P3 lower-case time", "push_master_key_0001", "room1001", "6955b900", "99d16fbf5a3875f16c6845e9a9d8bee8"},
	{"P4 name is case-sensitive", "push_master_key_0001", "ROOM1001", "6955B900", "6ca6f7e9896391f71e09616d3c4fa936"},
	{"P5 punctuation", "push_master_key_0001", "a-b_c.1", "6955B900", "b35479fddf9fb8c8a0546e67768a0094"},
	{"P6 decimal time", "push_master_key_0001", "room1001", "1767225600", "9dc17a39975ca80828f0c2d55cf6d751"},
	{"Tencent D4", "e12c46f2612d5106e2034781ab261ca3", "test", "5C271099", "f85a2ab363fe4deaffef9754d79da6fe"},
	{"Tencent sample 1", "69e0daf7234b01f257a7adb9f807ae9f", "streamname", "626797CF", "1e789caea1c4152fb9bf299f100fc2db"},
	{"Tencent sample 2", "txrtmp", "11212122", "579ACB15", "2133c689c452f0bf81b1a88261f1d9a6"},
	{"T1", "somestring", "test", "5c2acacc", "b77e812107e1d8b8f247885a46e1bd34"},
	{"T2 template", "somestring", "test_900", "5c2acacc", "4beae959b16c77da6a65c7edda1dfefe"},
	{"L1", "play_master_key_0003", "room1001", "6955B900", "4bed73b167b3764b27c36755aa7ecc5e"},
	{"L2 backup", "play_backup_key_0004", "room1001", "6955B900", "dcf0bde9d2ce21867f0d8c0ba840e488"},
	{"L3 template", "play_master_key_0003", "room1001_hd", "6955B900", "509143658f16d66064c2d1b76b51efd8"},
	{"L4 underscore", "play_master_key_0003", "test_a1_hd1", "6955B900", "bacd25a5ba0d51cc0959ca4a54cc460a"},
}

var longAgo = time.Unix(1000, 0)

func code(err error) string {
	if err == nil {
		return ""
	}
	var e *address.Error
	if !errors.As(err, &e) {
		return "not an *address.Error: " + err.Error()
	}
	return e.Code
}

func TestVectors(t *testing.T) {
	for _, v := range vectors {
		t.Run(v.note, func(t *testing.T) {
			orders := []string{
				"txSecret=" + v.txSecret + "&txTime=" + v.txTime,
				"txTime=" + v.txTime + "&txSecret=" + v.txSecret,
				"a=1&txTime=" + v.txTime + "&b&txSecret=" + strings.ToUpper(v.txSecret) + "&vid=x",
			}
			for _, keys := range []address.Keys{{Primary: v.key}, {Backup: v.key}, {Primary: "other", Backup: v.key}} {
				verifier := address.New(keys, 0)
				for _, query := range orders {
					if err := verifier.Check(v.name, []string{query}, longAgo); err != nil {
						t.Errorf("Check(%q) = %v", query, err)
					}
				}
			}
			if err := address.New(address.Keys{Primary: "other"}, 0).Check(v.name, orders[:1], longAgo); code(err) != address.CodeSignature {
				t.Errorf("with another key: %v, want bad_signature", err)
			}
		})
	}
}

func TestSignMakesTheVectors(t *testing.T) {
	for _, v := range vectors {
		if v.txTime != strings.ToUpper(v.txTime) || len(v.txTime) > 8 {
			continue // what Sign makes is always upper-case hexadecimal
		}
		expires := parseHex(t, v.txTime)
		if secret, at := address.Sign(v.key, v.name, expires); secret != v.txSecret || at != v.txTime {
			t.Errorf("%s: Sign = %s %s, want %s %s", v.note, secret, at, v.txSecret, v.txTime)
		}
	}
}

func parseHex(t *testing.T, s string) time.Time {
	t.Helper()
	var n int64
	for _, c := range s {
		n = n<<4 | int64(strings.IndexRune("0123456789ABCDEF", c))
	}
	return time.Unix(n, 0)
}

func TestSignStaysWithinEightDigits(t *testing.T) {
	for _, tt := range []struct {
		name    string
		expires time.Time
		want    string
	}{
		{"before 1970", time.Unix(-5, 0), "0"},
		{"zero time", time.Time{}, "0"},
		{"last second", time.Unix(math.MaxUint32, 0), "FFFFFFFF"},
		{"too far", time.Unix(math.MaxUint32+1, 0), "FFFFFFFF"},
		{"rounded down", time.Unix(0x10, 999_999_999), "10"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, at := address.Sign("k", "n", tt.expires); at != tt.want {
				t.Errorf("txTime = %s, want %s", at, tt.want)
			}
		})
	}
}

// signedAt is a query whose signature over txTime as written is right, whatever txTime is.
func signedAt(txTime string) string {
	return "txSecret=" + md5Hex("push_master_key_0001room1001"+txTime) + "&txTime=" + txTime
}

func TestCheckRefuses(t *testing.T) {
	const p1 = "786652dcea63628147f9c4b9bd4615b2"
	for _, tt := range []struct {
		name    string
		stream  string
		queries []string
		want    string
	}{
		{"nothing", "room1001", nil, "missing_signature"},
		{"empty query", "room1001", []string{""}, "missing_signature"},
		{"no txTime", "room1001", []string{"txSecret=" + p1}, "missing_signature"},
		{"no txSecret", "room1001", []string{"txTime=6955B900"}, "missing_signature"},
		{"names are case-sensitive", "room1001", []string{"txsecret=" + p1 + "&txtime=6955B900"}, "missing_signature"},
		{"tampered secret", "room1001", []string{"txSecret=786652dcea63628147f9c4b9bd4615b3&txTime=6955B900"}, "bad_signature"},
		{"tampered time", "room1001", []string{"txSecret=" + p1 + "&txTime=6955B901"}, "bad_signature"},
		{"case of time", "room1001", []string{"txSecret=" + p1 + "&txTime=6955b900"}, "bad_signature"},
		{"another stream", "room1002", []string{"txSecret=" + p1 + "&txTime=6955B900"}, "bad_signature"},
		{"case of stream", "ROOM1001", []string{"txSecret=" + p1 + "&txTime=6955B900"}, "bad_signature"},
		{"short secret", "room1001", []string{"txSecret=" + p1[:31] + "&txTime=6955B900"}, "bad_signature"},
		{"sha256 length", "room1001", []string{"txSecret=" + p1 + p1 + "&txTime=6955B900"}, "bad_signature"},
		{"empty secret", "room1001", []string{"txSecret=&txTime=6955B900"}, "bad_signature"},
		{"not hexadecimal", "room1001", []string{"txSecret=" + p1[:31] + "g&txTime=6955B900"}, "bad_signature"},
		{"P7 empty key", "room1001", []string{"txSecret=386f58cc0cfc6a4f67816d792da9a85e&txTime=6955B900"}, "bad_signature"},
		{"P8 0x prefix", "room1001", []string{"txSecret=5c5e4b4d308496e0a55d91e469aa577d&txTime=0x6955B900"}, "malformed_time"},
		{"empty time", "room1001", []string{signedAt("")}, "malformed_time"},
		{"nine digits", "room1001", []string{signedAt("06955B900")}, "malformed_time"},
		{"eleven digits", "room1001", []string{signedAt("17672256000")}, "malformed_time"},
		{"ten hexadecimal digits", "room1001", []string{signedAt("1767225ABC")}, "malformed_time"},
		{"sign", "room1001", []string{signedAt("+6955B9")}, "malformed_time"},
		{"minus", "room1001", []string{signedAt("-1")}, "malformed_time"},
		{"underscore", "room1001", []string{signedAt("69_55B9")}, "malformed_time"},
		{"space", "room1001", []string{signedAt("6955B90 ")}, "malformed_time"},
		{"letters", "room1001", []string{signedAt("zzzz")}, "malformed_time"},
		{"same value twice in one query", "room1001", []string{signedAt("6955B900") + "&txTime=6955B900"}, "duplicate_parameter"},
		{"another value in the same query", "room1001", []string{signedAt("6955B900") + "&txTime=FFFFFFFF"}, "duplicate_parameter"},
		{"another secret elsewhere", "room1001", []string{signedAt("6955B900"), "txSecret=" + p1[:31] + "3"}, "duplicate_parameter"},
		{"another time elsewhere", "room1001", []string{"txTime=FFFFFFFF", signedAt("6955B900")}, "duplicate_parameter"},
		{"upper-case copy elsewhere", "room1001", []string{signedAt("6955B900"), "txSecret=" + strings.ToUpper(p1)}, "duplicate_parameter"},
		{"hidden by encoding", "room1001", []string{signedAt("6955B900") + "&tx%54ime=FFFFFFFF"}, "duplicate_parameter"},
		{"empty name", "", []string{signedAt("6955B900")}, "bad_name"},
		{"extension", "room1001.flv", []string{signedAt("6955B900")}, "bad_name"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			verifier := address.New(address.Keys{Primary: "push_master_key_0001"}, 0)
			if err := verifier.Check(tt.stream, tt.queries, longAgo); code(err) != tt.want {
				t.Errorf("Check = %v, want %s", err, tt.want)
			}
		})
	}
}

func TestCheckAcceptsEqualCopiesAndParametersInTwoPlaces(t *testing.T) {
	verifier := address.New(address.Keys{Primary: "push_master_key_0001"}, 0)
	const secret, at = "txSecret=786652dcea63628147f9c4b9bd4615b2", "txTime=6955B900"
	for _, queries := range [][]string{
		{secret + "&" + at, secret + "&" + at}, // a client that writes its query into tcUrl and publish name
		{secret, at},
		{"", "vhost=x", at + "&" + secret},
		{"txSecret=%3786652dcea63628147f9c4b9bd4615b2&txTime=%36955B900"},
	} {
		if err := verifier.Check("room1001", queries, longAgo); err != nil {
			t.Errorf("Check(%q) = %v", queries, err)
		}
	}
}

func TestEmptyKeysMatchNothing(t *testing.T) {
	query := []string{"txSecret=386f58cc0cfc6a4f67816d792da9a85e&txTime=6955B900"} // P7, signed with the empty key
	for _, keys := range []address.Keys{{}, {Primary: "a"}, {Backup: "a"}, {Primary: "a", Backup: "b"}} {
		if err := address.New(keys, 0).Check("room1001", query, longAgo); code(err) != address.CodeSignature {
			t.Errorf("keys %q %q: %v, want bad_signature", keys.Primary, keys.Backup, err)
		}
	}
}

func TestExpiry(t *testing.T) {
	keys := address.Keys{Primary: "push_master_key_0001"}
	end := time.Unix(0x6955B900, 0)
	for _, tt := range []struct {
		name  string
		delta time.Duration
		now   time.Time
		want  string
	}{
		{"before", 0, end.Add(-time.Second), ""},
		{"at the second", 0, end, ""},
		{"just after", 0, end.Add(time.Millisecond), "expired"},
		{"within delta", time.Minute, end.Add(time.Minute), ""},
		{"after delta", time.Minute, end.Add(time.Minute + 1), "expired"},
		{"negative delta counts as none", -time.Hour, end, ""},
		{"enormous delta does not overflow", math.MaxInt64, end.Add(24 * time.Hour), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := address.New(keys, tt.delta).Check("room1001", []string{signedAt("6955B900")}, tt.now); code(err) != tt.want {
				t.Errorf("Check = %v, want %q", err, tt.want)
			}
		})
	}
	t.Run("signature first", func(t *testing.T) {
		query := []string{"txSecret=00000000000000000000000000000000&txTime=1"}
		if err := address.New(keys, 0).Check("room1001", query, end); code(err) != address.CodeSignature {
			t.Errorf("Check = %v, want bad_signature", err)
		}
	})
	t.Run("decimal", func(t *testing.T) {
		query := []string{signedAt("1767225600")}
		if err := address.New(keys, 0).Check("room1001", query, end.Add(time.Second)); code(err) != address.CodeExpired {
			t.Errorf("Check = %v, want expired", err)
		}
	})
}

func TestErrorsHoldNoSignature(t *testing.T) {
	verifier := address.New(address.Keys{Primary: "push_master_key_0001"}, 0)
	const secret = "0123456789abcdef0123456789abcdef"
	err := verifier.Check("room1001", []string{"txSecret=" + secret + "&txTime=6955B900"}, longAgo)
	if err == nil || strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "push_master_key_0001") {
		t.Errorf("error %v shows the signature or the key", err)
	}
}

func BenchmarkVerify(b *testing.B) {
	verifier := address.New(address.Keys{Primary: "push_master_key_0001", Backup: "push_backup_key_0002"}, 0)
	queries := []string{signedAt("6955B900")}
	b.ReportAllocs()
	for b.Loop() {
		if err := verifier.Check("room1001", queries, longAgo); err != nil {
			b.Fatal(err)
		}
	}
}

// Package address builds and checks signed push and play addresses as Tencent CSS defines them (spec css §1, §2, §8.1).
//
// An address carries txTime, the moment it expires, and txSecret = md5(key + stream name + txTime as written). The app and
// the host are not signed, and push and play have different keys. A Verifier holds one purpose's primary and backup key
// and checks a name with every query string it came with: RTMP clients may put parameters in three places. The signature
// is checked before the expiry, in constant time, and an empty key matches nothing.
//
// No clock, no goroutine, no I/O. A Verifier may be used by any number of goroutines while its keys are changed, and notes when
// each accepted an address last; all else is a pure function of its arguments. Signatures never appear in errors or logs: Address and Keys hide them.
package address

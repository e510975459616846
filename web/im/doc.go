// Package im is the Tencent IM door: POST /v4/{service}/{command}, so that a business backend keeps its IM server SDK and
// changes one host name (spec im-rest).
//
// Server is an http.Handler that works as soon as it is made. Each request is a command of an application administrator,
// proved by his UserSig in the query; the answer is HTTP 200 with Tencent's envelope, whatever the outcome. register puts
// a typed handler into the table of commands; decode.go reads its request strictly, errors.go alone turns errors into
// Tencent's numbers, which differ by service. Both generations of names are accepted and answered (spec im-rest §0.3).
//
// The rules are those of the domain packages, the same on every door; what is here is form. Nothing here starts a
// goroutine, and nothing secret is logged or answered.
package im

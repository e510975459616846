// Package client speaks to the server REST API of an IM host, Tencent's own or another liveroom: `POST /v4/{service}/{command}`
// (spec im-rest §1). Client calls any command; Announcer tells a host the statuses of live rooms, so that the same status
// machine drives rooms whose chat is elsewhere.
//
// A Client may be used by any number of goroutines and starts none of its own beyond a call, but for those that net/http
// keeps per idle connection until Close. It retries nothing but a call whose UserSig was not valid any more: when and how
// often to try again is its user's to decide, by Error.Temporary and ErrUnreachable.
package client

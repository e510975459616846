// Package web is the server's HTTP face: the REST API under /api/v1 with its description, server-sent events, health,
// metrics, and the router that leads everything else to the handler it belongs to.
//
// Server is an http.Handler that works as soon as it is made; Run feeds what waits for status changes and must run as long
// as the server serves. Each file declares the few methods it needs of the domain packages. errors.go alone turns their
// errors into HTTP: a stable code, a sentence a person can act on, the field at fault; what is unknown there is "internal"
// outside and whole in the log. Nothing secret is logged or answered, except by the calls whose purpose it is.
//
// The package holds no state of rooms: it asks at each request. It keeps counters, per-address rate limits and, while they
// last, waiting requests and event streams, each of them bounded.
package web

// Package bench loads a live-streaming server with publishers and viewers and measures what the server pays for them:
// what `liveroom bench` runs.
//
// The publishers send a synthetic stream, H.264 and AAC that really decode, at an exact rate. Each picture carries a mark
// with its number and the moment it was sent, so that viewers measure latency and holes from the stream itself.
// The viewers play over RTMP, HTTP-FLV, WebSocket-FLV, HLS or Low-Latency HLS. A sample of them is parsed to the end; the
// others are parsed up to their first media, and from there on only their bytes are counted, on Linux without copying
// them out of the kernel: so one core carries thousands.
//
// Run does one measurement: it starts everything, and when it returns nothing it started is still running. Memory is
// bounded by the number of viewers. The package is a client; it shares no code with the server it measures, so that a
// mistake shows from both sides, and it uses nothing but the standard library.
package bench

// Package bench loads a live-streaming server with publishers and viewers, or its chat with listeners and senders, and
// measures what the server pays for them: what `liveroom bench` runs.
//
// The publishers send a synthetic stream, H.264 and AAC that really decode, at an exact rate. Each picture carries a mark
// with its number and the moment it was sent, so that viewers measure latency and holes from the stream itself.
// The viewers play over RTMP, HTTP-FLV, WebSocket-FLV, HLS or Low-Latency HLS. A sample of them is parsed to the end; the
// others are parsed up to their first media, and from there on only their bytes are counted, on Linux without copying
// them out of the kernel: so one core carries thousands.
//
// In a chat, senders put the moment of sending into each message and note the number that the server answers; listeners
// share a few threads, one epoll set each, and note every number that comes, so that whatever is lost, doubled or out of
// order is found. On other systems than Linux the chat can't be loaded.
//
// Run and RunChat do one measurement: each starts everything, and when it returns nothing it started is still running. Memory is
// bounded by the number of viewers. The package is a client; it shares no code with the server it measures, so that a
// mistake shows from both sides, and it uses nothing but the standard library.
package bench

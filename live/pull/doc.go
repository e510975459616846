// Package pull brings streams from elsewhere into rooms: from RTMP and HTTP-FLV servers, from HLS, and from recordings.
//
// A room has a few tasks, which a Store keeps. Each says from where, and from when to when: at once, once at a time, or again and
// again. One node runs all of them (Service.Run); where it dies another one goes on with what is stored. A task connects to its
// source first and pushes into the room only when media comes, through the same claim as encoders, but never in the place of a push
// that runs: while somebody pushes, it waits. Who begins to push takes over from it as from any push.
//
// What is a file or a recording is sent in the time it lasts, by its timestamps. A recording that was interrupted goes on where it
// would be; what else is played from its beginning.
//
// Sources are hostile: what they send is bounded, nothing is waited for without end, and addresses hold keys, of which nothing is
// shown.
package pull

package stream

import "errors"

// Why a publisher was ended or a subscriber closed. Compare with errors.Is.
var (
	// ErrStale refuses a publisher older than one already known.
	ErrStale = errors.New("stream: a newer generation is known")
	// ErrTakenOver ends a publisher when a newer one takes its place.
	ErrTakenOver = errors.New("stream: taken over by a newer push")
	// ErrDropped ends a publisher when Drop gives no other cause.
	ErrDropped = errors.New("stream: dropped")
	// ErrEnded closes subscribers, and the publisher if there is no other cause, when the stream is over.
	ErrEnded = errors.New("stream: ended")
	// ErrClosed is returned by a publisher or subscriber its owner has closed.
	ErrClosed = errors.New("stream: closed")
	// ErrSlow closes a subscriber that fell behind too often.
	ErrSlow = errors.New("stream: subscriber too slow")
	// ErrIdle tells that nothing arrived for the time given to Subscriber.SetIdle. The subscriber goes on.
	ErrIdle = errors.New("stream: nothing arrived")
	// ErrBuffer refuses a buffer that NewBuffer cannot have made, or one above MaxPayloadBytes.
	ErrBuffer = errors.New("stream: buffer of wrong size")
)

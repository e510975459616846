package flv

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"liveroom/internal/writev"
	"liveroom/live/stream"
)

// responseOutput writes through net/http, for HTTP/2 and wrapped responses. One flush follows each merged write.
type responseOutput struct {
	v   *viewer
	w   http.ResponseWriter
	ctl *http.ResponseController
}

// begin implements output.
func (o *responseOutput) begin() error { return o.write(nil, 0) }

// send implements output.
func (o *responseOutput) send(head []byte, tags []*stream.Tag) error {
	pieces := borrowPieces()
	collect(pieces, head, tags)
	err := o.write(*pieces, flvBytes(head, tags))
	returnPieces(pieces)
	return err
}

func (o *responseOutput) write(pieces [][]byte, size int) error {
	if err := o.v.arm(o.ctl); err != nil {
		return err
	}
	if size > 0 {
		n, err := writev.Join(o.w, pieces) // net/http would write each by itself
		o.v.server.bytes.Add(uint64(n))
		if err != nil {
			return err
		}
	}
	if err := o.ctl.Flush(); err != nil {
		return err
	}
	return o.rest()
}

// rest takes the deadline away until the next write. HTTP/2 ends a stream whose deadline passes also while nothing is
// being written, and a paused room has nothing to write for as long as it likes.
func (o *responseOutput) rest() error {
	o.v.armedAt = time.Time{}
	return o.ctl.SetWriteDeadline(time.Time{})
}

// playResponse plays on a response that cannot be taken over; net/http ends the request's context when the client goes.
func (s *Server) playResponse(ctx context.Context, v *viewer, w http.ResponseWriter, req stream.Request) error {
	ctl := http.NewResponseController(w)
	v.bind(ctl)
	defer v.bind(nil)
	if err := v.arm(ctl); err != nil { // without deadlines a viewer that does not read would stay for ever
		err = fmt.Errorf("set write deadline: %w", err)
		s.refuse(w, req, err)
		return err
	}
	w.WriteHeader(http.StatusOK)
	return v.play(ctx, &responseOutput{v: v, w: w, ctl: ctl})
}

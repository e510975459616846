package flv

import (
	"fmt"
	"net/http"
	"time"

	"liveroom/live/stream"
)

// responseOutput writes through net/http, for HTTP/2 and wrapped responses. One flush follows each merged write.
type responseOutput struct {
	v    *viewer
	w    http.ResponseWriter
	ctl  *http.ResponseController
	flat []byte // reused
}

func (o *responseOutput) send(head []byte, tags []*stream.Tag) error {
	if err := o.v.arm(o.ctl); err != nil {
		return err
	}
	o.flat = append(o.flat[:0], head...)
	for _, t := range tags {
		o.flat = append(o.flat, t.FLV()...)
	}
	n, err := o.w.Write(o.flat)
	o.v.bytes.Add(uint64(n))
	if cap(o.flat) > maxFlatBytes {
		o.flat = nil
	}
	if err == nil {
		err = o.ctl.Flush()
	}
	if err != nil {
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

// maxFlatBytes is the largest copy buffer kept between writes.
const maxFlatBytes = 64 << 10

// playResponse plays on a response that cannot be taken over; net/http ends the request's context when the client goes.
func (s *Server) playResponse(v *viewer, w http.ResponseWriter, req stream.Request) error {
	ctl := http.NewResponseController(w)
	v.bind(ctl)
	defer v.bind(nil)
	if err := v.arm(ctl); err != nil { // without deadlines a viewer that does not read would stay for ever
		err = fmt.Errorf("set write deadline: %w", err)
		s.refuse(w, req, err)
		return err
	}
	w.WriteHeader(http.StatusOK)
	return v.play(&responseOutput{v: v, w: w, ctl: ctl})
}

package live

import (
	"context"

	"liveroom/live/stream"
	"liveroom/status"
)

// Edges brings streams here that are pushed to other nodes (edge.Edges). Its methods are called under locks: they must not block.
type Edges interface {
	// Follow tells where a stream is pushed. News may come twice, or late.
	Follow(name string, o stream.Origin)
	// Watch says that somebody here watches a stream.
	Watch(name string)
}

// noEdges is what a node that is alone has.
type noEdges struct{}

func (noEdges) Follow(string, stream.Origin) {}
func (noEdges) Watch(string)                 {}

// originOf is what a state says of where its stream is.
func originOf(st status.State) stream.Origin {
	on := !st.Deleted && (st.Record.Code == status.Live || st.Record.Code == status.Paused)
	return stream.Origin{
		Room: st.Record.Room, Epoch: st.Record.Epoch, Revision: st.Revision, Node: st.Publisher, Generation: st.Generation,
		Session: st.Record.Session, Start: st.SessionStart, On: on, Gated: on && st.Gated(), Unknown: st.Deleted && st.DeletedAt.IsZero(),
	}
}

// Locate looks up where a stream is pushed and tells Edges: for who needs to know of a stream that nothing was heard of here.
// Where there is no such stream there is nothing to tell, which is no error.
func (s *Service) Locate(ctx context.Context, name string) error {
	r, err := s.store.RoomByStream(ctx, name)
	if isNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	st, err := s.machine.State(ctx, r.ID)
	if err == nil {
		s.cfg.Edges.Follow(name, originOf(st))
	}
	return err
}

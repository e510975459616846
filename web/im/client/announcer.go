package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"sync"

	"liveroom/status"
)

// The services that the announcer's commands are in (spec im-rest §3).
const (
	groupService = "group_open_http_svc"
	attrService  = "group_open_attr_http_svc"
)

const (
	statusKey    = "live_status" // attribute, custom field, and type of the message (design §4)
	maxGroupName = 30            // bytes (spec im-rest §3.0)
	maxKnown     = 10_000        // groups whose announced status is remembered
	maxDrops     = 3             // tries of a message that frequency control drops
)

// ErrDropped says that a host's frequency control dropped the message of a status. It may be tried again.
var ErrDropped = errors.New("im host dropped the message of a status: too many in its group")

// Announcer tells an IM host the statuses of rooms as the chat here would be told of them: a High custom message from the
// administrator, the group attribute live_status, and the custom field live_status.
//
// A record may come again: a host that has its attribute has all of it, and is left alone. Nor is a newer record of the
// same epoch written over. A record of another epoch counts for nothing, since the records of a room come in order; so
// another liveroom's own word about a group that was made there is written over. Of one group one record is to be announced
// at a time.
type Announcer struct {
	client *Client
	field  bool

	mu    sync.Mutex
	known map[string]place // by group
}

// place is how far a group's statuses are announced.
type place struct {
	epoch   string
	version uint64
	drops   int // messages of the next record that were dropped
}

// NewAnnouncer returns an announcer. Without field it writes no custom field: Tencent's hosts refuse one that was not
// declared in their console.
func NewAnnouncer(c *Client, field bool) *Announcer {
	return &Announcer{client: c, field: field, known: map[string]place{}}
}

// Group is a room's group on an IM host.
type Group struct {
	ID   string
	Name string // what it is called if it has to be made; empty: like its id
}

// To is the announcer of the room that has this group. A group that the host lacks is made, and that of a deleted room
// dissolved.
func (a *Announcer) To(g Group) status.Announcer {
	return status.AnnouncerFunc(func(ctx context.Context, r status.Record) error { return a.announce(ctx, g, r) })
}

func (a *Announcer) announce(ctx context.Context, g Group, r status.Record) error {
	err := a.once(ctx, g, r)
	if noGroup(err) { // dissolved by somebody since it was seen
		err = a.once(ctx, g, r)
	}
	return err
}

// once looks how far the host is, and does what is left. What it knew of a group is forgotten when something fails.
func (a *Announcer) once(ctx context.Context, g Group, r status.Record) error {
	last, exists, err := a.last(ctx, g.ID)
	if err != nil {
		return err
	}
	deleted := r.Reason == status.ReasonRoomDeleted
	done := last.epoch == r.Epoch && last.version == r.Version
	if last.epoch == r.Epoch && last.version > r.Version || deleted && !exists {
		return nil
	}
	if !exists {
		err = a.create(ctx, g)
	}
	if err == nil && !done {
		err = a.write(ctx, g.ID, r, last.drops)
	}
	if err == nil && deleted {
		a.forget(g.ID)
		return a.destroy(ctx, g.ID)
	}
	switch {
	case errors.Is(err, ErrDropped):
		last.drops++
		a.remember(g.ID, last)
	case err != nil:
		a.forget(g.ID)
	default:
		a.remember(g.ID, place{epoch: r.Epoch, version: r.Version})
	}
	return err
}

// last is what the host was told last, and whether it has the group.
func (a *Announcer) last(ctx context.Context, group string) (place, bool, error) {
	a.mu.Lock()
	known, ok := a.known[group]
	a.mu.Unlock()
	if ok {
		return known, true, nil
	}
	var got struct {
		GroupAttrAry []attribute
	}
	err := a.client.Call(ctx, attrService, "get_group_attr", inGroup{GroupID: group}, &got)
	if noGroup(err) {
		return place{}, false, nil
	}
	for _, at := range got.GroupAttrAry {
		var r struct {
			Epoch   string `json:"epoch"`
			Version uint64 `json:"version"`
		}
		if at.Key == statusKey && json.Unmarshal([]byte(at.Value), &r) == nil {
			return place{epoch: r.Epoch, version: r.Version}, true, err
		}
	}
	return place{}, true, err
}

func (a *Announcer) remember(group string, p place) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.known) >= maxKnown {
		clear(a.known) // who is forgotten is asked about again
	}
	a.known[group] = p
}

func (a *Announcer) forget(group string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.known, group)
}

// write makes a record known: the message first, for those who are inside; the attribute last, as a mark that all is done. A
// custom field that is refused keeps nobody from the rest.
func (a *Announcer) write(ctx context.Context, group string, r status.Record, drops int) error {
	record, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if err := a.message(ctx, group, r, record, drops); err != nil {
		return err
	}
	refused := a.writeField(ctx, group, r)
	if answered, ok := errors.AsType[*Error](refused); refused != nil && (!ok || answered.Temporary() || answered.Unwelcome()) {
		return refused
	}
	err = a.client.Call(ctx, groupService, "modify_group_attr", struct {
		inGroup
		GroupAttr []attribute
	}{inGroup{GroupID: group}, []attribute{{statusKey, string(record)}}}, nil)
	if err != nil {
		return err
	}
	return refused
}

// message sends the status message. Its Random is made of what it says, so that the same message sent again within five
// minutes is one (spec im-rest §3.11); only where it was dropped the next try is another.
func (a *Announcer) message(ctx context.Context, group string, r status.Record, record []byte, drops int) error {
	h := fnv.New32a()
	_, _ = fmt.Fprintf(h, "%s\n%s\n%d\n%d", r.Room, r.Epoch, r.Version, drops) // never fails
	type content struct{ Data, Desc, Ext, Sound string }
	type element struct {
		MsgType    string
		MsgContent content
	}
	data := `{"type":"` + statusKey + `",` + string(record[1:])
	var done struct{ MsgDropReason string }
	err := a.client.Call(ctx, groupService, "send_group_msg", struct {
		inGroup
		Random                uint32
		MsgPriority           string
		FromAccount           string `json:"From_Account"`
		MsgBody               []element
		ForbidCallbackControl []string // as with messages of the server here, the host's backend is neither asked nor told
	}{
		inGroup{GroupID: group},
		h.Sum32(), "High", a.client.cfg.Admin,
		[]element{{"TIMCustomElem", content{Data: data}}},
		[]string{"ForbidBeforeSendMsgCallback", "ForbidAfterSendMsgCallback"},
	}, &done)
	if err == nil && done.MsgDropReason != "" && drops < maxDrops {
		return ErrDropped // later the attribute has to do, which is never dropped
	}
	return err
}

// writeField sets the custom field, which is read without joining.
func (a *Announcer) writeField(ctx context.Context, group string, r status.Record) error {
	if !a.field {
		return nil
	}
	short, err := r.Short()
	if err != nil {
		return err
	}
	type field struct{ Key, Value string }
	return a.client.Call(ctx, groupService, "modify_group_base_info", struct {
		inGroup
		AppDefinedData []field
	}{inGroup{GroupID: group}, []field{{statusKey, string(short)}}}, nil)
}

// create makes the group. One that is there already, whoever has it, is as good.
func (a *Announcer) create(ctx context.Context, g Group) error {
	name := g.Name
	if name == "" {
		name = g.ID
	}
	err := a.client.Call(ctx, groupService, "create_group", struct {
		inGroup
		Type, Name string
	}{inGroup{GroupID: g.ID}, "AVChatRoom", clip(name, maxGroupName)}, nil)
	if refusedWith(err, 10021, 10025) {
		return nil
	}
	return err
}

// destroy dissolves the group.
func (a *Announcer) destroy(ctx context.Context, group string) error {
	err := a.client.Call(ctx, groupService, "destroy_group", inGroup{GroupID: group}, nil)
	if noGroup(err) {
		return nil
	}
	return err
}

// noGroup says whether a host has no such group: its code for an id that is no good may say that too (spec im-rest §1.7).
func noGroup(err error) bool { return refusedWith(err, 10010, 10015) }

// inGroup is the field that all these commands have.
type inGroup struct {
	GroupID string `json:"GroupId"`
}

// attribute has its names in lower case, unlike all others (spec im-rest §3.17).
type attribute struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// refusedWith says whether err is a host's refusal with one of the codes.
func refusedWith(err error, codes ...int) bool {
	refused, ok := errors.AsType[*Error](err)
	return ok && slices.Contains(codes, refused.Code)
}

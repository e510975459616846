package web

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"liveroom/live"
	"liveroom/status"
)

// Rooms is what the API asks of the live rooms (live.Service).
type Rooms interface {
	Create(ctx context.Context, d live.Draft) (live.Listed, error)
	Room(ctx context.Context, id string) (live.Listed, error)
	RoomByGroup(ctx context.Context, group string) (live.Room, error)
	Rooms(ctx context.Context, q live.ListQuery) (page []live.Listed, next string, err error)
	Update(ctx context.Context, id string, p live.Patch) (live.Listed, error)
	Delete(ctx context.Context, id, detail string) error
	Online(r live.Room) int
	Viewers(r live.Room) live.Viewers
	Refusals(ctx context.Context, id string) ([]live.RefusalEntry, error)
	Ingest(ctx context.Context, id string, samples time.Duration) (live.Ingest, error)
	Driver
	Addresser
}

// RoomBody is a room as the API shows it.
type RoomBody struct {
	ID           string           `json:"id" example:"demo"`
	GroupID      string           `json:"groupId" doc:"The room's chat group."`
	Stream       string           `json:"stream" doc:"The stream's name, as push and play addresses have it."`
	Title        string           `json:"title"`
	Anchor       string           `json:"anchor" doc:"Account of the anchor."`
	Notice       string           `json:"notice"`
	ScheduledAt  NullTime         `json:"scheduledAt"`
	EndAt        NullTime         `json:"endAt"`
	Grace        Duration         `json:"grace" doc:"How long an interrupted room waits for its push."`
	PauseLimit   Duration         `json:"pauseLimit" doc:"How long a paused room may be without stream."`
	PlayAuth     string           `json:"playAuth" enum:"signed,none"`
	EarlyPush    string           `json:"earlyPush" enum:"accept,refuse" doc:"What a push before scheduledAt does."`
	Delay        Duration         `json:"delay" doc:"How much later viewers see a push whose address does not say (txDelayTime)."`
	DelayRoom    bool             `json:"delayRoom" doc:"Members are told of the status, and get messages, as late as they see the stream."`
	MaxViewers   int              `json:"maxViewers" doc:"Most viewers at a time; 0: the server's setting."`
	MaxBandwidth int64            `json:"maxBandwidth" doc:"Most bits per second committed to viewers; 0: the server's setting."`
	Screenshots  *ScreenshotsBody `json:"screenshots,omitempty" doc:"The room's own rule; absent: the server's setting."`
	Cover        string           `json:"cover,omitempty" doc:"Address of the newest screenshot as JPEG, or of a placeholder before the first; absent where none are taken. With width=320 in its query it answers a small one."`
	Recording    *RecordingRule   `json:"recording,omitempty" doc:"The room's own rule for recordings; what is absent: the server's settings."`
	CreatedAt    Time             `json:"createdAt"`
	UpdatedAt    Time             `json:"updatedAt"`
	Status       Record           `json:"status"`
	Online       int              `json:"online" doc:"How many people are there, in chat or watching."`
	Popularity   *int64           `json:"popularity,omitempty" doc:"Only where rooms are sorted by it or recommended."`
	Viewers      ViewersBody      `json:"viewers"`
	Forbidden    *ForbiddenBody   `json:"forbidden,omitempty" doc:"Only where one room is shown: that pushes and reopening are forbidden now; absent: they are not."`
}

// ForbiddenBody says how long a room is forbidden.
type ForbiddenBody struct {
	Until NullTime `json:"until" doc:"null: until it is permitted."`
}

func forbiddenBody(f *live.Forbidden) *ForbiddenBody {
	if f == nil {
		return nil
	}
	return &ForbiddenBody{NullTime{f.Until}}
}

func (s *Server) roomBody(l live.Listed) RoomBody {
	r := l.Room
	return RoomBody{
		ID: r.ID, GroupID: r.GroupID, Stream: r.Stream, Title: r.Title, Anchor: r.Anchor, Notice: r.Notice,
		ScheduledAt: NullTime{r.ScheduledAt}, EndAt: NullTime{r.EndAt}, Grace: Duration(r.Grace), PauseLimit: Duration(r.PauseLimit),
		PlayAuth: string(r.PlayAuth), EarlyPush: string(r.EarlyPush), Delay: Duration(r.Delay), DelayRoom: r.DelayRoom, MaxViewers: r.MaxViewers, MaxBandwidth: r.MaxBandwidth,
		Screenshots: screenshotsBody(r.Screenshots), Cover: s.covers.Cover(r), Recording: recordingRule(r.Recording),
		CreatedAt: Time{r.CreatedAt}, UpdatedAt: Time{r.UpdatedAt},
		Status: recordOf(l.Record), Online: s.rooms.Online(r), Viewers: viewersBody(s.rooms.Viewers(r)), Forbidden: forbiddenBody(l.Forbidden),
	}
}

// RoomDraft is what a room is created from.
type RoomDraft struct {
	ID           string           `json:"id,omitempty" maxLength:"48" doc:"1 to 48 letters, digits, _ or -. Default: the stream's name, or made up." example:"demo"`
	GroupID      string           `json:"groupId,omitempty" maxLength:"48" doc:"Default: id."`
	Stream       string           `json:"stream,omitempty" maxLength:"64" doc:"1 to 64 letters, digits, _ . or -, not ending in .flv or .m3u8. Default: id."`
	Title        string           `json:"title,omitempty" maxLength:"120" doc:"At most 120 bytes. Default: id."`
	Anchor       string           `json:"anchor,omitempty" maxLength:"32" doc:"Account that may drive the room with its UserSig."`
	Notice       string           `json:"notice,omitempty" maxLength:"4096" doc:"Text, or the JSON of text and images; at most 300 bytes (chat-notice-size)."`
	ScheduledAt  NullTime         `json:"scheduledAt,omitempty"`
	EndAt        NullTime         `json:"endAt,omitempty" doc:"Ends the room by itself."`
	Grace        *Duration        `json:"grace,omitempty" doc:"Default: the server's setting."`
	PauseLimit   *Duration        `json:"pauseLimit,omitempty" doc:"Default: the server's setting."`
	PlayAuth     string           `json:"playAuth,omitempty" enum:"signed,none" doc:"Default: signed."`
	EarlyPush    string           `json:"earlyPush,omitempty" enum:"accept,refuse" doc:"Default: accept."`
	Delay        *Duration        `json:"delay,omitempty" doc:"How much later viewers see a push: whole seconds up to 600s. Default: 0s."`
	DelayRoom    bool             `json:"delayRoom,omitempty" doc:"Tell members of the status, and deliver messages, as late."`
	MaxViewers   int              `json:"maxViewers,omitempty" doc:"Most viewers at a time; 0, the default: the server's setting."`
	MaxBandwidth int64            `json:"maxBandwidth,omitempty" doc:"Most bits per second committed to viewers; 0, the default: the server's setting."`
	Screenshots  *ScreenshotsBody `json:"screenshots,omitempty" doc:"Default: the server's setting."`
	Recording    *RecordingRule   `json:"recording,omitempty" doc:"Default, as for each of its fields: the server's settings."`
}

func (d RoomDraft) draft() live.Draft {
	return live.Draft{
		ID: d.ID, GroupID: d.GroupID, Stream: d.Stream, Title: d.Title, Anchor: d.Anchor, Notice: d.Notice,
		ScheduledAt: d.ScheduledAt.Time, EndAt: d.EndAt.Time, Grace: d.Grace.value(), PauseLimit: d.PauseLimit.value(),
		PlayAuth: live.PlayAuth(d.PlayAuth), EarlyPush: live.EarlyPush(d.EarlyPush), Delay: d.Delay.value(), DelayRoom: d.DelayRoom,
		MaxViewers: d.MaxViewers, MaxBandwidth: d.MaxBandwidth, Screenshots: d.Screenshots.rule(), Recording: d.Recording.rule(),
	}
}

type createIn struct {
	IdempotencyKey string `header:"Idempotency-Key" maxLength:"128" doc:"Repeat a call with the same key, and it creates one room."`
	Body           RoomDraft
}

type createOut struct {
	Location string `header:"Location"`
	Replayed string `header:"Idempotency-Replayed" doc:"true when an earlier call with this key had created the room."`
	Body     RoomBody
}

type roomOut struct{ Body RoomBody }

func (s *Server) registerRooms() {
	op := s.operation("create-room", http.MethodPost, "/rooms", "rooms", "Create a room and its chat group", tokenHolder)
	op.DefaultStatus = http.StatusCreated
	register(s, op, s.createRoom)
	register(s, s.operation("list-rooms", http.MethodGet, "/rooms", "rooms", "List rooms", anyone), s.listRooms)
	register(s, s.operation("get-room", http.MethodGet, "/rooms/{room}", "rooms", "Show a room", anyone), s.getRoom)
	register(s, s.operation("change-room", http.MethodPatch, "/rooms/{room}", "rooms", "Change a room", tokenHolder), s.changeRoom)
	op = s.operation("delete-room", http.MethodDelete, "/rooms/{room}", "rooms", "End and remove a room", tokenHolder)
	op.DefaultStatus = http.StatusNoContent
	register(s, op, s.deleteRoom)
}

// createRoom keeps no table of keys: without an id, the key itself makes the id, so that a repeat meets the room it made,
// on any node and after any restart. A room found where one was to be made counts as made by this key if it is what was asked.
func (s *Server) createRoom(ctx context.Context, in *createIn) (*createOut, error) {
	ctx, cancel := timed(ctx)
	defer cancel()
	if err := s.checkNotice(&in.Body.Notice); err != nil {
		return nil, err
	}
	draft := in.Body.draft()
	if err := s.checkShots(draft.Screenshots); err != nil {
		return nil, err
	}
	if in.IdempotencyKey != "" && draft.ID == "" {
		draft.ID = idOfKey(in.IdempotencyKey)
	}
	l, err := s.rooms.Create(ctx, draft)
	out := &createOut{}
	if existed := (*live.Error)(nil); in.IdempotencyKey != "" && errors.As(err, &existed) && existed.Code == "exists" {
		if l, err = s.madeEarlier(ctx, draft, existed); err == nil {
			out.Replayed = "true"
		}
	}
	if err != nil {
		return nil, err
	}
	if out.Replayed == "" {
		s.record(ctx, l.Room.GroupID, "room_create", "", map[string]string{"room": l.Room.ID, "anchor": l.Room.Anchor, "title": l.Room.Title})
	}
	out.Location, out.Body = "/api/v1/rooms/"+l.Room.ID, s.roomBody(l)
	return out, nil
}

// idOfKey makes a room's id of an Idempotency-Key.
func idOfKey(key string) string {
	sum := sha256.Sum256([]byte("room\x00" + key))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:15]))
}

func (s *Server) madeEarlier(ctx context.Context, d live.Draft, existed *live.Error) (live.Listed, error) {
	l, err := s.rooms.Room(ctx, d.ID)
	if err != nil {
		return live.Listed{}, existed // the id is free; something else of the draft is taken
	}
	if !answers(l.Room, d) {
		return live.Listed{}, newProblem(http.StatusConflict, "exists", "the room exists and differs from what this call asks for; use another Idempotency-Key").at(existed.Field)
	}
	return l, nil
}

// answers says whether r is a room that d asks for.
func answers(r live.Room, d live.Draft) bool {
	text := func(asked, is string) bool { return asked == "" || asked == is }
	moment := func(asked, is time.Time) bool { return asked.IsZero() || asked.Equal(is) }
	length := func(asked, is time.Duration) bool { return asked == 0 || asked == is }
	return text(d.GroupID, r.GroupID) && text(d.Stream, r.Stream) && text(d.Title, r.Title) &&
		text(d.Anchor, r.Anchor) && text(d.Notice, r.Notice) && text(string(d.PlayAuth), string(r.PlayAuth)) &&
		text(string(d.EarlyPush), string(r.EarlyPush)) && moment(d.ScheduledAt, r.ScheduledAt) &&
		moment(d.EndAt, r.EndAt) && length(d.Grace, r.Grace) && length(d.Delay, r.Delay) && (!d.DelayRoom || r.DelayRoom) && length(d.PauseLimit, r.PauseLimit) &&
		(d.MaxViewers == 0 || d.MaxViewers == r.MaxViewers) && (d.MaxBandwidth == 0 || d.MaxBandwidth == r.MaxBandwidth) &&
		(!d.Screenshots.Set || d.Screenshots == r.Screenshots) && (d.Recording == live.Recording{} || d.Recording == r.Recording)
}

type listIn struct {
	Status string `query:"status" doc:"Only rooms in this status, by name or code." example:"live" enum:"waiting,live,paused,ended,playback,1,2,3,4,5"`
	Sort   string `query:"sort" enum:"id,popularity" default:"id" doc:"Rooms come in order of id; or the most popular first, those of no popularity in order of id behind them, on any node."`
	Q      string `query:"q" maxLength:"120" doc:"Only rooms that hold each of these words in title, id or anchor, whatever their case and width; at most 120 bytes. A page looks at 2,000 rooms at most: it may be short, or empty, and have a nextCursor all the same." example:"tea"`
	Anchor string `query:"anchor" maxLength:"32" doc:"Only rooms of this anchor, exactly." example:"alice"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	Cursor string `query:"cursor" maxLength:"128" doc:"nextCursor of the page before, of the same list."`
}

type listOut struct {
	Body struct {
		Rooms      []RoomBody `json:"rooms"`
		NextCursor string     `json:"nextCursor,omitempty" doc:"Absent on the last page."`
	}
}

func (s *Server) listRooms(ctx context.Context, in *listIn) (*listOut, error) {
	search, err := live.NewSearch(in.Q, in.Anchor)
	if err != nil {
		return nil, err
	}
	if in.Sort == "popularity" {
		return s.rankedRooms(ctx, in, search)
	}
	page, next, err := live.Find(ctx, s.rooms, live.ListQuery{Status: codeOf(in.Status), Limit: in.Limit, After: in.Cursor}, search)
	if err != nil {
		return nil, err
	}
	out := &listOut{}
	out.Body.Rooms = make([]RoomBody, len(page))
	for i, l := range page {
		out.Body.Rooms[i] = s.roomBody(l)
	}
	out.Body.NextCursor = next
	return out, nil
}

// codeOf reads a status by name or number, 0 for none.
func codeOf(text string) status.Code {
	for _, c := range []status.Code{status.Waiting, status.Live, status.Paused, status.Ended, status.Playback} {
		if text == c.String() || text == strconv.Itoa(int(c)) {
			return c
		}
	}
	return 0
}

func (s *Server) getRoom(ctx context.Context, in *RoomPath) (*roomOut, error) {
	l, err := s.rooms.Room(ctx, in.Room)
	if err != nil {
		return nil, err
	}
	return &roomOut{Body: s.roomBody(l)}, nil
}

// RoomPatch changes a room; what is absent stays.
type RoomPatch struct {
	Title        *string          `json:"title,omitempty" maxLength:"120"`
	Anchor       *string          `json:"anchor,omitempty" maxLength:"32"`
	Notice       *string          `json:"notice,omitempty" maxLength:"4096"`
	ScheduledAt  TimePatch        `json:"scheduledAt,omitempty" doc:"null removes it."`
	EndAt        TimePatch        `json:"endAt,omitempty" doc:"null removes it."`
	Grace        *Duration        `json:"grace,omitempty"`
	PauseLimit   *Duration        `json:"pauseLimit,omitempty"`
	PlayAuth     *string          `json:"playAuth,omitempty" enum:"signed,none"`
	EarlyPush    *string          `json:"earlyPush,omitempty" enum:"accept,refuse"`
	Delay        *Duration        `json:"delay,omitempty" doc:"For pushes that begin from now on."`
	DelayRoom    *bool            `json:"delayRoom,omitempty"`
	MaxViewers   *int             `json:"maxViewers,omitempty" doc:"For those who come from now on; 0: the server's setting."`
	MaxBandwidth *int64           `json:"maxBandwidth,omitempty" doc:"Bits per second, for those who come from now on; 0: the server's setting."`
	Screenshots  ScreenshotsPatch `json:"screenshots,omitempty" doc:"null: the server's setting again."`
	Recording    RecordingPatch   `json:"recording,omitempty" doc:"The whole rule: what it leaves out is the server's setting again, and with null all of it."`
}

type changeIn struct {
	RoomPath
	Body RoomPatch
}

func (s *Server) changeRoom(ctx context.Context, in *changeIn) (*roomOut, error) {
	ctx, cancel := timed(ctx)
	defer cancel()
	b := in.Body
	if err := errors.Join(s.checkNotice(b.Notice), s.checkShots(b.Screenshots.Rule.rule())); err != nil {
		return nil, err
	}
	l, err := s.rooms.Update(ctx, in.Room, live.Patch{
		Title: b.Title, Anchor: b.Anchor, Notice: b.Notice, ScheduledAt: b.ScheduledAt.patch(), EndAt: b.EndAt.patch(),
		Grace: b.Grace.patch(), PauseLimit: b.PauseLimit.patch(),
		PlayAuth: (*live.PlayAuth)(b.PlayAuth), EarlyPush: (*live.EarlyPush)(b.EarlyPush), Delay: b.Delay.patch(), DelayRoom: b.DelayRoom,
		MaxViewers: b.MaxViewers, MaxBandwidth: b.MaxBandwidth, Screenshots: b.Screenshots.patch(), Recording: b.Recording.patch(),
	})
	if err != nil {
		return nil, err
	}
	s.record(ctx, l.Room.GroupID, "room_change", "", b.detail())
	return &roomOut{Body: s.roomBody(l)}, nil
}

// detail tells the audit log what a patch is about, and who the anchor is to be.
func (p RoomPatch) detail() map[string]string {
	d := map[string]string{}
	var changed []string
	for _, f := range []struct {
		name  string
		given bool
	}{
		{"title", p.Title != nil},
		{"anchor", p.Anchor != nil},
		{"notice", p.Notice != nil},
		{"scheduledAt", p.ScheduledAt.Set},
		{"endAt", p.EndAt.Set},
		{"grace", p.Grace != nil},
		{"pauseLimit", p.PauseLimit != nil},
		{"playAuth", p.PlayAuth != nil},
		{"earlyPush", p.EarlyPush != nil},
		{"delay", p.Delay != nil},
		{"delayRoom", p.DelayRoom != nil},
		{"maxViewers", p.MaxViewers != nil},
		{"maxBandwidth", p.MaxBandwidth != nil},
		{"screenshots", p.Screenshots.Set},
		{"recording", p.Recording.Set},
	} {
		if f.given {
			changed = append(changed, f.name)
		}
	}
	d["changed"] = strings.Join(changed, " ")
	if p.Anchor != nil {
		d["anchor"] = *p.Anchor
	}
	return d
}

type deleteIn struct {
	RoomPath
	Reason string `query:"reason" maxLength:"200" doc:"For the people in the room; stands in the last record's detail."`
}

func (s *Server) deleteRoom(ctx context.Context, in *deleteIn) (*empty, error) {
	ctx, cancel := timed(ctx)
	defer cancel()
	l, err := s.rooms.Room(ctx, in.Room)
	if err != nil {
		return nil, err
	}
	if err := s.rooms.Delete(ctx, in.Room, in.Reason); err != nil {
		return nil, err
	}
	s.record(ctx, l.Room.GroupID, "room_delete", "", map[string]string{"room": l.Room.ID, "reason": in.Reason})
	return nil, nil
}

package redisstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"liveroom/chat"
	"liveroom/web/callback/delivery"
)

// Callbacks is Redis as delivery.Exchange: the queues of callbacks, which all nodes fill and one delivers. Endpoints hold no
// zero byte; QUEUE is endpoint, 0, class (a digit), room. Its keys are in one slot, since one node delivers all:
//
//	{q}:fence          string: fence of the present term; what an earlier one writes is refused
//	{q}:queues         hash: QUEUE → storedQueue (JSON)
//	{q}:items:QUEUE    stream: N-0 → h storedItem (JSON), b its body, t when it was queued (Unix µs)
//	{q}:dead           hash: endpoint, 0, class → N of the newest dead letter
//	{q}:dead:…         stream, … endpoint, 0, class: N-0 → h storedLetter (JSON), b its body
//	{q}:inbox          stream: events that are in no queue yet, of all nodes: h storedItem (JSON), b its body, k QUEUE
//	{q}:inbox:bytes    string: how much it takes, about
//	{q}:put:POSTER     string: the last step of who appends to the inbox; a day
//	{q}:asks           list: questions to the node that delivers; 10 s
//	{q}:answer:ID      list: the answer to one; 10 s
//	{q}:wake           sharded channel: something is in the inbox, or asked
type Callbacks struct{ s *Store }

// Callbacks is the view of Redis that the queues of callbacks have.
func (s *Store) Callbacks() *Callbacks { return &Callbacks{s: s} }

// term is Callbacks as delivery.Store for one who delivers.
type term struct {
	*Callbacks
	fence string
}

var _ delivery.Store = (*term)(nil)

var scriptOlder = load("callbacks_older")

func (c *Callbacks) key(parts ...string) string { return c.s.key("q", parts...) }

// storedQueue is a delivery.Queue in Redis.
type storedQueue struct {
	First  uint64         `json:"first"`
	Next   uint64         `json:"next"`
	Bytes  int64          `json:"bytes"`
	Oldest time.Time      `json:"oldest"`
	Gaps   []delivery.Gap `json:"gaps,omitempty"`
	Recent []string       `json:"recent,omitempty"`
	UsedAt time.Time      `json:"usedAt"`
}

// storedItem is an event without its body and where it belongs.
type storedItem struct {
	ID       string     `json:"i"`
	Command  string     `json:"c"`
	Query    url.Values `json:"q,omitempty"`
	At       time.Time  `json:"a"`
	QueuedAt time.Time  `json:"t,omitzero"`
	Lost     uint64     `json:"l,omitempty"`
}

// storedLetter is a delivery.DeadLetter without its body.
type storedLetter struct {
	Room string `json:"room"`
	storedItem
	DeadAt time.Time `json:"deadAt"`
	Why    string    `json:"why"`
	Tries  int       `json:"tries"`
	Status int       `json:"status,omitempty"`
	Answer string    `json:"answer,omitempty"`
}

func queueField(k delivery.Key) string { return ofClass(k.Endpoint, k.Class) + k.Room }

func ofClass(endpoint string, class delivery.Class) string {
	return endpoint + "\x00" + strconv.Itoa(int(class))
}

// queueOf is the queue of a field that queueField made.
func queueOf(field string) (delivery.Key, error) {
	endpoint, rest, found := strings.Cut(field, "\x00")
	if !found || rest == "" {
		return delivery.Key{}, fmt.Errorf("%w: queue %q", delivery.ErrDamaged, field)
	}
	return delivery.Key{Endpoint: endpoint, Class: delivery.Class(rest[0] - '0'), Room: rest[1:]}, nil
}

// Begin implements delivery.Exchange.
func (c *Callbacks) Begin(ctx context.Context, fence uint64) (delivery.Store, error) {
	err := c.s.changeIn(ctx, "q", chat.OperationAge, func(ctx context.Context, d *draft) error {
		text, found, err := d.text(ctx, c.key("fence"))
		if err != nil {
			return err
		}
		if found {
			newest, err := strconv.ParseUint(text, 10, 64)
			if err != nil || newest > fence {
				return errors.Join(delivery.ErrDeposed, err)
			}
		}
		d.do("SET", c.key("fence"), fence)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &term{c, strconv.FormatUint(fence, 10)}, nil
}

// Commit implements delivery.Store.
func (t *term) Commit(ctx context.Context, change delivery.Change) error {
	return t.s.changeIn(ctx, "q", chat.OperationAge, func(ctx context.Context, d *draft) error {
		fence, _, err := d.text(ctx, t.key("fence"))
		if err != nil {
			return err
		}
		if fence != t.fence {
			return delivery.ErrDeposed
		}
		gone, err := t.removeEndpoints(ctx, d, change.Gone)
		if err != nil {
			return err
		}
		if err := t.changeQueues(ctx, d, change.Queues, gone); err != nil {
			return err
		}
		for _, drop := range change.DeadDrop {
			if err := t.dropDead(ctx, d, drop); err != nil {
				return err
			}
		}
		if err := t.putDead(ctx, d, change.Dead, change.Gone); err != nil {
			return err
		}
		if change.Taken != "" {
			d.do("XTRIM", t.key("inbox"), "MINID", after(change.Taken))
			d.do("DECRBY", t.key("inbox", "bytes"), change.TakenBytes)
		}
		return nil
	})
}

// after is the place right after one.
func after(place string) string {
	ms, n, _ := strings.Cut(place, "-")
	number, _ := strconv.ParseUint(n, 10, 64) // Redis made it
	return ms + "-" + strconv.FormatUint(number+1, 10)
}

// removeEndpoints removes what endpoints have, and says which queues that were.
func (t *term) removeEndpoints(ctx context.Context, d *draft, endpoints []string) (gone map[string]bool, err error) {
	if len(endpoints) == 0 {
		return nil, nil
	}
	fields, err := t.s.rdb.HKeys(ctx, t.key("queues")).Result()
	if err != nil {
		return nil, away(err)
	}
	gone = map[string]bool{}
	for _, endpoint := range endpoints {
		for _, field := range fields {
			if strings.HasPrefix(field, endpoint+"\x00") {
				gone[field] = true
				d.do("HDEL", t.key("queues"), field)
				d.do("UNLINK", t.key("items", field))
			}
		}
		for class := range delivery.Classes() {
			d.do("HDEL", t.key("dead"), ofClass(endpoint, class))
			d.do("UNLINK", t.key("dead", ofClass(endpoint, class)))
		}
	}
	return gone, nil
}

func (t *term) changeQueues(ctx context.Context, d *draft, changes []delivery.QueueChange, gone map[string]bool) error {
	fields := make([]string, len(changes))
	for i, change := range changes {
		fields[i] = queueField(change.Key)
	}
	values, err := t.s.fields(ctx, t.key("queues"), fields...) // nobody else changes them as long as the fence is what it is
	if err != nil {
		return err
	}
	for i, change := range changes {
		var stored storedQueue
		if !gone[fields[i]] {
			if stored, _, err = decode[storedQueue](values[i]); err != nil {
				return err
			}
		}
		if err := t.changeQueue(d, fields[i], change, stored); err != nil {
			return err
		}
	}
	return nil
}

func (t *term) changeQueue(d *draft, field string, change delivery.QueueChange, stored storedQueue) error {
	items := t.key("items", field)
	if change.Idle() {
		d.do("HDEL", t.key("queues"), field)
		d.do("UNLINK", items)
		return nil
	}
	switch {
	case change.First <= stored.First:
	case change.First == change.Next: // an empty stream would stay as long as the queue is known
		d.do("UNLINK", items)
	default:
		d.do("XTRIM", items, "MINID", entryID(change.First))
	}
	for _, i := range change.Append {
		if i.N < stored.Next {
			continue
		}
		head, err := json.Marshal(storedItem{ID: i.ID, Command: i.Command, Query: i.Query, At: i.At, QueuedAt: i.QueuedAt})
		if err != nil {
			return fmt.Errorf("encode event %s: %w", i.ID, err)
		}
		d.do("XADD", items, entryID(i.N), "h", head, "b", i.Body, "t", i.QueuedAt.UnixMicro())
	}
	return d.put(t.key("queues"), field, storedQueue{
		First: change.First, Next: change.Next, Bytes: change.Bytes, Oldest: change.Oldest, Gaps: change.Gaps, Recent: change.Recent,
		UsedAt: change.UsedAt,
	})
}

// Queues implements delivery.Store.
func (t *term) Queues(ctx context.Context) (all []delivery.Queue, err error) {
	ctx, cancel := t.s.within(ctx)
	defer cancel()
	values, err := t.s.rdb.HGetAll(ctx, t.key("queues")).Result()
	if err != nil {
		return nil, away(err)
	}
	for field, value := range values {
		key, err := queueOf(field)
		if err != nil {
			return nil, err
		}
		q, _, err := decode[storedQueue](value)
		if err != nil {
			return nil, err
		}
		all = append(all, delivery.Queue{
			Key: key, First: q.First, Next: q.Next, Bytes: q.Bytes, Oldest: q.Oldest, Gaps: q.Gaps, Recent: q.Recent, UsedAt: q.UsedAt,
		})
	}
	return all, nil
}

// itemsPage is how many items are read at a time.
const itemsPage = 32

// Items implements delivery.Store.
func (t *term) Items(ctx context.Context, k delivery.Key, from uint64, limit int, most int64) (items []*delivery.Item, err error) {
	ctx, cancel := t.s.within(ctx)
	defer cancel()
	for len(items) < limit {
		page, err := t.s.rdb.XRangeN(ctx, t.key("items", queueField(k)), entryID(from), "+", int64(min(limit-len(items), itemsPage))).Result()
		if err != nil || len(page) == 0 {
			return items, away(err)
		}
		for _, m := range page {
			head, body, err := decodeEvent[storedItem](m)
			if err != nil {
				return nil, err
			}
			if most -= int64(len(body)); len(items) > 0 && most < 0 {
				return items, nil
			}
			from = seqOf(m) + 1
			items = append(items, &delivery.Item{N: from - 1, QueuedAt: head.QueuedAt, Event: head.event(k, body)})
		}
	}
	return items, nil
}

// event is the event of an item in a queue.
func (i storedItem) event(k delivery.Key, body []byte) delivery.Event {
	return delivery.Event{
		Endpoint: k.Endpoint, Room: k.Room, Class: k.Class, ID: i.ID, Command: i.Command, Body: body, Query: i.Query, At: i.At,
	}
}

// decodeEvent reads what a stream has of an event.
func decodeEvent[T any](m redis.XMessage) (head T, body []byte, err error) {
	head, found, err := decode[T](m.Values["h"])
	text, whole := m.Values["b"].(string)
	if err != nil || !found || !whole {
		return head, nil, errors.Join(fmt.Errorf("%w: event %s", delivery.ErrDamaged, m.ID), err)
	}
	return head, []byte(text), nil
}

// Older implements delivery.Store.
func (t *term) Older(ctx context.Context, k delivery.Key, from uint64, moment time.Time) (uint64, error) {
	field := queueField(k)
	keys := []string{t.key("items", field), t.key("queues")}
	next, err := t.s.run(ctx, scriptOlder, keys, field, from, moment.UnixMicro()).Uint64()
	return next, away(err)
}

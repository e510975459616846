package callback

import (
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"

	"liveroom/chat"
	"liveroom/web/callback/delivery"
)

// Queue keeps events until their receivers have them (delivery.Service).
type Queue interface {
	Append(events ...delivery.Event)
	Settle(ctx context.Context) error
}

// tell queues an event for each of those who want it.
func tell(queue Queue, to []Endpoint, e delivery.Event) {
	for _, receiver := range to {
		e.Endpoint = receiver.ID
		queue.Append(e)
	}
}

// Observer tells IM receivers what happens in the chat. It is a chat.Observer.
type Observer struct {
	receivers *Registry
	queue     Queue
	app       uint64
}

var _ chat.Observer = (*Observer)(nil)

// NewObserver returns the observer of an IM application's chat.
func NewObserver(app uint64, receivers *Registry, queue Queue) *Observer {
	return &Observer{receivers: receivers, queue: queue, app: app}
}

// Settle implements chat.Observer.
func (o *Observer) Settle(ctx context.Context) {
	_ = o.queue.Settle(ctx) // what happened, happened; the queues say what is wrong with their store
}

// HearsMessages implements chat.Observer.
func (o *Observer) HearsMessages() bool {
	for _, command := range []string{AfterSendMsg, SendMsgException, ResultNotify} {
		if o.receivers.Wants(command) != nil {
			return true
		}
	}
	return false
}

// Observe implements chat.Observer. Of facts that nobody wants to be told of nothing is made.
func (o *Observer) Observe(facts ...chat.Fact) {
	for _, f := range facts {
		switch f := f.(type) {
		case chat.Sent:
			o.sent(f)
		case chat.NotSent:
			o.notSent(f)
		case chat.Withdrew:
			o.withdrew(f)
		case chat.LetterSent:
			o.letterSent(f)
		case chat.Came:
			o.ofGroup(AfterNewMemberJoin, delivery.People, f.Occasion, func() []byte { return came(f) })
		case chat.Went:
			o.ofGroup(AfterMemberExit, delivery.People, f.Occasion, func() []byte { return went(f) })
		case chat.PresenceChanged:
			o.presenceChanged(f)
		case chat.SignedIn:
			o.ofDevice(f.Occasion, func() []byte { return signedIn(f) })
		case chat.SignedOut:
			o.ofDevice(f.Occasion, func() []byte { return signedOut(f) })
		case chat.GroupMade:
			o.ofGroup(AfterCreateGroup, delivery.People, f.Occasion, func() []byte { return groupMade(f) })
		case chat.GroupGone:
			o.ofGroup(AfterGroupDestroyed, delivery.People, f.Occasion, func() []byte { return groupGone(f) })
		case chat.GroupChanged:
			o.ofGroup(AfterGroupInfoChanged, delivery.People, f.Occasion, func() []byte { return groupChanged(f) })
		case chat.AttributesWritten:
			o.ofGroup(AfterGroupAttrChanged, delivery.People, f.Occasion, func() []byte { return attributesWritten(f) })
		case chat.RoleChanged:
			o.ofGroup(AfterMemberFieldChanged, delivery.People, f.Occasion, func() []byte { return roleChanged(f) })
		}
	}
}

func (o *Observer) ofGroup(command string, class delivery.Class, at chat.Occasion, body func() []byte) {
	if to := o.receivers.Wants(command); to != nil {
		tell(o.queue, to, delivery.Event{Command: command, Class: class, Room: at.Group, Query: from(at.By), Body: body(), At: at.Time})
	}
}

// letterSent is told also of a message that was not sent, and where words were the reason as a verdict too.
func (o *Observer) letterSent(f chat.LetterSent) {
	if to := o.receivers.Wants(AfterLetter); to != nil {
		tell(o.queue, to, delivery.Event{Command: AfterLetter, Class: delivery.Talk, Room: queueOf(f.M.From), Query: from(f.By), Body: letterSent(f), At: f.Time})
	}
	if f.Err == nil || !f.Err.Is(chat.ErrBlocked) {
		return
	}
	if to := o.receivers.Wants(ResultNotify); to != nil {
		tell(o.queue, to, delivery.Event{Command: ResultNotify, Class: delivery.Talk, Room: queueOf(f.M.From), Body: judgedLetter(f, o.app), At: f.Time})
	}
}

func (o *Observer) ofDevice(at chat.Occasion, body func() []byte) {
	if to := o.receivers.Wants(StateChange); to != nil {
		tell(o.queue, to, delivery.Event{Command: StateChange, Class: delivery.People, Room: queueOf(at.By.User), Query: fromDevice(at.By), Body: body(), At: at.Time})
	}
}

// sent queues a message under the id that room, epoch and sequence number make.
func (o *Observer) sent(f chat.Sent) {
	to := o.receivers.Wants(AfterSendMsg)
	if to == nil {
		return
	}
	id := f.Group + ":" + f.Epoch + ":" + strconv.FormatUint(f.M.Seq, 10)
	tell(o.queue, to, delivery.Event{Command: AfterSendMsg, Class: delivery.Talk, Room: f.Group, ID: id, Query: from(f.By), Body: sent(f), At: f.Time})
}

// notSent is told as a failure, and where words were the reason also as a verdict.
func (o *Observer) notSent(f chat.NotSent) {
	o.ofGroup(SendMsgException, delivery.Talk, f.Occasion, func() []byte { return notSent(f) })
	if f.Err.Is(chat.ErrBlocked) {
		o.judged(f.Occasion, f.M)
	}
}

// withdrew is told as a recall, and where a verdict was the reason also as that, of the messages that are still known.
func (o *Observer) withdrew(f chat.Withdrew) {
	o.ofGroup(AfterRecallMsg, delivery.Talk, f.Occasion, func() []byte { return withdrew(f) })
	if f.Kind == chat.Recalled {
		return
	}
	for _, m := range f.Were {
		if m != nil {
			o.judged(f.Occasion, m)
		}
	}
}

func (o *Observer) judged(at chat.Occasion, m *chat.Message) {
	if to := o.receivers.Wants(ResultNotify); to != nil {
		tell(o.queue, to, delivery.Event{Command: ResultNotify, Class: delivery.Talk, Room: at.Group, Body: judged(at.Group, m, o.app), At: at.Time})
	}
}

// presenceChanged has neither address nor platform (spec im-callbacks §1.1).
func (o *Observer) presenceChanged(f chat.PresenceChanged) {
	to := o.receivers.Wants(OnMemberStateChange)
	if to == nil {
		return
	}
	for users := range slices.Chunk(f.Users, maxMembersTold) {
		tell(o.queue, to, delivery.Event{Command: OnMemberStateChange, Class: delivery.People, Room: f.Group, Body: presenceChanged(f, users), At: f.Time})
	}
}

// userQueues is over how many queues the events of users are spread: those of one stay in order, others needn't wait.
const userQueues = 32

// queueOf names the queue of a user's events.
func queueOf(user string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(user))
	return fmt.Sprintf("users-%02d", h.Sum32()%userQueues)
}

// Known are the names of all events of each format.
func Known() map[Format][]string {
	return map[Format][]string{
		FormatIM: {
			BeforeCreateGroup, AfterCreateGroup, BeforeApplyJoinGroup, AfterNewMemberJoin, AfterMemberExit, BeforeSendMsg, AfterSendMsg,
			SendMsgException, AfterRecallMsg, AfterGroupInfoChanged, AfterGroupAttrChanged, AfterGroupDestroyed, OnMemberStateChange,
			AfterMemberFieldChanged, BeforeLetter, AfterLetter, StateChange, ResultNotify, BeforeSendGift,
		},
		FormatCSS:    {StreamStart, StreamStop, RecordFile, RecordStatus, RecordException, Screenshot, Relay},
		FormatStatus: {LiveStatus},
		FormatEvents: {GiftSettle, GiftSettled, LevelChanged, SessionSummary, DrawEnded, FollowChanged},
	}
}

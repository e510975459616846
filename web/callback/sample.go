package callback

import (
	"net/netip"
	"time"

	"liveroom/chat"
	"liveroom/live"
	"liveroom/status"
	"liveroom/web/callback/delivery"
)

// sampleRoom is the room that samples are about; nothing else is true of it.
const sampleRoom = "sample"

// Sample is an example of an event, as it would be queued at a time: for a test fire. Its id says that it is one. There
// is none of a name that Known does not have.
func Sample(app uint64, format Format, command string, at time.Time) (delivery.Event, bool) {
	e := delivery.Event{Room: sampleRoom, Command: command, ID: sampleRoom + ":" + command, At: at}
	switch {
	case format == FormatIM:
		e.Body, e.Query = sampleCall(app, command, at)
	case format == FormatCSS && command == StreamStart:
		e.Body = streamBody(app, samplePush(at), nil)
	case format == FormatCSS && command == StreamStop:
		e.Body = streamBody(app, samplePush(at.Add(-128581*time.Millisecond)), &stopped{At: at, Code: stopClosed, Message: stops[live.EndClosed].Message, Width: 1280, Height: 720})
	case format == FormatCSS:
		e.Body = sampleMedia(app, command, at)
	case format == FormatStatus && command == LiveStatus:
		e.Body, _ = statusBody(sampleRecord(at)) // a record can be encoded
	case format == FormatEvents:
		e.Body = sampleEvent(command, at)
	}
	return e, e.Body != nil
}

func sampleCall(app uint64, command string, at time.Time) ([]byte, map[string][]string) {
	viewer := chat.Identity{User: "viewer7", Platform: chat.PlatformIOS, Addr: netip.MustParseAddr("203.0.113.9")}
	admin := chat.Identity{User: chat.Administrator, Admin: true, Platform: chat.PlatformREST, Addr: netip.MustParseAddr("198.51.100.4")}
	name, notice := "Tea tasting", "Starts at eight"
	by := func(who chat.Identity) chat.Occasion { return chat.Occasion{Group: sampleRoom, Time: at, By: who} }
	m := &chat.Message{
		Group: sampleRoom, Seq: 901, Time: at, From: "viewer7", Random: 77123401,
		Body: []byte(`[{"MsgType":"TIMTextElem","MsgContent":{"Text":"hello"}}]`),
	}
	g := chat.Group{ID: sampleRoom, Room: sampleRoom, Owner: "anchor1", Name: name}
	switch command {
	case BeforeCreateGroup:
		return beforeGroup(chat.GroupDraft{ID: sampleRoom, Name: name, Owner: viewer.User}, viewer, at), from(viewer)
	case AfterCreateGroup:
		return groupMade(chat.GroupMade{Occasion: by(admin), Made: g}), from(admin)
	case BeforeApplyJoinGroup:
		return beforeJoin(sampleRoom, viewer, at), from(viewer)
	case AfterNewMemberJoin:
		return came(chat.Came{Occasion: by(viewer)}), from(viewer)
	case AfterMemberExit:
		return went(chat.Went{Occasion: by(viewer), User: viewer.User}), from(viewer)
	case BeforeSendMsg:
		return beforeMessage(m, viewer, at), from(viewer)
	case AfterSendMsg:
		return sent(chat.Sent{Occasion: by(viewer), M: m}), from(viewer)
	case SendMsgException:
		return notSent(chat.NotSent{Occasion: by(viewer), M: m, Err: chat.ErrMuted}), from(viewer)
	case AfterRecallMsg:
		return withdrew(chat.Withdrew{Occasion: by(admin), Seqs: []uint64{901}, Kind: chat.Recalled, Were: []*chat.Message{m}}), from(admin)
	case AfterGroupInfoChanged:
		return groupChanged(chat.GroupChanged{Occasion: by(admin), Name: &name, Notice: &notice}), from(admin)
	case AfterGroupAttrChanged:
		return attributesWritten(chat.AttributesWritten{Occasion: by(admin), Op: chat.SetAttribute, Set: map[string]string{"heat": "12"}}), from(admin)
	case AfterGroupDestroyed:
		return groupGone(chat.GroupGone{Occasion: by(admin), Was: g}), from(admin)
	case OnMemberStateChange:
		f := chat.PresenceChanged{Occasion: by(viewer), Users: []string{"viewer7", "viewer8"}, Cause: chat.CauseInterrupt}
		return presenceChanged(f, f.Users), nil
	case AfterMemberFieldChanged:
		return roleChanged(chat.RoleChanged{Occasion: by(admin), User: viewer.User, Role: chat.RoleAdmin}), from(admin)
	case BeforeLetter:
		return beforeLetter("anchor1", m, at), from(viewer)
	case AfterLetter:
		return letterSent(chat.LetterSent{Occasion: by(viewer), To: "anchor1", M: m}), from(viewer)
	case StateChange:
		return signedIn(chat.SignedIn{Occasion: by(viewer), Replaced: []string{chat.PlatformIOS}}), fromDevice(viewer)
	case ResultNotify:
		return judged(sampleRoom, m, app), nil
	case BeforeSendGift:
		return beforeGift(LiveGift{Group: sampleRoom, By: viewer, From: viewer.User, To: "anchor1", Gift: "rose", Count: 3, Price: 100, At: at}), from(viewer)
	}
	return nil, nil
}

func samplePush(at time.Time) Push {
	return Push{
		Sequence: "2210464508206756938", Room: sampleRoom, Stream: sampleRoom, App: "live", Domain: "push.example.com",
		Param: "txSecret=786652dcea63628147f9c4b9bd4615b2&txTime=6955B900", UserIP: "198.51.100.7", Node: "192.0.2.10", StartedAt: at,
	}
}

func sampleRecord(at time.Time) status.Record {
	return status.Record{
		Room: sampleRoom, Epoch: "01JD0000000000000000000000", Version: 7, Code: status.Live, Name: status.Live.String(),
		Reason: status.ReasonPushStarted, Session: "01JD0000000000000000000001", Since: at, StreamActive: true,
	}
}

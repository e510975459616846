package callback

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"liveroom/chat"
)

// Commands of Tencent IM that a live room can cause (spec im-callbacks §5).
const (
	BeforeCreateGroup       = "Group.CallbackBeforeCreateGroup"
	AfterCreateGroup        = "Group.CallbackAfterCreateGroup"
	BeforeApplyJoinGroup    = "Group.CallbackBeforeApplyJoinGroup"
	AfterNewMemberJoin      = "Group.CallbackAfterNewMemberJoin"
	AfterMemberExit         = "Group.CallbackAfterMemberExit"
	BeforeSendMsg           = "Group.CallbackBeforeSendMsg"
	AfterSendMsg            = "Group.CallbackAfterSendMsg"
	SendMsgException        = "Group.CallbackSendMsgException"
	AfterRecallMsg          = "Group.CallbackAfterRecallMsg"
	AfterGroupInfoChanged   = "Group.CallbackAfterGroupInfoChanged"
	AfterGroupAttrChanged   = "Group.CallbackAfterGroupAttrChanged"
	AfterGroupDestroyed     = "Group.CallbackAfterGroupDestroyed"
	OnMemberStateChange     = "Group.CallbackOnMemberStateChange"
	AfterMemberFieldChanged = "Group.CallbackAfterMemberFieldChanged"
	BeforeLetter            = "C2C.CallbackBeforeSendMsg"
	AfterLetter             = "C2C.CallbackAfterSendMsg"
	StateChange             = "State.StateChange"
	ResultNotify            = "ContentCallback.ResultNotify"
)

// Asked says whether a command is asked before something happens, not told after it.
func Asked(command string) bool {
	switch command {
	case BeforeCreateGroup, BeforeApplyJoinGroup, BeforeSendMsg, BeforeLetter, BeforeSendGift, GiftSettle:
		return true
	}
	return false
}

// groupType is the only type of group there is.
const groupType = "AVChatRoom"

// maxMembersTold bounds the users of one OnMemberStateChange; of more, several are told.
const maxMembersTold = 500

// from says in the query from where who caused it acts (spec im-callbacks §1.1).
func from(who chat.Identity) url.Values {
	q := url.Values{"OptPlatform": {optPlatform(who)}}
	if who.Addr.IsValid() {
		q["ClientIP"] = []string{who.Addr.Unmap().WithZone("").String()}
	}
	return q
}

// optPlatform is the platform somebody acts on. The server itself counts as a backend.
func optPlatform(who chat.Identity) string {
	if who.Platform == "" && who.User == chat.Administrator {
		return chat.PlatformREST
	}
	return chat.OptPlatform(who.Platform)
}

// messageID names a message as the SDK does.
func messageID(m *chat.Message) string {
	if m.Random == 0 {
		return m.From + "-s" + strconv.FormatUint(m.Seq, 10)
	}
	return m.From + "-" + strconv.FormatUint(uint64(m.Random), 10)
}

// group begins the body of a callback of a group.
func group(command, id string, size int) object {
	return newObject(160+size).text("CallbackCommand", command).text("GroupId", id).text("Type", groupType)
}

func (o object) eventTime(at time.Time) []byte {
	return o.number("EventTime", at.UnixMilli()).close()
}

// groupMessage begins what is told of a message to a group before and after it is sent (spec im-callbacks §6.1).
func groupMessage(command string, m *chat.Message, operator string) object {
	return group(command, m.Group, 128+len(m.Body)+len(m.CloudCustomData)).
		text("From_Account", m.From).text("Operator_Account", operator).number("Random", int64(m.Random)).
		text("MsgId", messageID(m)).number("OnlineOnlyFlag", 0).messageBody(m.Body).text("CloudCustomData", m.CloudCustomData)
}

func beforeMessage(m *chat.Message, who chat.Identity, at time.Time) []byte {
	return groupMessage(BeforeSendMsg, m, who.User).eventTime(at)
}

func sent(f chat.Sent) []byte {
	return groupMessage(AfterSendMsg, f.M, f.By.User).
		number("MsgSeq", int64(f.M.Seq)).number("MsgTime", f.M.Time.Unix()).eventTime(f.Time)
}

func notSent(f chat.NotSent) []byte {
	return groupMessage(SendMsgException, f.M, f.By.User).
		number("ErrorCode", int64(f.Err.Code)).text("ErrorInfo", f.Err.Detail).eventTime(f.Time)
}

// letter begins what is told of a message to a user (spec im-callbacks §7.2).
func letter(command, to string, m *chat.Message) object {
	return newObject(320+len(m.Body)+len(m.CloudCustomData)).text("CallbackCommand", command).
		text("From_Account", m.From).text("To_Account", to).number("MsgSeq", int64(m.Seq)).number("MsgRandom", int64(m.Random)).
		number("MsgTime", m.Time.Unix()).text("MsgKey", letterKey(m)).text("MsgId", messageID(m)).number("OnlineOnlyFlag", 0).
		messageBody(m.Body).text("CloudCustomData", m.CloudCustomData)
}

// letterKey is the MsgKey of a message to a user, the same before and after and in the answer to who sent it.
func letterKey(m *chat.Message) string {
	return strconv.FormatUint(m.Seq, 10) + "_" + strconv.FormatUint(uint64(m.Random), 10) + "_" + strconv.FormatInt(m.Time.Unix(), 10)
}

func beforeLetter(to string, m *chat.Message, at time.Time) []byte {
	return letter(BeforeLetter, to, m).eventTime(at)
}

func letterSent(f chat.LetterSent) []byte {
	code, info := 0, "send msg succeed"
	if f.Err != nil {
		code, info = f.Err.Code, f.Err.Detail
	}
	return letter(AfterLetter, f.To, f.M).
		number("SendMsgResult", int64(code)).text("ErrorInfo", info).number("UnreadMsgNum", 0).eventTime(f.Time)
}

func beforeJoin(id string, who chat.Identity, at time.Time) []byte {
	return group(BeforeApplyJoinGroup, id, 0).text("Requestor_Account", who.User).text("ApplyMsg", "").eventTime(at)
}

// beforeGroup is told before there is a group, so it has no id (spec im-callbacks §6.5).
func beforeGroup(d chat.GroupDraft, who chat.Identity, at time.Time) []byte {
	return newObject(256).text("CallbackCommand", BeforeCreateGroup).text("Operator_Account", who.User).text("Owner_Account", d.Owner).
		text("Type", groupType).text("Name", d.Name).number("CreateGroupNum", 0).members("MemberList", "Member_Account").eventTime(at)
}

func groupMade(f chat.GroupMade) []byte {
	g := f.Made
	o := newObject(256).text("CallbackCommand", AfterCreateGroup).text("GroupId", f.Group).text("Operator_Account", f.By.User).
		text("Owner_Account", g.Owner).text("Type", groupType).text("Name", g.Name).members("MemberList", "Member_Account")
	if len(g.Fields) > 0 {
		o = o.raw("UserDefinedDataList", pairs("Key", "Value", g.Fields, nil))
	}
	return o.eventTime(f.Time)
}

func groupGone(f chat.GroupGone) []byte {
	return newObject(256).text("CallbackCommand", AfterGroupDestroyed).text("Operator_Account", f.By.User).text("GroupId", f.Group).
		text("Type", groupType).text("Owner_Account", f.Was.Owner).text("Name", f.Was.Name).members("MemberList", "Member_Account").eventTime(f.Time)
}

func groupChanged(f chat.GroupChanged) []byte {
	o := group(AfterGroupInfoChanged, f.Group, 0).text("Operator_Account", f.By.User)
	for _, c := range []struct {
		name  string
		value *string
	}{{"Name", f.Name}, {"Introduction", f.Introduction}, {"Notification", f.Notice}, {"FaceUrl", f.Avatar}} {
		if c.value != nil {
			o = o.text(c.name, *c.value)
		}
	}
	return o.eventTime(f.Time)
}

// attributesWritten has the deleted keys of clear and delete with an empty value each; what set left out is not named.
func attributesWritten(f chat.AttributesWritten) []byte {
	gone := f.Keys
	if f.Op == chat.ReplaceAttribute {
		gone = nil
	}
	return group(AfterGroupAttrChanged, f.Group, 0).text("Operator_Account", f.By.User).text("OptionType", optionType(f.Op)).
		raw("GroupAttr", pairs("key", "value", f.Set, gone)).eventTime(f.Time)
}

func optionType(op chat.AttributeOp) string {
	switch op {
	case chat.SetAttribute:
		return "modify"
	case chat.ReplaceAttribute:
		return "set"
	case chat.DeleteAttribute:
		return "delete"
	case chat.ClearAttribute:
		return "clear"
	}
	return ""
}

// pairs are names and values as Tencent lists them, in order of name; those of gone have none.
func pairs(name, value string, set map[string]string, gone []string) []byte {
	out := []byte{'['}
	add := func(k, v string) {
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(out, newObject(len(k)+len(v)+32).text(name, k).text(value, v).close()...)
	}
	for _, k := range slices.Sorted(maps.Keys(set)) {
		add(k, set[k])
	}
	for _, k := range slices.Sorted(slices.Values(gone)) {
		add(k, "")
	}
	return append(out, ']')
}

func roleChanged(f chat.RoleChanged) []byte {
	return group(AfterMemberFieldChanged, f.Group, 0).text("Operator_Account", f.By.User).text("Member_Account", f.User).
		text("Role", string(f.Role)).eventTime(f.Time)
}

func came(f chat.Came) []byte {
	return group(AfterNewMemberJoin, f.Group, 0).text("JoinType", "Apply").text("Operator_Account", f.By.User).
		members("NewMemberList", "Member_Account", f.By.User).eventTime(f.Time)
}

func went(f chat.Went) []byte {
	exit := "Kicked"
	if f.By.User == f.User { // he asked, or went to another room
		exit = "Quit"
	}
	return group(AfterMemberExit, f.Group, 0).text("ExitType", exit).text("Operator_Account", f.By.User).
		members("ExitMemberList", "Member_Account", f.User).eventTime(f.Time)
}

func presenceChanged(f chat.PresenceChanged, users []string) []byte {
	kind := "Offline"
	if f.Online {
		kind = "Online"
	}
	return newObject(192+40*len(users)).text("CallbackCommand", OnMemberStateChange).text("GroupId", f.Group).
		text("EventType", kind).text("EventCause", string(f.Cause)).members("MemberList", "Member_Account", users...).eventTime(f.Time)
}

func withdrew(f chat.Withdrew) []byte {
	list := []byte{'['}
	for i, seq := range f.Seqs {
		if i > 0 {
			list = append(list, ',')
		}
		o := newObject(96).number("MsgSeq", int64(seq))
		if i < len(f.Were) && f.Were[i] != nil {
			o = o.text("MsgId", messageID(f.Were[i]))
		}
		list = append(list, o.close()...)
	}
	return newObject(192).text("CallbackCommand", AfterRecallMsg).text("Operator_Account", f.By.User).text("Type", groupType).
		text("GroupId", f.Group).raw("MsgSeqList", append(list, ']')).eventTime(f.Time)
}

// stateChange is told of devices that come and go (spec im-callbacks §7.5).
func stateChange(action, reason string, o chat.Occasion, replaced []string) []byte {
	info := newObject(96).text("Action", action).text("To_Account", o.By.User).text("Reason", reason).close()
	body := newObject(256).text("CallbackCommand", StateChange).number("EventTime", o.Time.UnixMilli()).raw("Info", info)
	if len(replaced) > 0 {
		platforms := make([]string, len(replaced))
		for i, p := range replaced {
			platforms[i] = chat.OptPlatform(p)
		}
		body = body.members("KickedDevice", "Platform", platforms...)
	}
	return body.close()
}

func signedIn(f chat.SignedIn) []byte {
	return stateChange("Login", "Register", f.Occasion, f.Replaced)
}

func signedOut(f chat.SignedOut) []byte {
	action := "Disconnect"
	if f.Reason == chat.SignOutAsked {
		action = "Logout"
	}
	return stateChange(action, string(f.Reason), f.Occasion, nil)
}

// fromDevice is from with the one platform that only StateChange writes differently.
func fromDevice(who chat.Identity) url.Values {
	q := from(who)
	if q.Get("OptPlatform") == chat.PlatformIOS {
		q.Set("OptPlatform", "IOS")
	}
	return q
}

// judged is a verdict about a message to a group (spec im-callbacks §7.1): of the sensitive words, so that it was not sent
// and has no MsgID, or one that came after delivery. Its body has no CallbackCommand; what words were hit is not told.
func judged(group string, m *chat.Message, app uint64) []byte {
	id := ""
	if m.Seq != 0 {
		id = strconv.FormatUint(m.Seq, 10)
	}
	return judgement("Group", newObject(96).number("ContactType", 2).text("ToGroupId", group).close(), id, m, app)
}

// judgedLetter is the same about a message to a user.
func judgedLetter(f chat.LetterSent, app uint64) []byte {
	return judgement("C2C", newObject(96).number("ContactType", 1).text("To_Account", f.To).close(), letterKey(f.M), f.M, app)
}

func judgement(scene string, contact []byte, id string, m *chat.Message, app uint64) []byte {
	texts, custom := textsOf(m.Body)
	if custom {
		scene += "Custom"
	}
	o := newObject(384+len(m.Body)).text("Scene", scene).number("SdkAppId", int64(app)).text("From_Account", m.From).
		raw("ContactItem", contact).text("ContentType", "Text").raw("TextContent", encode(nil, texts))
	if id != "" {
		o = o.text("MsgID", id)
	}
	return o.number("CtxcbResult", 1).text("CtxcbRequestId", messageID(m)).raw("CtxcbKeywords", []byte("[]")).
		text("CtxcbSuggestion", "Block").text("CtxcbLabel", "Custom").text("CloudCustomData", m.CloudCustomData).close()
}

// textsOf are the texts of a MsgBody that people read, and whether one is in a custom element.
func textsOf(body json.RawMessage) (texts []string, custom bool) {
	var elements []struct {
		MsgType    string
		MsgContent struct{ Text, Data, Desc string }
	}
	_ = json.Unmarshal(body, &elements) // the chat has read it; where a field is no text, there is none
	texts = []string{}
	for _, e := range elements {
		custom = custom || e.MsgType == "TIMCustomElem"
		for _, text := range []string{e.MsgContent.Text, e.MsgContent.Data, e.MsgContent.Desc} {
			if strings.TrimSpace(text) != "" {
				texts = append(texts, text)
			}
		}
	}
	return texts, custom
}

package im

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"

	"liveroom/chat"
	"liveroom/chat/account"
)

// Tags of a profile (spec im-rest §4.7).
const (
	tagPrefix = "Tag_Profile_IM_"
	tagCustom = "Tag_Profile_Custom_"
	tagNick   = tagPrefix + "Nick"
	tagImage  = tagPrefix + "Image"
)

// Numbers of the profile service.
const (
	codeNoToAccount = 40002
	codeUnknownTag  = 40009
	codeTooLong     = 40601
	codeWrongType   = 40610
)

// maxProfileBytes is the longest text of a profile.
const maxProfileBytes = 500

// tag is a field of a profile: a text, or a number.
type tag struct {
	name   string
	text   func(*account.Patch) **string
	number func(*account.Patch) **uint32
	has    func(*account.Account) any
}

// tags are all that a profile here has, in the order of answers.
var tags = []tag{
	{tagNick, func(p *account.Patch) **string { return &p.Nick }, nil, func(a *account.Account) any { return a.Nick }},
	{tagImage, func(p *account.Patch) **string { return &p.Avatar }, nil, func(a *account.Account) any { return a.Avatar }},
	{tagPrefix + "Gender", func(p *account.Patch) **string { return &p.About.Gender }, nil, func(a *account.Account) any { return a.About.Gender }},
	{tagPrefix + "BirthDay", nil, func(p *account.Patch) **uint32 { return &p.About.Birthday }, func(a *account.Account) any { return a.About.Birthday }},
	{tagPrefix + "Location", func(p *account.Patch) **string { return &p.About.Location }, nil, func(a *account.Account) any { return a.About.Location }},
	{tagPrefix + "SelfSignature", func(p *account.Patch) **string { return &p.About.SelfSignature }, nil, func(a *account.Account) any { return a.About.SelfSignature }},
	{tagPrefix + "AllowType", func(p *account.Patch) **string { return &p.About.AllowType }, nil, func(a *account.Account) any { return a.About.AllowType }},
	{tagPrefix + "Language", nil, func(p *account.Patch) **uint32 { return &p.About.Language }, func(a *account.Account) any { return a.About.Language }},
	{tagPrefix + "MsgSettings", nil, func(p *account.Patch) **uint32 { return &p.About.MessageSettings }, func(a *account.Account) any { return a.About.MessageSettings }},
	{tagPrefix + "AdminForbidType", func(p *account.Patch) **string { return &p.About.AdminForbidType }, nil, func(a *account.Account) any { return a.About.AdminForbidType }},
	{tagPrefix + "Level", nil, func(p *account.Patch) **uint32 { return &p.About.Level }, func(a *account.Account) any { return a.About.Level }},
	{tagPrefix + "Role", nil, func(p *account.Patch) **uint32 { return &p.About.Role }, func(a *account.Account) any { return a.About.Role }},
}

func tagNamed(name string) *tag {
	for i := range tags {
		if tags[i].name == name {
			return &tags[i]
		}
	}
	return nil
}

func (s *Server) registerProfiles() {
	register(s, &profile, "portrait_set", limits{}, s.setPortrait)
	register(s, &profile, "portrait_get", limits{body: maxBatchBodyBytes}, s.portraits)
}

type portraitRequest struct {
	FromAccount Account       `json:"From_Account" im:"need"`
	ProfileItem []profileItem `im:"need"`
}

type profileItem struct {
	Tag   string          `im:"need"`
	Value json.RawMessage `im:"need"`
}

func (s *Server) setPortrait(ctx context.Context, by chat.Identity, in *portraitRequest) (*bare, error) {
	var p account.Patch
	for i, item := range in.ProfileItem {
		t := tagNamed(item.Tag)
		if t == nil {
			return nil, refuse(codeUnknownTag, "ProfileItem[%d].Tag: profiles have no such field here", i)
		}
		if err := t.set(&p, item.Value); err != nil {
			return nil, err
		}
	}
	if _, err := s.accounts.SetProfile(ctx, string(in.FromAccount), p); err != nil {
		return nil, err
	}
	s.journal.record(ctx, by, "account_profile", string(in.FromAccount), nil)
	return nil, nil
}

// set puts a value into a patch.
func (t *tag) set(p *account.Patch, value json.RawMessage) error {
	if t.number != nil {
		n, err := strconv.ParseUint(string(value), 10, 32)
		if err != nil {
			return refuse(codeWrongType, "%s must be an Integer from 0 to 4294967295", t.name)
		}
		u := uint32(n)
		*t.number(p) = &u
		return nil
	}
	var text string
	if value[0] != '"' || json.Unmarshal(value, &text) != nil {
		return refuse(codeWrongType, "%s must be a String", t.name)
	}
	if len(text) > maxProfileBytes {
		return refuse(codeTooLong, "%s is longer than %d bytes", t.name, maxProfileBytes)
	}
	*t.text(p) = &text
	return nil
}

type portraitsRequest struct {
	ToAccount []Account `json:"To_Account" im:"code=40002"`
	TagList   []string
}

type portraitsAnswer struct {
	UserProfileItem []userProfile
	FailAccount     []string `json:"Fail_Account,omitempty"`
}

// userProfile is one user's; values that nobody set are not in it.
type userProfile struct {
	ToAccount   string         `json:"To_Account"`
	ProfileItem []profileValue `json:",omitempty"`
	ResultCode  int
	ResultInfo  string
}

type profileValue struct {
	Tag   string
	Value any
}

// portraits tells of profiles, all fields where none is named. Custom fields may be asked for, but nobody can have set one.
func (s *Server) portraits(ctx context.Context, _ chat.Identity, in *portraitsRequest) (*portraitsAnswer, error) {
	switch n := len(in.ToAccount); {
	case n == 0:
		return nil, refuse(codeNoToAccount, "To_Account is missing")
	case n > maxAccounts:
		return nil, refuse(profile.parameter, "To_Account may name at most %d accounts", maxAccounts)
	}
	asked, err := askedTags(in.TagList)
	if err != nil {
		return nil, err
	}
	ids := users(in.ToAccount)
	there, err := s.accountsOf(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := &portraitsAnswer{}
	for _, id := range ids {
		one := userProfile{ToAccount: id}
		if a, known := there[id]; known {
			one.ProfileItem = values(&a, asked)
		} else {
			one.ResultCode, one.ResultInfo = profile.noAccount, "there is no such account"
			out.FailAccount = append(out.FailAccount, id)
		}
		out.UserProfileItem = append(out.UserProfileItem, one)
	}
	return out, nil
}

func askedTags(names []string) ([]*tag, error) {
	var asked []*tag
	for i, name := range names {
		if t := tagNamed(name); t != nil {
			asked = append(asked, t)
		} else if !strings.HasPrefix(name, tagCustom) {
			return nil, refuse(codeUnknownTag, "TagList[%d]: profiles have no such field", i)
		}
	}
	if len(names) == 0 {
		for i := range tags {
			asked = append(asked, &tags[i])
		}
	}
	return asked, nil
}

// values are those of a profile that somebody set.
func values(a *account.Account, asked []*tag) []profileValue {
	var set []profileValue
	for _, t := range asked {
		if v := t.has(a); v != "" && v != uint32(0) {
			set = append(set, profileValue{t.name, v})
		}
	}
	return set
}

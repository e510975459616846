package account

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Longest texts of About, in bytes (spec im-rest §4.7).
const (
	MaxSignatureBytes = 500
	MaxLocationBytes  = 16
)

// About is what a profile of Tencent's has besides nickname and avatar. It is kept for those who ask for it, and nothing
// here depends on it.
type About struct {
	Gender          string `json:"gender,omitempty"` // Gender_Type_Unknown, _Female or _Male; empty: unknown
	SelfSignature   string `json:"selfSignature,omitempty"`
	Birthday        uint32 `json:"birthday,omitempty"` // as 20261121
	Location        string `json:"location,omitempty"`
	Language        uint32 `json:"language,omitempty"`
	Level           uint32 `json:"level,omitempty"`
	Role            uint32 `json:"role,omitempty"`
	MessageSettings uint32 `json:"messageSettings,omitempty"`
	AllowType       string `json:"allowType,omitempty"`       // who may befriend: AllowType_Type_AllowAny, _NeedConfirm or _DenyAny
	AdminForbidType string `json:"adminForbidType,omitempty"` // AdminForbid_Type_None or _SendOut; a backend's to set
}

// AboutPatch changes some of About; nil stays.
type AboutPatch struct {
	Gender          *string `json:"gender,omitempty"`
	SelfSignature   *string `json:"selfSignature,omitempty"`
	Birthday        *uint32 `json:"birthday,omitempty"`
	Location        *string `json:"location,omitempty"`
	Language        *uint32 `json:"language,omitempty"`
	Level           *uint32 `json:"level,omitempty"`
	Role            *uint32 `json:"role,omitempty"`
	MessageSettings *uint32 `json:"messageSettings,omitempty"`
	AllowType       *string `json:"allowType,omitempty"`
	AdminForbidType *string `json:"adminForbidType,omitempty"`
}

func (p AboutPatch) apply(a About) About {
	set(&a.Gender, p.Gender)
	set(&a.SelfSignature, p.SelfSignature)
	set(&a.Birthday, p.Birthday)
	set(&a.Location, p.Location)
	set(&a.Language, p.Language)
	set(&a.Level, p.Level)
	set(&a.Role, p.Role)
	set(&a.MessageSettings, p.MessageSettings)
	set(&a.AllowType, p.AllowType)
	set(&a.AdminForbidType, p.AdminForbidType)
	return a
}

// check says which value does not fit.
func (p AboutPatch) check() error {
	for _, t := range []struct {
		field string
		value *string
		max   int
	}{{"selfSignature", p.SelfSignature, MaxSignatureBytes}, {"location", p.Location, MaxLocationBytes}} {
		switch {
		case t.value == nil:
		case len(*t.value) > t.max:
			return ErrTooLong.at(t.field, "it is longer than %d bytes", t.max)
		case !utf8.ValidString(*t.value) || strings.ContainsFunc(*t.value, func(r rune) bool { return !allowedRune(r) }):
			return ErrBadProfile.at(t.field, "it holds control or format characters, or is not valid UTF-8")
		}
	}
	for _, w := range []struct {
		field  string
		value  *string
		prefix string
		words  []string
	}{
		{"gender", p.Gender, "Gender_Type_", []string{"Unknown", "Female", "Male"}},
		{"allowType", p.AllowType, "AllowType_Type_", []string{"AllowAny", "NeedConfirm", "DenyAny"}},
		{"adminForbidType", p.AdminForbidType, "AdminForbid_Type_", []string{"None", "SendOut"}},
	} {
		if w.value != nil && *w.value != "" && !isWord(*w.value, w.prefix, w.words) {
			return ErrBadProfile.at(w.field, "must be %s and one of %s", w.prefix, strings.Join(w.words, ", "))
		}
	}
	return nil
}

func isWord(value, prefix string, words []string) bool {
	word, ok := strings.CutPrefix(value, prefix)
	return ok && slices.Contains(words, word)
}

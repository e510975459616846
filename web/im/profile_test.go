package im_test

import (
	"strings"
	"testing"

	"liveroom/chat/account"
)

func TestProfiles(t *testing.T) {
	d := newDoor(t, nil)
	d.must(accountService+"multiaccount_import", `{"Accounts":["ann","bob"]}`)
	d.must("profile/portrait_set", `{"From_Account":"ann","ProfileItem":[
		{"Tag":"Tag_Profile_IM_Nick","Value":"Ann"},{"Tag":"Tag_Profile_IM_Image","Value":"https://x/a.png"},{"Tag":"Tag_Profile_IM_Gender","Value":"Gender_Type_Female"},
		{"Tag":"Tag_Profile_IM_BirthDay","Value":4294967295},{"Tag":"Tag_Profile_IM_Location","Value":"here"},{"Tag":"Tag_Profile_IM_SelfSignature","Value":"x"},
		{"Tag":"Tag_Profile_IM_AllowType","Value":"AllowType_Type_DenyAny"},{"Tag":"Tag_Profile_IM_Language","Value":1},{"Tag":"Tag_Profile_IM_MsgSettings","Value":2},
		{"Tag":"Tag_Profile_IM_AdminForbidType","Value":"AdminForbid_Type_SendOut"},{"Tag":"Tag_Profile_IM_Level","Value":3},{"Tag":"Tag_Profile_IM_Role","Value":4}]}`)
	out := d.must("profile/portrait_get", `{"To_Account":["bob","nobody","ann"]}`)
	if pick(out["UserProfileItem"], "ResultCode") != "0 40003 0" || out["ErrorDisplay"] != "" {
		t.Errorf("%v", out)
	}
	if failed, _ := out["Fail_Account"].([]any); len(failed) != 1 || failed[0] != "nobody" {
		t.Errorf("%v", out)
	}
	all, _ := out["UserProfileItem"].([]any)
	bob, _ := all[0].(map[string]any)
	ann, _ := all[2].(map[string]any)
	if got := pick(ann["ProfileItem"], "Value"); got != "Ann https://x/a.png Gender_Type_Female 4.294967295e+09 here x AllowType_Type_DenyAny 1 2 AdminForbid_Type_SendOut 3 4" || bob["ProfileItem"] != nil {
		t.Errorf("ann %s, bob %v", got, bob)
	}
	out = d.must("profile/portrait_get", `{"To_Account":["ann"],"TagList":["Tag_Profile_IM_Level","Tag_Profile_Custom_Vip","Tag_Profile_IM_Nick"]}`)
	all, _ = out["UserProfileItem"].([]any)
	ann, _ = all[0].(map[string]any)
	if pick(ann["ProfileItem"], "Tag") != "Tag_Profile_IM_Level Tag_Profile_IM_Nick" || out["Fail_Account"] != nil {
		t.Errorf("%v", out)
	}
}

func TestWhatIsWrongWithProfiles(t *testing.T) {
	d := newDoor(t, nil)
	d.must(accountService+"account_import", `{"UserID":"ann"}`)
	set := func(tag, value string) string {
		return `{"From_Account":"ann","ProfileItem":[{"Tag":"` + tag + `","Value":` + value + `}]}`
	}
	long := `"` + strings.Repeat("x", 501) + `"`
	for _, c := range []struct {
		command, body string
		code          int
		words         string
	}{
		{"portrait_set", `{"ProfileItem":[{"Tag":"Tag_Profile_IM_Nick","Value":"A"}]}`, 40001, "From_Account"},
		{"portrait_set", `{"From_Account":1,"ProfileItem":[{"Tag":"Tag_Profile_IM_Nick","Value":"A"}]}`, 60015, "From_Account"},
		{"portrait_set", `{"From_Account":"nobody","ProfileItem":[{"Tag":"Tag_Profile_IM_Nick","Value":"A"}]}`, 40003, "From_Account"},
		{"portrait_set", `{"From_Account":"ann"}`, 40001, "ProfileItem"},
		{"portrait_set", `{"From_Account":"ann","ProfileItem":[{"Value":"A"}]}`, 40001, "ProfileItem[0].Tag"},
		{"portrait_set", `{"From_Account":"ann","ProfileItem":[{"Tag":"Tag_Profile_IM_Nick"}]}`, 40001, "ProfileItem[0].Value"},
		{"portrait_set", set("Tag_Profile_IM_Shoes", `"A"`), 40009, "ProfileItem[0].Tag"},
		{"portrait_set", set("Tag_Profile_Custom_Vip", `"A"`), 40009, "ProfileItem[0].Tag"},
		{"portrait_set", set("Tag_Profile_IM_Nick", `7`), 40610, "Nick"},
		{"portrait_set", set("Tag_Profile_IM_Level", `"7"`), 40610, "Level"},
		{"portrait_set", set("Tag_Profile_IM_Level", `4294967296`), 40610, "Level"},
		{"portrait_set", set("Tag_Profile_IM_Nick", long), 40601, "Nick"},
		{"portrait_set", set("Tag_Profile_IM_Image", long), 40601, "Image"},
		{"portrait_set", set("Tag_Profile_IM_Location", `"seventeen letters"`), 40601, "Location"},
		{"portrait_set", set("Tag_Profile_IM_Gender", `"male"`), 40605, "Gender"},
		{"portrait_set", set("Tag_Profile_IM_Nick", `"administrator"`), 40005, "Nick"},
		{"portrait_get", `{"TagList":["Tag_Profile_IM_Nick"]}`, 40002, "To_Account"},
		{"portrait_get", `{"To_Account":[1]}`, 60015, "To_Account[0]"},
		{"portrait_get", `{"To_Account":"ann"}`, 40002, "To_Account"},
		{"portrait_get", `{"To_Account":["ann"` + strings.Repeat(`,"ann"`, 100) + `]}`, 40001, "100"},
		{"portrait_get", `{"To_Account":["ann"],"TagList":["Nick"]}`, 40009, "TagList[0]"},
	} {
		d.refused("profile/"+c.command, c.body, c.code, c.words)
	}
	if out := d.call("profile/portrait_set", `{}`); out["ErrorDisplay"] == "" || out["ErrorDisplay"] != out["ErrorInfo"] {
		t.Errorf("words for end users: %v", out)
	}
	if a, _ := d.accounts.Account(t.Context(), "ann"); a.Nick != "" || a.Avatar != "" || a.About != (account.About{}) {
		t.Errorf("changed all the same: %+v", a)
	}
}

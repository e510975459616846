package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"liveroom/chat/account"
	"liveroom/chat/summary"
	"liveroom/status"
)

// TestASessionIsKnownWhileItCanNotBeRead: what happens then counts for the one that was read last.
func TestASessionIsKnownWhileItCanNotBeRead(t *testing.T) {
	away := errors.New("away")
	live := func(session string) status.Record {
		return status.Record{Room: "demo", Session: session, Code: status.Live}
	}
	var last lastStatuses
	for _, step := range []struct {
		name string
		read status.Record
		err  error
		want string
	}{
		{"never read", status.Record{}, away, ""},
		{"read", live("s1"), nil, "s1"},
		{"away", status.Record{}, away, "s1"},
		{"another one", live("s2"), nil, "s2"},
		{"away again", status.Record{}, away, "s2"},
		{"the group is gone", status.Record{}, nil, ""},
		{"away then", status.Record{}, away, ""},
	} {
		if got := last.newest("demo", step.read, step.err); got.Session != step.want {
			t.Errorf("%s: %q, want %q", step.name, got.Session, step.want)
		}
	}
	for i := range 3 * lastStatusesMost / 2 {
		last.newest(fmt.Sprint("g", i), live("s"), nil)
		if len(last.all) > lastStatusesMost {
			t.Fatalf("%d are remembered", len(last.all))
		}
	}
	if got := last.newest("demo2", live("s"), nil); got.Session != "s" || last.newest("demo2", status.Record{}, away).Session != "s" {
		t.Error("the newest is forgotten")
	}
}

// TestASummaryFitsAMessageWhateverPeopleAreCalled: what JSON escapes, and escapes again, grows.
func TestASummaryFitsAMessageWhateverPeopleAreCalled(t *testing.T) {
	for _, char := range []string{"<", "&", `"`, `\`, "a", "ß"} {
		for avatar := 0; avatar <= account.MaxAvatarBytes; avatar += 7 {
			s := summary.Summary{Group: "demo"}
			for i := range 360 {
				s.Curve = append(s.Curve, int64(1)<<53-int64(i))
			}
			for i := range 10 {
				s.Top = append(s.Top, summary.Ranked{
					Rank: i + 1, User: strings.Repeat(char, 32/len(char)), Nick: strings.Repeat(char, account.MaxNickBytes/len(char)), Level: 99,
					Avatar: strings.Repeat(char, avatar/len(char)), Value: 1 << 53, Count: 1 << 53,
				})
			}
			body, err := summaryMessage(s)
			if err != nil || len(body) > 12<<10 {
				t.Fatalf("%d bytes with pictures of %d times %s, %v", len(body), avatar, char, err)
			}
		}
	}
}

package main

import (
	"encoding/json"
	"testing"

	"liveroom/chat"
)

// TestLikesInMessagesOfHostileCounts: a message whose count is none brings no likes, and none more than a call may.
func TestLikesInMessagesOfHostileCounts(t *testing.T) {
	set := Settings{LikeMessage: "$.type=like", LikeCount: "$.count"}
	read, err := set.likesIn()
	if err != nil {
		t.Fatal(err)
	}
	for data, want := range map[string]int{
		`{"type":"like"}`: 1, `{"type":"like","count":3}`: 3, `{"type":"like","count":"5"}`: 5, `{"type":"like","count":1000000}`: 1000,
		`{"type":"like","count":0}`: 0, `{"type":"like","count":-4}`: 0, `{"type":"like","count":1.5}`: 0, `{"type":"like","count":1e308}`: 0,
		`{"type":"like","count":9223372036854775808}`: 0, `{"type":"like","count":"many"}`: 0, `{"type":"like","count":null}`: 0,
		`{"type":"like","count":[1]}`: 0, `{"type":"like","count":1e999}`: 0, `{"type":["like"]}`: 0, `like`: 0, ``: 0,
	} {
		body, _ := json.Marshal(customBody(data))
		if got := read(&chat.Message{Body: body}); got != want {
			t.Errorf("%s brings %d likes, want %d", data, got, want)
		}
	}
	many, _ := json.Marshal(append(customBody(`{"type":"like","count":900}`), customBody(`{"type":"like","count":900}`)...))
	if got := read(&chat.Message{Body: many}); got != 1000 {
		t.Errorf("many elements bring %d likes", got)
	}
}

func TestWhoMayBeFollowed(t *testing.T) {
	for user, want := range map[string]bool{"anna": true, "guest_abc": true, "": false, "a b": false, "anon_1": false} {
		if err := mayFollow(user); (err == nil) != want {
			t.Errorf("%q: %v", user, err)
		}
	}
}

package main

import (
	"fmt"
	"time"
)

// validReplay says which setting of the chat of recordings can't be used.
func (s *Settings) validReplay() error {
	if s.ReplayChatAge < 0 || s.ReplayChatAge > 0 && s.ReplayChatAge < time.Minute {
		return fmt.Errorf("replay-chat-age is %s, must be 0 (as long as the recording) or at least 1m", s.ReplayChatAge)
	}
	return nil
}

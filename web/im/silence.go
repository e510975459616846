package im

import (
	"context"
	"time"

	"liveroom/chat"
)

// ChatSilence is what keeping users from speaking anywhere needs of the chat.
type ChatSilence interface {
	SetSilence(ctx context.Context, by chat.Identity, user string, p chat.SilencePatch) (chat.Silence, error)
	Silence(user string) chat.Silence
}

// codeNoTime is for a request that says no time.
const codeNoTime = 130008

func (s *Server) registerSilence() {
	register(s, &openConfig, "setnospeaking", limits{}, s.setSilence)
	register(s, &openConfig, "getnospeaking", limits{}, s.silence)
}

// silenceRequest says for how many seconds; 0 ends it, 4294967295 is for ever (spec im-rest §4.8).
type silenceRequest struct {
	Account Account `json:"Set_Account" im:"need"`
	Letters *uint32 `json:"C2CmsgNospeakingTime"`
	Groups  *uint32 `json:"GroupmsgNospeakingTime"`
}

func (s *Server) setSilence(ctx context.Context, by chat.Identity, in *silenceRequest) (*bare, error) {
	if in.Letters == nil && in.Groups == nil {
		return nil, refuse(codeNoTime, "C2CmsgNospeakingTime or GroupmsgNospeakingTime is needed")
	}
	there, err := s.accountsOf(ctx, []string{string(in.Account)})
	if err != nil {
		return nil, err
	}
	if len(there) == 0 {
		return nil, refuse(openConfig.noAccount, "Set_Account: there is no such account")
	}
	length := func(seconds *uint32) *time.Duration {
		if seconds == nil {
			return nil
		}
		d := lasting(*seconds)
		return &d
	}
	_, err = s.chat.SetSilence(ctx, by, string(in.Account), chat.SilencePatch{Groups: length(in.Groups), Letters: length(in.Letters)})
	return nil, err
}

type silencedRequest struct {
	Account Account `json:"Get_Account" im:"need"`
}

// silenceAnswer are the seconds left.
type silenceAnswer struct {
	Letters uint32 `json:"C2CmsgNospeakingTime"`
	Groups  uint32 `json:"GroupmsgNospeakingTime"`
}

// silence tells how long somebody may not speak. Who has no account never may.
func (s *Server) silence(ctx context.Context, _ chat.Identity, in *silencedRequest) (*silenceAnswer, error) {
	there, err := s.accountsOf(ctx, []string{string(in.Account)})
	if err != nil {
		return nil, err
	}
	if len(there) == 0 {
		return &silenceAnswer{forever, forever}, nil
	}
	one, now := s.chat.Silence(string(in.Account)), time.Now()
	return &silenceAnswer{secondsLeft(one.Letters, now), secondsLeft(one.Groups, now)}, nil
}

// secondsLeft are the whole seconds until a time, and 1 in the last. An end is the whole second after (chat.Silence): no more
// seconds are left than were set.
func secondsLeft(until, now time.Time) uint32 {
	switch {
	case chat.IsEndless(until):
		return forever
	case !now.Before(until):
		return 0
	}
	return uint32(max(until.Sub(now)/time.Second, 1))
}

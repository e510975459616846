package im

import (
	"context"

	"liveroom/chat"
)

// ChatPresence is what the commands about accounts need of the chat.
type ChatPresence interface {
	CloseUser(user string, why chat.Closing) int
	OnlinePlatforms(ctx context.Context, users []string) (map[string][]string, error)
}

// maxAsked is how many users' statuses one call may ask for, and how many one message may go to (spec im-rest §4.5, §4.6).
const maxAsked = 500

func (s *Server) registerPresence() {
	register(s, &openIM, "query_online_status", limits{}, s.queryStatus)
	register(s, &openIM, "querystate", limits{}, s.queryState)
}

// statusRequest asks who is online (spec im-rest §4.5).
type statusRequest struct {
	ToAccount    []Account `json:"To_Account" im:"code=90003"`
	IsNeedDetail uint32
}

// onlineStatus is one user's. Status is what the older command calls State.
type onlineStatus struct {
	ToAccount string           `json:"To_Account"`
	Status    string           `json:",omitempty"`
	State     string           `json:",omitempty"`
	Detail    []platformStatus `json:",omitempty"`
}

type platformStatus struct{ Platform, Status string }

type accountError struct {
	ToAccount string `json:"To_Account"`
	ErrorCode int
}

type statusAnswer struct {
	QueryResult []onlineStatus
	ErrorList   []accountError `json:",omitempty"`
}

// outcome is a refusal only if nobody who was asked for exists.
func (a *statusAnswer) outcome() (status string, code int, info string) {
	if len(a.QueryResult) == 0 {
		return statusFail, login.noAccount, "To_Account: none of these accounts exists"
	}
	return statusOK, 0, ""
}

func (s *Server) queryStatus(ctx context.Context, _ chat.Identity, in *statusRequest) (*statusAnswer, error) {
	return s.statuses(ctx, in)
}

// queryState is queryStatus in the words of 2020.
func (s *Server) queryState(ctx context.Context, _ chat.Identity, in *statusRequest) (*statusAnswer, error) {
	out, err := s.statuses(ctx, in)
	if err != nil {
		return nil, err
	}
	for i := range out.QueryResult {
		one := &out.QueryResult[i]
		one.State, one.Status = one.Status, ""
	}
	return out, nil
}

// statuses asks for each user once, in the order of the request. Who is not connected is Offline: nobody is pushed to here.
func (s *Server) statuses(ctx context.Context, in *statusRequest) (*statusAnswer, error) {
	switch n := len(in.ToAccount); {
	case n == 0:
		return nil, refuse(90001, "To_Account must name at least one account")
	case n > maxAsked:
		return nil, refuse(90011, "To_Account may name at most %d accounts", maxAsked)
	}
	asked := users(in.ToAccount)
	there, err := s.accountsOf(ctx, asked)
	if err != nil {
		return nil, err
	}
	online, err := s.chat.OnlinePlatforms(ctx, asked)
	if err != nil {
		return nil, err
	}
	out := &statusAnswer{QueryResult: []onlineStatus{}}
	for _, id := range asked {
		if _, known := there[id]; !known {
			out.ErrorList = append(out.ErrorList, accountError{id, login.noAccount})
			continue
		}
		one := onlineStatus{ToAccount: id, Status: "Offline"}
		if len(online[id]) > 0 {
			one.Status = "Online"
		}
		if in.IsNeedDetail == 1 {
			one.Detail = details(online[id])
		}
		out.QueryResult = append(out.QueryResult, one)
	}
	return out, nil
}

// details names each platform once: several of ours may be one of Tencent's.
func details(platforms []string) []platformStatus {
	var all []platformStatus
	seen := map[string]bool{}
	for _, p := range platforms {
		if name := platformName(p); !seen[name] {
			seen[name] = true
			all = append(all, platformStatus{name, "Online"})
		}
	}
	return all
}

// platformName is a platform as the commands about status have it.
func platformName(platform string) string {
	switch opt := chat.OptPlatform(platform); opt {
	case chat.PlatformIOS:
		return "iPhone"
	case chat.PlatformIPad:
		return "iPad"
	case chat.PlatformWindows:
		return "PC"
	case chat.PlatformAndroid, chat.PlatformMac:
		return opt
	}
	return chat.PlatformWeb
}

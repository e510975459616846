package web

import (
	"context"
	"net/http"
	"time"
)

// Lifetimes of UserSigs made here.
const (
	defaultSigTTL = 24 * time.Hour
	maxSigTTL     = 10 * 366 * 24 * time.Hour
)

type makeSigIn struct {
	Body struct {
		User      string    `json:"user" maxLength:"200" doc:"1 to 32 printable ASCII characters without spaces." example:"bob"`
		ExpiresIn *Duration `json:"expiresIn,omitempty" doc:"From 1s to 87840h; default 24h."`
	}
}

type makeSigOut struct {
	Body struct {
		User      string `json:"user"`
		UserSig   string `json:"userSig" doc:"Whoever has it is that user: give it to nobody else."`
		SDKAppID  uint64 `json:"sdkAppId" example:"1400000000"`
		ExpiresAt Time   `json:"expiresAt" doc:"The last second in which it is good."`
	}
}

type checkSigIn struct {
	Body struct {
		UserSig string `json:"userSig" maxLength:"8192"`
		User    string `json:"user,omitempty" maxLength:"200" doc:"Whom it is to be for; absent: whomever it names."`
	}
}

// UserSigBody is what a UserSig says and whether it is accepted.
type UserSigBody struct {
	OK        bool     `json:"ok" doc:"Its user would be signed in now."`
	Code      string   `json:"code" doc:"Of the refusal, as the chat has them; empty where ok." example:"usersig_expired"`
	User      string   `json:"user" doc:"Whom it names, true or not; empty: it can't be read."`
	SDKAppID  uint64   `json:"sdkAppId" doc:"The application it was made for; 0: it can't be read."`
	MadeAt    NullTime `json:"madeAt"`
	ExpiresAt NullTime `json:"expiresAt"`
	Sentences []string `json:"sentences" doc:"All of it in words."`
}

type checkSigOut struct{ Body UserSigBody }

func (s *Server) registerUserSigs() {
	op := s.operation("make-user-sig", http.MethodPost, "/usersigs", "accounts", "Make a UserSig", tokenHolder)
	register(s, op, s.makeUserSig)
	register(s, s.operation("check-user-sig", http.MethodPost, "/usersigs/check", "accounts", "Explain whether a UserSig is accepted, and why not", tokenHolder), s.checkUserSig)
}

func (s *Server) makeUserSig(ctx context.Context, in *makeSigIn) (*makeSigOut, error) {
	ttl := defaultSigTTL
	if in.Body.ExpiresIn != nil {
		ttl = in.Body.ExpiresIn.value().Truncate(time.Second)
	}
	if ttl < time.Second || ttl > maxSigTTL {
		return nil, newProblem(http.StatusUnprocessableEntity, "invalid", "must be from 1s to 87840h").at("expiresIn")
	}
	sig, expires, err := s.accounts.MakeSig(in.Body.User, ttl)
	if err != nil {
		return nil, err
	}
	s.record(ctx, "", "usersig_make", in.Body.User, map[string]string{"expiresIn": ttl.String()})
	out := &makeSigOut{}
	out.Body.User, out.Body.UserSig, out.Body.SDKAppID, out.Body.ExpiresAt = in.Body.User, sig, s.accounts.Signer().AppID, Time{expires}
	return out, nil
}

func (s *Server) checkUserSig(ctx context.Context, in *checkSigIn) (*checkSigOut, error) {
	ctx, cancel := timed(ctx)
	defer cancel()
	r, err := s.accounts.CheckSig(ctx, in.Body.User, in.Body.UserSig)
	if err != nil {
		return nil, err
	}
	out := &checkSigOut{UserSigBody{OK: true, User: r.User, SDKAppID: r.AppID, MadeAt: NullTime{r.IssuedAt}, ExpiresAt: NullTime{r.ExpiresAt}, Sentences: r.Sentences}}
	if r.Refused != nil {
		out.Body.OK, out.Body.Code = false, r.Refused.Name
	}
	return out, nil
}

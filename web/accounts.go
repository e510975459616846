package web

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"

	"liveroom/chat"
	"liveroom/chat/account"
)

// Accounts knows people (account.Service). In Login an empty user takes the UserSig's word for who it is.
type Accounts interface {
	Login(ctx context.Context, user, userSig string) (chat.Identity, error)
	ImportProfile(ctx context.Context, user string, p account.Patch) (a account.Account, created bool, err error)
	SetProfile(ctx context.Context, user string, p account.Patch) (account.Account, error)
	Account(ctx context.Context, user string) (account.Account, error)
	Profiles(ctx context.Context, users []string) ([]account.Account, error)
	List(ctx context.Context, after string, limit int) (page []account.Account, next string, err error)
	Delete(ctx context.Context, user string) error
	Revoke(ctx context.Context, user string) error
	IsAdmin(user string) bool
	MakeSig(user string, ttl time.Duration) (sig string, expiresAt time.Time, err error)
	CheckSig(ctx context.Context, user, sig string) (account.SigReport, error)
	Signer() account.Signer
}

func (s *Server) registerAccounts() {
	register(s, s.operation("accounts", http.MethodGet, "/accounts", "accounts", "List accounts", tokenHolder), s.listAccounts)
	register(s, s.operation("import-accounts", http.MethodPost, "/accounts", "accounts", "Make accounts, or change those that are there", tokenHolder), s.importAccounts)
	register(s, s.operation("account", http.MethodGet, "/accounts/{user}", "accounts", "Show an account", tokenHolder), s.showAccount)
	register(s, s.operation("import-account", http.MethodPut, "/accounts/{user}", "accounts", "Make an account, or change the one that is there", tokenHolder), s.importAccount)
	register(s, s.operation("change-account", http.MethodPatch, "/accounts/{user}", "accounts", "Change an account's profile", tokenHolder), s.changeAccount)
	op := s.operation("delete-account", http.MethodDelete, "/accounts/{user}", "accounts", "Delete an account and end its connections", tokenHolder)
	op.DefaultStatus = http.StatusNoContent
	register(s, op, s.deleteAccount)
	register(s, s.operation("kick-account", http.MethodPost, "/accounts/{user}/kick", "accounts", "Make an account's UserSigs void and end its connections", tokenHolder), s.kickAccount)
}

// AccountPath names an account.
type AccountPath struct {
	User string `path:"user" minLength:"1" maxLength:"32" doc:"1 to 32 printable ASCII characters without spaces." example:"bob"`
}

// AccountBody is an account as the API shows it.
type AccountBody struct {
	User   string `json:"user" example:"bob"`
	Nick   string `json:"nick"`
	Avatar string `json:"avatar"`
	account.About
	Guest     bool     `json:"guest" doc:"A named guest, who goes when its UserSig has expired."`
	CreatedAt Time     `json:"createdAt"`
	UpdatedAt NullTime `json:"updatedAt" doc:"When the profile was changed last."`
	NotBefore NullTime `json:"notBefore" doc:"UserSigs made earlier are void."`
}

func accountBody(a account.Account) AccountBody {
	return AccountBody{a.User, a.Nick, a.Avatar, a.About, a.Guest, Time{a.CreatedAt}, NullTime{a.UpdatedAt}, NullTime{a.NotBefore}}
}

// ProfileDraft is a profile, or what is to be changed of one; what is absent stays.
type ProfileDraft struct {
	Nick   *string `json:"nick,omitempty" maxLength:"500" doc:"At most 500 bytes."`
	Avatar *string `json:"avatar,omitempty" maxLength:"500" doc:"URL of at most 500 bytes."`
	account.AboutPatch
}

func (d *ProfileDraft) patch() account.Patch {
	if d == nil {
		return account.Patch{}
	}
	return account.Patch{Nick: d.Nick, Avatar: d.Avatar, About: d.AboutPatch}
}

// AccountDraft is an account to be imported.
type AccountDraft struct {
	User string `json:"user" maxLength:"200" doc:"1 to 32 printable ASCII characters without spaces."`
	ProfileDraft
}

// AccountFailure is an account that was not imported.
type AccountFailure struct {
	User   string `json:"user"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
	Field  string `json:"field,omitempty"`
}

type accountOut struct{ Body AccountBody }

type accountIn struct {
	AccountPath
	Body *ProfileDraft
}

type accountPatchIn struct {
	AccountPath
	Body ProfileDraft
}

func (s *Server) showAccount(ctx context.Context, in *AccountPath) (*accountOut, error) {
	a, err := s.accounts.Account(ctx, in.User)
	if err != nil {
		return nil, err
	}
	return &accountOut{accountBody(a)}, nil
}

func (s *Server) importAccount(ctx context.Context, in *accountIn) (*accountOut, error) {
	ctx, cancel := timed(ctx)
	defer cancel()
	a, _, err := s.accounts.ImportProfile(ctx, in.User, in.Body.patch())
	if err != nil {
		return nil, err
	}
	s.record(ctx, "", "account_import", in.User, nil)
	return &accountOut{accountBody(a)}, nil
}

func (s *Server) changeAccount(ctx context.Context, in *accountPatchIn) (*accountOut, error) {
	if in.Body == (ProfileDraft{}) {
		return nil, newProblem(http.StatusUnprocessableEntity, "invalid", "name at least one thing to change")
	}
	ctx, cancel := timed(ctx)
	defer cancel()
	a, err := s.accounts.SetProfile(ctx, in.User, in.Body.patch())
	if err != nil {
		return nil, err
	}
	s.record(ctx, "", "account_profile", in.User, nil)
	return &accountOut{accountBody(a)}, nil
}

type importIn struct {
	Body struct {
		Accounts []AccountDraft `json:"accounts" minItems:"1" maxItems:"100"`
	}
}

type importOut struct {
	Body struct {
		Accounts []AccountBody    `json:"accounts" doc:"Those that are as they were asked for now."`
		Failed   []AccountFailure `json:"failed"`
	}
}

// importAccounts imports each by itself, all at once, so that the store makes one write of many.
func (s *Server) importAccounts(ctx context.Context, in *importIn) (*importOut, error) {
	ctx, cancel := timed(ctx)
	defer cancel()
	all := in.Body.Accounts
	made, errs := make([]account.Account, len(all)), make([]error, len(all))
	var wg sync.WaitGroup
	for i := range all {
		wg.Go(func() { made[i], _, errs[i] = s.accounts.ImportProfile(ctx, all[i].User, all[i].patch()) })
	}
	wg.Wait()
	out := &importOut{}
	out.Body.Accounts, out.Body.Failed = []AccountBody{}, []AccountFailure{}
	for i, err := range errs {
		if err == nil {
			out.Body.Accounts = append(out.Body.Accounts, accountBody(made[i]))
			continue
		}
		p := problem(ctx, s.log, err)
		if p.Status >= http.StatusInternalServerError {
			return nil, p // repeating the whole is safe
		}
		out.Body.Failed = append(out.Body.Failed, AccountFailure{shorten(all[i].User), p.Code, p.Detail, p.Field})
	}
	s.record(ctx, "", "account_import", "", map[string]string{"accounts": strconv.Itoa(len(out.Body.Accounts))})
	return out, nil
}

type accountsIn struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"100"`
	Cursor string `query:"cursor" maxLength:"32" doc:"nextCursor of the page before."`
}

type accountsOut struct {
	Body struct {
		Accounts   []AccountBody `json:"accounts" doc:"By user id."`
		NextCursor string        `json:"nextCursor,omitempty" doc:"Absent on the last page."`
	}
}

func (s *Server) listAccounts(ctx context.Context, in *accountsIn) (*accountsOut, error) {
	page, next, err := s.accounts.List(ctx, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &accountsOut{}
	out.Body.Accounts, out.Body.NextCursor = make([]AccountBody, len(page)), next
	for i, a := range page {
		out.Body.Accounts[i] = accountBody(a)
	}
	return out, nil
}

func (s *Server) deleteAccount(ctx context.Context, in *AccountPath) (*empty, error) {
	ctx, cancel := timed(ctx)
	defer cancel()
	if err := s.accounts.Delete(ctx, in.User); err != nil {
		return nil, err
	}
	s.chat.CloseUser(in.User, chat.Closing{Reason: chat.CloseKicked, Type: chat.KickedByREST, Detail: "the account was deleted"})
	s.record(ctx, "", "account_delete", in.User, nil)
	return nil, nil
}

type kickedOut struct {
	Body struct {
		Sessions int `json:"sessions" doc:"Chat connections that were ended."`
	}
}

// kickAccount makes UserSigs void before it ends connections: who comes back at once finds them void.
func (s *Server) kickAccount(ctx context.Context, in *AccountPath) (*kickedOut, error) {
	ctx, cancel := timed(ctx)
	defer cancel()
	if err := s.accounts.Revoke(ctx, in.User); err != nil {
		return nil, err
	}
	out := &kickedOut{}
	out.Body.Sessions = s.chat.CloseUser(in.User, chat.Closing{Reason: chat.CloseKicked, Type: chat.KickedByREST})
	s.record(ctx, "", "account_kick", in.User, map[string]string{"sessions": strconv.Itoa(out.Body.Sessions)})
	return out, nil
}

package im

import (
	"cmp"
	"context"
	"strconv"
	"sync"

	"liveroom/chat"
	"liveroom/chat/account"
)

// maxAccounts is how many accounts one call may name (spec im-rest §4.2, §4.3).
const maxAccounts = 100

// codeBatch is for a batch that is empty or too large.
const codeBatch = 70206

func (s *Server) registerAccounts() {
	register(s, &login, "account_import", limits{}, s.importAccount)
	register(s, &login, "multiaccount_import", limits{rate: 100, body: maxBatchBodyBytes}, s.importAccounts)
	register(s, &login, "account_delete", limits{rate: 100}, s.deleteAccounts)
	register(s, &login, "account_check", limits{rate: 100}, s.checkAccounts)
	register(s, &login, "kick", limits{}, s.kick)
}

// bare is a request or an answer without fields of its own.
type bare struct{}

// user names one account. Old clients say Identifier.
type user struct {
	UserID     Account
	Identifier Account
}

func (u user) id() string { return string(cmp.Or(u.UserID, u.Identifier)) }

// importRequest is an account to be made (spec im-rest §4.1).
type importRequest struct {
	user
	Nick    *string
	FaceURL *string `json:"FaceUrl"`
}

func (s *Server) importAccount(ctx context.Context, by chat.Identity, in *importRequest) (*bare, error) {
	if in.id() == "" {
		return nil, missing(&login, "UserID")
	}
	if err := s.importOne(ctx, in); err != nil {
		return nil, err
	}
	s.journal.record(ctx, by, "account_import", in.id(), nil)
	return nil, nil
}

func (s *Server) importOne(ctx context.Context, in *importRequest) error {
	_, _, err := s.accounts.ImportProfile(ctx, in.id(), account.Patch{Nick: in.Nick, Avatar: in.FaceURL})
	return err
}

// importsRequest are many, as either generation writes them (spec im-rest §4.2).
type importsRequest struct {
	Accounts    []Account
	AccountList []importRequest
}

type importsAnswer struct{ FailAccounts []string }

// importAccounts imports each by itself, all at once, so that the store makes one write of many.
func (s *Server) importAccounts(ctx context.Context, by chat.Identity, in *importsRequest) (*importsAnswer, error) {
	list := in.AccountList
	for _, a := range in.Accounts {
		list = append(list, importRequest{user: user{UserID: a}})
	}
	if err := checkBatch("AccountList", len(list)); err != nil {
		return nil, err
	}
	out, done := &importsAnswer{FailAccounts: []string{}}, 0
	var broken error // the store's fault; repeating the whole is safe
	for i, err := range each(list, func(one *importRequest) error { return s.importOne(ctx, one) }) {
		switch {
		case err == nil:
			done++
		case login.known(err) == nil:
			broken = err
		default:
			out.FailAccounts = append(out.FailAccounts, list[i].id())
		}
	}
	if done > 0 {
		s.journal.record(ctx, by, "account_import", "", map[string]string{"accounts": strconv.Itoa(done)})
	}
	return out, broken
}

// each calls do for all elements at once, and answers what became of them.
func each[T any](list []T, do func(*T) error) []error {
	errs := make([]error, len(list))
	var wg sync.WaitGroup
	for i := range list {
		wg.Go(func() { errs[i] = do(&list[i]) })
	}
	wg.Wait()
	return errs
}

func checkBatch(field string, n int) error {
	if n == 0 || n > maxAccounts {
		return refuse(codeBatch, "%s must name from 1 to %d accounts", field, maxAccounts)
	}
	return nil
}

// accountResult is what became of one account of a call.
type accountResult struct {
	UserID        string
	ResultCode    int
	ResultInfo    string
	AccountStatus string `json:",omitempty"`
}

type accountsAnswer struct{ ResultItem []accountResult }

type deleteRequest struct{ DeleteItem []user }

// deleteAccounts deletes accounts and ends their connections (spec im-rest §4.3). Tencent lets trial applications only.
func (s *Server) deleteAccounts(ctx context.Context, by chat.Identity, in *deleteRequest) (*accountsAnswer, error) {
	if err := checkBatch("DeleteItem", len(in.DeleteItem)); err != nil {
		return nil, err
	}
	errs := each(in.DeleteItem, func(u *user) error { return s.accounts.Delete(ctx, u.id()) })
	out := &accountsAnswer{ResultItem: make([]accountResult, len(errs))}
	var deleted []string
	for i, err := range errs {
		id := in.DeleteItem[i].id()
		out.ResultItem[i].UserID = id
		if err == nil {
			s.chat.CloseUser(id, chat.Closing{Reason: chat.CloseKicked, Type: chat.KickedByREST, Detail: "the account was deleted"})
			deleted = append(deleted, id)
		}
	}
	s.journal.recordEach(ctx, by, "account_delete", deleted)
	for i, err := range errs {
		if err == nil {
			continue
		}
		refusal := login.known(err)
		if refusal == nil {
			return nil, err
		}
		out.ResultItem[i].ResultCode, out.ResultItem[i].ResultInfo = refusal.Code, refusal.Info
	}
	return out, nil
}

type checkRequest struct{ CheckItem []user }

// checkAccounts tells which accounts there are.
func (s *Server) checkAccounts(ctx context.Context, _ chat.Identity, in *checkRequest) (*accountsAnswer, error) {
	if err := checkBatch("CheckItem", len(in.CheckItem)); err != nil {
		return nil, err
	}
	ids := make([]string, len(in.CheckItem))
	for i, u := range in.CheckItem {
		ids[i] = u.id()
	}
	there, err := s.accountsOf(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := &accountsAnswer{}
	for _, id := range ids {
		one := accountResult{UserID: id, AccountStatus: "NotImported"}
		if _, known := there[id]; known {
			one.AccountStatus = "Imported"
		}
		out.ResultItem = append(out.ResultItem, one)
	}
	return out, nil
}

// accountsOf are those of users that exist.
func (s *Server) accountsOf(ctx context.Context, users []string) (map[string]account.Account, error) {
	all, err := s.accounts.Profiles(ctx, users)
	if err != nil {
		return nil, err
	}
	there := make(map[string]account.Account, len(all))
	for _, a := range all {
		there[a.User] = a
	}
	return there, nil
}

type kickRequest struct{ user }

// kick makes a user's UserSigs void and ends his connections, in this order: who comes back at once finds them void
// (spec im-rest §4.4).
func (s *Server) kick(ctx context.Context, by chat.Identity, in *kickRequest) (*bare, error) {
	if in.id() == "" {
		return nil, missing(&login, "UserID")
	}
	if err := s.accounts.Revoke(ctx, in.id()); err != nil {
		return nil, err
	}
	n := s.chat.CloseUser(in.id(), chat.Closing{Reason: chat.CloseKicked, Type: chat.KickedByREST})
	s.journal.record(ctx, by, "account_kick", in.id(), map[string]string{"sessions": strconv.Itoa(n)})
	return nil, nil
}

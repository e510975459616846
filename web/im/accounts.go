package im

import (
	"cmp"
	"context"

	"liveroom/chat"
	"liveroom/chat/account"
)

func (s *Server) registerAccounts() {
	register(s, &login, "account_import", limits{}, s.importAccount)
}

// bare is an answer without fields of its own.
type bare struct{}

// importRequest is an account to be made (spec im-rest §4.1). Old clients say Identifier.
type importRequest struct {
	UserID     Account
	Identifier Account
	Nick       *string
	FaceURL    *string `json:"FaceUrl"`
}

func (r *importRequest) user() string { return string(cmp.Or(r.UserID, r.Identifier)) }

func (s *Server) importAccount(ctx context.Context, by chat.Identity, in *importRequest) (*bare, error) {
	if in.user() == "" {
		return nil, missing(&login, "UserID")
	}
	if _, _, err := s.accounts.ImportProfile(ctx, in.user(), account.Patch{Nick: in.Nick, Avatar: in.FaceURL}); err != nil {
		return nil, err
	}
	s.journal.record(ctx, by, "account_import", in.user(), nil)
	return nil, nil
}

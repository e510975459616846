package im

import (
	"context"

	"liveroom/chat"
)

// What CommandType says.
const (
	commandSet    = 1
	commandDelete = 2
)

// ChatRoles gives roles in groups (chat.Service).
type ChatRoles interface {
	Admins(ctx context.Context, group string, by chat.Identity) (chat.Profile, error)
	SetRoles(ctx context.Context, group string, by chat.Identity, users []string, role chat.Role) error
}

func (s *Server) registerAdmins() {
	register(s, &liveGroups, "modify_admin", limits{}, s.modifyAdmins)
	register(s, &liveGroups, "get_admin_list", limits{}, s.adminList)
}

type modifyAdminsRequest struct {
	GroupID string    `json:"GroupId" im:"need"`
	Command *uint32   `json:"CommandType" im:"need"` // 1: make administrators, 2: make members again
	Admins  []Account `json:"Admin_Account" im:"need"`
}

// modifyAdmins makes administrators of a group or takes the role away, for all who are named or for nobody (spec im-rest
// §3.20). They need not be there, but must have accounts.
func (s *Server) modifyAdmins(ctx context.Context, by chat.Identity, in *modifyAdminsRequest) (*bare, error) {
	switch {
	case len(in.Admins) > mostAdmins:
		return nil, bad("Admin_Account", "may name at most %d accounts: a group has no more administrators", mostAdmins)
	case *in.Command == commandDelete:
		return nil, s.setRoles(ctx, by, in, chat.RoleMember)
	case *in.Command != commandSet:
		return nil, bad("CommandType", "must be 1 (set) or 2 (cancel)")
	}
	known, err := s.accountsOf(ctx, users(in.Admins))
	if err != nil {
		return nil, err
	}
	for _, a := range in.Admins {
		if _, ok := known[string(a)]; !ok {
			return nil, refuse(liveGroups.noAccount, "Admin_Account: there is no account %.40q", string(a))
		}
	}
	return nil, s.setRoles(ctx, by, in, chat.RoleAdmin)
}

func (s *Server) setRoles(ctx context.Context, by chat.Identity, in *modifyAdminsRequest, role chat.Role) error {
	err := s.chat.SetRoles(ctx, in.GroupID, by, users(in.Admins), role)
	return renamed(err, "user", "Admin_Account", "users", "Admin_Account")
}

// mostAdmins is how many administrators a group may have (spec im-rest §3.20).
const mostAdmins = 5

type admin struct {
	Account  string `json:"Admin_Account"`
	NickName string
	Avatar   string
}

type adminsAnswer struct {
	Admins []admin `json:"Admin_List"`
}

// adminList lists the administrators of a group, its owner apart.
func (s *Server) adminList(ctx context.Context, by chat.Identity, in *groupRequest) (*adminsAnswer, error) {
	p, err := s.chat.Admins(ctx, in.GroupID, by)
	if err != nil {
		return nil, err
	}
	known, err := s.accountsOf(ctx, p.Admins)
	if err != nil {
		return nil, err
	}
	out := &adminsAnswer{make([]admin, len(p.Admins))}
	for i, user := range p.Admins {
		out.Admins[i] = admin{user, known[user].Nick, known[user].Avatar}
	}
	return out, nil
}

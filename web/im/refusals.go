package im

import (
	"context"

	"liveroom/chat"
)

// refusal is a command that live groups don't have, as Tencent documents it (spec im-rest §3.7, §3.8, §3.14).
type refusal struct {
	command string
	code    int
	why     string
}

func (s *Server) registerRefusals() {
	const (
		members = "who is in a live group is told by get_members of group_open_avchatroom_http_svc"
		joining = "nobody can be put into a live group: people join it"
		keeping = "messages of a live group can't be deleted or changed; group_msg_recall takes them back"
		moving  = "live groups can't be imported: create_group makes them"
	)
	for _, r := range []refusal{
		{"get_group_member_info", 10007, members},
		{"get_specified_group_member_info", 10007, members},
		{"get_role_in_group", 10007, "roles in a live group are told by get_admin_list of group_open_avchatroom_http_svc"},
		{"add_group_member", 10007, joining},
		{"delete_group_member", 10004, "nobody can be deleted from a live group; forbid_send_msg and ban_group_member keep people quiet and out"},
		{"modify_group_member_info", 10007, "members of a live group have no profile of their own; forbid_send_msg mutes, modify_admin gives roles"},
		{"change_group_owner", 10007, "the owner of a live group stays its owner"},
		{"set_unread_msg_num", 10007, "nothing is unread in a live group"},
		{"delete_group_msg_by_sender", 10035, keeping},
		{"clear_group_msg", 10035, keeping},
	} {
		register(s, &groups, r.command, limits{}, s.refuseOf(r))
	}
	register(s, &openIM, "modify_group_msg", limits{}, s.refuseOf(refusal{"modify_group_msg", 10007, keeping}))
	for _, command := range []string{"import_group", "import_group_msg", "import_group_member"} {
		register(s, &groups, command, limits{}, func(context.Context, chat.Identity, *bare) (*bare, error) {
			return nil, refuse(10007, moving)
		})
	}
}

// refuseOf makes the handler of a command that no group here has. One about no group at all is told that.
func (s *Server) refuseOf(r refusal) func(context.Context, chat.Identity, *groupRequest) (*bare, error) {
	return func(ctx context.Context, _ chat.Identity, in *groupRequest) (*bare, error) {
		if _, err := s.chat.Describe(ctx, in.GroupID); err != nil {
			return nil, err
		}
		return nil, refuse(r.code, "%s", r.why)
	}
}

package chat

import "context"

// MayUpload says why somebody may not upload a file to a group now. Guests never may; others must be there, may not be
// muted or banned, and the group's settings must let them. Application administrators always may.
func (s *Service) MayUpload(ctx context.Context, group string, who Identity) error {
	return s.with(ctx, group, func(r *room) error {
		if who.Admin {
			return nil
		}
		if err := r.maySend(who); err != nil {
			return err
		}
		return r.mayUpload(who)
	})
}

// MayFinishUpload says why somebody whom MayUpload let may no longer. Being there is not asked for again: a connection
// may break while a file is under way.
func (s *Service) MayFinishUpload(ctx context.Context, group string, who Identity) error {
	return s.with(ctx, group, func(r *room) error {
		if who.Admin {
			return nil
		}
		return r.mayUpload(who)
	})
}

// mayUpload is what group and restraints say. The room's lock is held.
func (r *room) mayUpload(who Identity) error {
	switch {
	case who.Guest:
		return ErrPermission.with("", "guests may not upload; sign in")
	case r.settings.Uploads == UploadsNone:
		return ErrPermission.with("", "nobody may upload in this group")
	case r.settings.Uploads == UploadsAdmins && !r.manages(who):
		return ErrPermission.with("", "only the owner and administrators may upload in this group")
	}
	return r.maySpeak(who.User, who.Network())
}

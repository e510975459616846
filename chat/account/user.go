package account

import "strings"

// MaxUserBytes is the longest user id.
const MaxUserBytes = 32

// Prefixes of ids that only the server gives.
const (
	GuestPrefix     = "guest_" // named guests
	AnonymousPrefix = "anon_"  // connections without an account
)

// CheckUser says whether user may be a user id at all: 1 to 32 bytes of printable ASCII without spaces.
func CheckUser(user string) error {
	if user == "" {
		return because(ErrBadUser, "the user id is empty")
	}
	if len(user) > MaxUserBytes {
		return because(ErrBadUser, "the user id is longer than %d bytes", MaxUserBytes)
	}
	for i := range len(user) {
		if user[i] <= ' ' || user[i] > '~' {
			return because(ErrBadUser, "the user id may hold only printable ASCII without spaces")
		}
	}
	return nil
}

// IsGuest says whether user is an id of a named guest.
func IsGuest(user string) bool { return strings.HasPrefix(user, GuestPrefix) }

// isReserved says whether user has a prefix that only the server gives.
func isReserved(user string) bool {
	return IsGuest(user) || strings.HasPrefix(user, AnonymousPrefix)
}

// CheckAdmin says whether user may be an application administrator besides chat.Administrator.
func CheckAdmin(user string) error {
	if err := CheckUser(user); err != nil {
		return err
	}
	if isReserved(user) {
		return because(ErrBadUser, "the prefixes %s and %s belong to the server", GuestPrefix, AnonymousPrefix)
	}
	return nil
}

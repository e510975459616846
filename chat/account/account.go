package account

import (
	"context"
	"time"
)

// Account is a user known to this application.
type Account struct {
	User      string    `json:"user"`
	Nick      string    `json:"nick"`
	Avatar    string    `json:"avatar"` // URL, ≤ 500 bytes
	Guest     bool      `json:"guest"`  // a named guest, made by NewGuest
	CreatedAt time.Time `json:"createdAt"`

	About     About     `json:"about,omitzero"`
	UpdatedAt time.Time `json:"updatedAt,omitzero"` // of the last change of nick, avatar or About; zero: none

	// NotBefore refuses UserSigs issued earlier; zero when none was ever revoked (spec im-rest §4.4).
	NotBefore time.Time `json:"notBefore,omitzero"`
}

// Patch says what to change of an account; a nil field stays as it is.
type Patch struct {
	Nick      *string
	Avatar    *string
	About     AboutPatch
	UpdatedAt *time.Time
	NotBefore *time.Time // only ever moves forward
}

// Apply returns a with the patch's fields.
func (p Patch) Apply(a Account) Account {
	set(&a.Nick, p.Nick)
	set(&a.Avatar, p.Avatar)
	a.About = p.About.apply(a.About)
	set(&a.UpdatedAt, p.UpdatedAt)
	if p.NotBefore != nil && p.NotBefore.After(a.NotBefore) {
		a.NotBefore = *p.NotBefore
	}
	return a
}

// NotSooner returns a with a NotBefore that is not earlier than the given one.
func (a Account) NotSooner(notBefore time.Time) Account {
	return Patch{NotBefore: &notBefore}.Apply(a)
}

func set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}

// Store keeps accounts. Each method is atomic, and what it reports done is durable (class A, design §7).
// An account that is not there is ErrUnknownUser.
type Store interface {
	// Account returns the account of user.
	Account(ctx context.Context, user string) (Account, error)
	// Accounts returns those of users that exist, in the order asked for.
	Accounts(ctx context.Context, users []string) ([]Account, error)
	// AccountsAfter returns at most limit accounts in the order of their user ids, those above after.
	AccountsAfter(ctx context.Context, after string, limit int) ([]Account, error)
	// PutAccount creates a, or applies p to the account that already has this user id, and returns what is stored then.
	// created says which it was; p is not applied to an account just created, which has the NotBefore of one that was
	// deleted before. While that deletion is Untold, none is created, and the error is an *UntoldError.
	PutAccount(ctx context.Context, a Account, p Patch) (stored Account, created bool, err error)
	// PatchAccount changes an existing account and returns what is stored then.
	PatchAccount(ctx context.Context, user string, p Patch) (Account, error)
	// DeleteAccount removes the account of user, which is Untold from then on. Unless it is a guest's, notBefore outlives it: see
	// NotBefore.
	DeleteAccount(ctx context.Context, user string, notBefore time.Time) (Gone, error)
	// NotBefore tells which UserSigs of a deleted account are refused, should it come back; zero: none.
	NotBefore(ctx context.Context, user string) (time.Time, error)
	// DeleteGuests removes at most limit guests created before the given time, who are Untold from then on.
	DeleteGuests(ctx context.Context, before time.Time, limit int) ([]Gone, error)
	// Untold are deletions from before a time, at most limit, in no order, of which others may not know.
	Untold(ctx context.Context, before time.Time, limit int) ([]Gone, error)
	// Told says that others know of deletions. A later one of the same user is another.
	Told(ctx context.Context, gone []Gone) error
}

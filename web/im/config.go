package im

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"liveroom/chat"
	"liveroom/chat/account"
)

// Config says how the door behaves. Zero fields take their defaults.
type Config struct {
	AppID   uint64        // SDKAppID of this application; needed
	Rates   Rates         // calls a second of single commands; default those of spec im-rest §1.4
	Timeout time.Duration // for a command to be carried out; default 10 s
}

// Deps are what the door leads to. All are needed.
type Deps struct {
	Accounts Accounts
	Chat     Chat
	Journal  chat.Journal // who did what
	Failures Failures
}

// Accounts knows people (account.Service).
type Accounts interface {
	Login(ctx context.Context, user, userSig string) (chat.Identity, error)
	ImportProfile(ctx context.Context, user string, p account.Patch) (a account.Account, created bool, err error)
	SetProfile(ctx context.Context, user string, p account.Patch) (account.Account, error)
	Profiles(ctx context.Context, users []string) ([]account.Account, error)
	Delete(ctx context.Context, user string) error
	Revoke(ctx context.Context, user string) error
}

// Chat is the chat core (chat.Service).
type Chat interface {
	ChatPresence
	ChatLetters
	ChatSilence
	ChatGroups
}

// Failures limits failed authentications of an address (web.Server).
type Failures interface {
	// MayTry says whether the address may be heard: it did not fail too often lately.
	MayTry(from netip.Addr) bool
	// Failed notes a failure.
	Failed(from netip.Addr)
}

func (d Deps) validate() error {
	switch {
	case d.Accounts == nil:
		return errors.New("im: Accounts is needed")
	case d.Chat == nil:
		return errors.New("im: Chat is needed")
	case d.Journal == nil:
		return errors.New("im: Journal is needed")
	case d.Failures == nil:
		return errors.New("im: Failures is needed")
	}
	return nil
}

// maxAppID is the largest SDKAppID that fits the query.
const maxAppID = 1<<32 - 1

// Validate names the field that can't be.
func (c Config) Validate() error {
	if c.AppID == 0 || c.AppID > maxAppID {
		return fmt.Errorf("im: AppID is %d, must be from 1 to %d", c.AppID, uint32(maxAppID))
	}
	if c.Timeout < 0 {
		return fmt.Errorf("im: Timeout is %s, must not be negative", c.Timeout)
	}
	if err := c.Rates.Validate(); err != nil {
		return fmt.Errorf("im: Rates: %w", err)
	}
	return nil
}

package account_test

import (
	"testing"

	"liveroom/chat/account"
	"liveroom/chat/account/accounttest"
)

func TestMemory(t *testing.T) {
	accounttest.Store(t, func(*testing.T) account.Store { return account.NewMemory() })
}

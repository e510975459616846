package client

import (
	"errors"
	"fmt"
	"slices"
)

// ErrUnreachable says that a host gave no answer of its own: no connection, no answer in time, an HTTP status other than
// 200, or something that is no envelope. The command may have taken effect all the same.
var ErrUnreachable = errors.New("im host does not answer")

// Error is a host's refusal of a command.
type Error struct {
	Command string
	Code    int    // Tencent's ErrorCode (spec im-rest §1.5 to §1.7)
	Info    string // the host's ErrorInfo, clipped
}

func (e *Error) Error() string {
	return fmt.Sprintf("im host refuses %s: %d: %s", e.Command, e.Code, e.Info)
}

// temporary are the codes of a host that is too busy or not well (spec im-rest §1.4 to §1.7).
var temporary = []int{
	10002, 10006, 10023, 10049, 20004, 20005, 22006,
	60007, 60008, 60011, 60013, 60014, 60018, 60019,
	70050, 70169, 70202, 70500, 90024, 90992, 90994, 90995, 91000,
}

// Temporary says whether the same command may succeed in a moment.
func (e *Error) Temporary() bool { return slices.Contains(temporary, e.Code) }

// Unwelcome says whether the host refuses the application, or its administrator, whatever they ask for: a wrong key, an
// unknown SDKAppID, an address that may not call. Trying again helps once somebody has put that right.
func (e *Error) Unwelcome() bool {
	switch e.Code {
	case 60004, 60005, 60006, 60010, 60012, 60016, 60017, 60020, 60021, 70016, 70020, 70051, 70114, 70403:
		return true
	}
	return e.Code >= 70001 && e.Code <= 70014 || e.staleSig()
}

// staleSig says whether a fresh UserSig may help: this one is expired, or older than what the host accepts of its user.
func (e *Error) staleSig() bool { return e.Code == 70001 || e.Code == 70052 }

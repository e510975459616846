//go:build !linux

package redistest

import "syscall"

// DieWithParent is only known on Linux.
func DieWithParent() *syscall.SysProcAttr { return nil }

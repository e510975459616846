//go:build !linux

package redistest

import "syscall"

// dieWithParent is only known on Linux.
func dieWithParent() *syscall.SysProcAttr { return nil }

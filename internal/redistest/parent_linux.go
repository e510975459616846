package redistest

import "syscall"

// DieWithParent lets a child end with the test, also one that is killed.
func DieWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }

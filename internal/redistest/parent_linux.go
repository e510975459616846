package redistest

import "syscall"

// dieWithParent lets a child end with the test, also one that is killed.
func dieWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }

//go:build unix && !linux

package ffmpeg

import (
	"os/exec"
	"syscall"
)

// supported says that processes can be supervised here.
const supported = true

// apart puts a process into a group of its own, which is killed as a whole.
func apart(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}

// restrain lowers a process's priority. Other bounds are Linux's.
func restrain(pid int, cfg Config) { _ = syscall.Setpriority(syscall.PRIO_PGRP, pid, cfg.Niceness) }

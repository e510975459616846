package ffmpeg

import (
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// supported says that processes can be supervised here.
const supported = true

// apart puts a process into a group of its own, which is killed as a whole, and has the system kill it when this program dies.
func apart(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}

// restrain bounds what a process that has just started may take: memory, files, and its share of the processors. Where that
// fails it is gone already.
func restrain(pid int, cfg Config) {
	_ = syscall.Setpriority(syscall.PRIO_PGRP, pid, niceness()+cfg.Niceness)
	for resource, most := range map[int]uint64{
		unix.RLIMIT_AS: cfg.MemoryBytes, unix.RLIMIT_CORE: 0, unix.RLIMIT_FSIZE: 0,
	} {
		_ = unix.Prlimit(pid, resource, &unix.Rlimit{Cur: most, Max: most}, nil)
	}
}

// niceness is this program's own. The system call answers 20 less it.
func niceness() int {
	n, err := syscall.Getpriority(syscall.PRIO_PROCESS, 0)
	if err != nil {
		return 0
	}
	return 20 - n
}

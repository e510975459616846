package bench

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Process measures processes of this machine, by their ids, through /proc.
type Process []int

const clockTicks = 100 // in a second: USER_HZ, the same on every Linux that Go runs on

// Usage implements Meter.
func (p Process) Usage(context.Context) (Usage, error) {
	u := Usage{At: time.Now()}
	for _, id := range p {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", id))
		if err != nil {
			return Usage{}, fmt.Errorf("process %d: %w", id, err)
		}
		// The name, in brackets, may hold anything; utime, stime and rss are fields 14, 15 and 24.
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		if len(fields) < 22 {
			return Usage{}, fmt.Errorf("process %d: its stat has %d fields", id, len(fields))
		}
		number := func(field int) int64 {
			n, _ := strconv.ParseInt(fields[field-3], 10, 64) // the kernel's own
			return n
		}
		u.CPU += time.Duration(number(14)+number(15)) * time.Second / clockTicks
		u.RSSBytes += number(24) * int64(os.Getpagesize())
	}
	return u, nil
}

// ownCPU is what this process has used.
func ownCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// machineIdle is how long the cores of this machine had nothing to do, all together.
func machineIdle() (idle time.Duration, cores int) {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0
	}
	for line := range strings.Lines(string(stat)) {
		fields := strings.Fields(line)
		if len(fields) < 6 || !strings.HasPrefix(fields[0], "cpu") {
			continue
		}
		if fields[0] != "cpu" {
			cores++
			continue
		}
		for _, f := range fields[4:6] { // idle, iowait
			n, _ := strconv.ParseInt(f, 10, 64)
			idle += time.Duration(n) * time.Second / clockTicks
		}
	}
	return idle, cores
}

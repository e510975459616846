//go:build !linux

package bench

import (
	"context"
	"errors"
	"time"
)

// Process would measure processes of this machine.
type Process []int

// Usage implements Meter.
func (Process) Usage(context.Context) (Usage, error) {
	return Usage{}, errors.New("processes can be measured on Linux only; measure by the server's metrics")
}

// ownCPU is unknown here.
func ownCPU() time.Duration { return 0 }

// machineIdle is unknown here.
func machineIdle() (idle time.Duration, cores int) { return 0, 0 }

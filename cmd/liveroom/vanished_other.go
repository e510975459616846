//go:build !linux

package main

import "time"

// setUserTimeout does nothing: what the system has instead, and keep-alive, must do.
func setUserTimeout(uintptr, time.Duration) error { return nil }

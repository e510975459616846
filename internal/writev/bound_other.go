//go:build !linux

package writev

func setUnsent(_, _ int) error { return nil }

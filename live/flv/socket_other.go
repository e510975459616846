//go:build !linux

package flv

func setUnsent(_, _ int) error { return nil }

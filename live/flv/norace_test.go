//go:build !race

package flv

const poolForgets = false

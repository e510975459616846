//go:build !race

package writev

const poolForgets = false

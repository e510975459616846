// Package statustest is what every status.Store must do, as tests: memory, bbolt and Redis pass the same suite.
//
// Run runs all of it. A store under test may be slow (each step is an fsync), so the suite counts its steps; it uses
// real time and never waits for the clock.
package statustest

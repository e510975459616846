package main

import (
	"testing"
	"time"
)

// TestNextTime: expressions are read in UTC, or in the zone they name.
func TestNextTime(t *testing.T) {
	t.Parallel()
	after := time.Date(2026, 11, 21, 6, 0, 0, 0, time.FixedZone("x", 3600))
	for expression, want := range map[string]string{
		"0 20 * * 5":                         "2026-11-27T20:00:00Z",
		"CRON_TZ=Asia/Shanghai 0 20 * * *":   "2026-11-21T12:00:00Z",
		"@hourly":                            "2026-11-21T06:00:00Z",
		"30 5 * * *":                         "2026-11-21T05:30:00Z",
		"0 0 30 2 *":                         "0001-01-01T00:00:00Z", // there is no such day
		"0 20 * * 5 2026":                    "",
		"every day":                          "",
		"CRON_TZ=Nowhere/Nothing 0 20 * * *": "",
		"CRON_TZ=Asia/Shanghai":              "", // a parser that expects more panics
		"TZ=":                                "",
	} {
		at, err := nextTime(expression, after)
		got := ""
		if err == nil {
			got = at.UTC().Format(time.RFC3339)
		}
		if got != want {
			t.Errorf("%s: %s, %v, want %s", expression, got, err, want)
		}
	}
}

package vod

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"liveroom/live/stream"
)

// The parameters of a time shift (spec css §5.1).
const (
	paramShift  = "txTimeshift"
	paramFormat = "tsFormat"
	paramStart  = "tsStart"
	paramEnd    = "tsEnd"
	paramDelay  = "tsDelay"
)

// shift is what an address asks for: a time, or how long ago.
type shift struct {
	start, end time.Time
	delay      time.Duration
}

func refuseAt(field, format string, args ...any) error {
	return &stream.Refusal{Code: "bad_request", Field: field, Detail: field + " " + fmt.Sprintf(format, args...)}
}

// asksShift says whether a play address asks for an earlier time.
func asksShift(query string) bool {
	if !strings.Contains(query, paramShift) {
		return false
	}
	values, _ := url.ParseQuery(query)
	return values.Has(paramShift)
}

// parseShift reads what is asked for, by the clock of now. The error is a *stream.Refusal that names the parameter.
func (c Config) parseShift(query string, now time.Time) (s shift, err error) {
	q, err := url.ParseQuery(query)
	if err != nil {
		return s, refuseAt(paramShift, "stands in a query that can't be read")
	}
	for _, name := range []string{paramShift, paramFormat, paramStart, paramEnd, paramDelay} {
		if len(q[name]) > 1 {
			return s, refuseAt(name, "must stand once")
		}
	}
	switch {
	case q.Get(paramShift) != "on":
		return s, refuseAt(paramShift, "must be on")
	case q.Has(paramDelay) && (q.Has(paramStart) || q.Has(paramEnd)):
		return s, refuseAt(paramDelay, "must not stand beside tsStart and tsEnd")
	case q.Has(paramDelay):
		s.delay, err = c.parseDelay(q.Get(paramDelay))
		return s, err
	case !q.Has(paramStart):
		return s, refuseAt(paramStart, "is needed, with tsEnd, or tsDelay instead of both")
	case !q.Has(paramEnd):
		return s, refuseAt(paramEnd, "is needed beside tsStart; to play on to what is live, give tsDelay")
	}
	read, err := timeFormat(q.Get(paramFormat))
	if err != nil {
		return s, err
	}
	if s.start, err = read(paramStart, q.Get(paramStart)); err != nil {
		return s, err
	}
	if s.end, err = read(paramEnd, q.Get(paramEnd)); err != nil {
		return s, err
	}
	return s, c.checkShift(s, now)
}

func (c Config) parseDelay(raw string) (time.Duration, error) {
	n, err := strconv.ParseUint(raw, 10, 31)
	d := time.Duration(n) * time.Second //nolint:gosec // 31 bits
	switch {
	case err != nil:
		return 0, refuseAt(paramDelay, "must be whole seconds")
	case d < c.LeastAge:
		return 0, refuseAt(paramDelay, "must be at least %d seconds", int(c.LeastAge/time.Second))
	}
	return d, nil
}

func (c Config) checkShift(s shift, now time.Time) error {
	switch {
	case s.start.After(now.Add(-c.LeastAge)):
		return refuseAt(paramStart, "must be at least %d seconds ago", int(c.LeastAge/time.Second))
	case !s.end.After(s.start):
		return refuseAt(paramEnd, "must be after tsStart")
	case s.end.Sub(s.start) > c.MaxShift:
		return refuseAt(paramEnd, "must be at most %s after tsStart", strings.TrimSuffix(c.MaxShift.String(), "0m0s"))
	case s.end.After(now.Add(time.Minute)):
		return refuseAt(paramEnd, "must not be in the future")
	}
	return nil
}

// timeFormat is how times are written under a tsFormat: {unix|human}_{s|ms}[_{zone}], the zone from -12 to 12 hours east of UTC;
// without one: UTC.
func timeFormat(format string) (func(field, raw string) (time.Time, error), error) {
	parts := strings.Split(format, "_")
	bad := func() error {
		return refuseAt(paramFormat, "must be unix_s, unix_ms, human_s or human_ms, and may end in a zone from _-12 to _12")
	}
	if len(parts) < 2 || len(parts) > 3 || (parts[1] != "s" && parts[1] != "ms") {
		return nil, bad()
	}
	zone := 0
	if len(parts) == 3 {
		n, err := strconv.Atoi(parts[2])
		if err != nil || n < -12 || n > 12 || strconv.Itoa(n) != parts[2] {
			return nil, bad()
		}
		zone = n
	}
	switch parts[0] {
	case "unix":
		return func(field, raw string) (time.Time, error) { return unixTime(field, raw, parts[1] == "ms") }, nil
	case "human":
		east := time.FixedZone("", zone*3600)
		return func(field, raw string) (time.Time, error) { return humanTime(field, raw, parts[1] == "ms", east) }, nil
	}
	return nil, bad()
}

func unixTime(field, raw string, ms bool) (time.Time, error) {
	n, err := strconv.ParseUint(raw, 10, 50)
	switch {
	case err != nil && ms:
		return time.Time{}, refuseAt(field, "must be milliseconds since 1970")
	case err != nil || !ms && n > 1<<36:
		return time.Time{}, refuseAt(field, "must be seconds since 1970")
	case ms:
		return time.UnixMilli(int64(n)), nil //nolint:gosec // 50 bits
	}
	return time.Unix(int64(n), 0), nil //nolint:gosec // 50 bits
}

func humanTime(field, raw string, ms bool, zone *time.Location) (time.Time, error) {
	layout, like, digits := "20060102150405", "20230202095635", 14
	if ms {
		layout, like, digits = "20060102150405.000", "20230202095635123", 17
	}
	wrong := refuseAt(field, "must be a time like %s", like)
	if len(raw) != digits {
		return time.Time{}, wrong
	}
	if ms {
		raw = raw[:14] + "." + raw[14:]
	}
	at, err := time.ParseInLocation(layout, raw, zone)
	if err != nil || strings.ContainsAny(raw, "+- ") {
		return time.Time{}, wrong
	}
	return at, nil
}

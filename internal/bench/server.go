package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Usage is what a process has used at a moment.
type Usage struct {
	At       time.Time
	CPU      time.Duration // user and system
	RSSBytes int64
}

// Meter reads what the server has used.
type Meter interface {
	Usage(ctx context.Context) (Usage, error)
}

// Metrics is the address of a server's Prometheus metrics, process_cpu_seconds_total and process_resident_memory_bytes
// among them, as liveroom has them on its ops port.
type Metrics string

const (
	metricCPU = "process_cpu_seconds_total"
	metricRSS = "process_resident_memory_bytes"

	scrapeTimeout   = 5 * time.Second
	maxMetricsBytes = 16 << 20
)

// Usage implements Meter.
func (m Metrics) Usage(ctx context.Context) (Usage, error) {
	ctx, cancel := context.WithTimeout(ctx, scrapeTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, string(m), nil)
	if err != nil {
		return Usage{}, err
	}
	req.Header.Set("Accept", "text/plain")
	req.Close = true // no connection stays
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return Usage{}, fmt.Errorf("read metrics: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return Usage{}, fmt.Errorf("read metrics: %s answers %s", m, resp.Status)
	}
	u := Usage{At: time.Now(), CPU: -1, RSSBytes: -1}
	lines := bufio.NewScanner(io.LimitReader(resp.Body, maxMetricsBytes))
	for lines.Scan() {
		name, text, _ := strings.Cut(lines.Text(), " ")
		value, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		if err != nil {
			continue
		}
		switch name {
		case metricCPU:
			u.CPU = time.Duration(value * float64(time.Second))
		case metricRSS:
			u.RSSBytes = int64(value)
		}
	}
	if u.CPU < 0 || u.RSSBytes < 0 {
		return Usage{}, errors.Join(fmt.Errorf("%s has no %s and %s", m, metricCPU, metricRSS), lines.Err())
	}
	return u, lines.Err()
}

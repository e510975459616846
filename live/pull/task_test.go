package pull

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// TestTaskIsLoggedWithoutItsAddress: whatever writes the log, also as part of an attribute's group.
func TestTaskIsLoggedWithoutItsAddress(t *testing.T) {
	task := Task{ID: "01T", Room: "r1", Draft: Draft{URL: "https://a.example/secret.flv?key=secret"}}
	var out bytes.Buffer
	for _, h := range []slog.Handler{slog.NewJSONHandler(&out, nil), slog.NewTextHandler(&out, nil)} {
		slog.New(h).Info("x", "pull", task, slog.Group("g", "pull", &task))
	}
	fmt.Fprintf(&out, "%v %+v %s", task, task, &task)
	if text := out.String(); strings.Contains(text, "secret") || strings.Count(text, "r1/01T") != 7 {
		t.Errorf("%s", text)
	}
}

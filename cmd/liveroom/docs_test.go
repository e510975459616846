package main

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestDocumentedExamplesRun runs each block of the documents that is marked `sh run`, in order, as a reader would, against
// a real server: only the host differs.
func TestDocumentedExamplesRun(t *testing.T) {
	t.Parallel()
	n := startNode(t, "--demo")
	bin := t.TempDir()
	// The examples call liveroom itself: here it is this test binary.
	script := "#!/bin/sh\n" + asLiveroom + "=1 exec " + os.Args[0] + " --data " + n.data + ` "$@"` + "\n"
	if err := os.WriteFile(filepath.Join(bin, "liveroom"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, doc := range []string{"README.md", "docs/guide.md", "docs/recording.md", "docs/tencent-im.md"} {
		t.Run(doc, func(t *testing.T) {
			raw, err := os.ReadFile(filepath.Join("..", "..", doc))
			if err != nil {
				t.Fatal(err)
			}
			examples := blocks(string(raw), "sh run")
			if len(examples) == 0 {
				t.Fatal("no example is marked to be run")
			}
			dir := t.TempDir() // for what they write
			for _, block := range examples {
				cmd := exec.Command("bash", "-euo", "pipefail", "-c", strings.ReplaceAll(block, "localhost:8080", n.http))
				cmd.Env = append(os.Environ(), "LIVEROOM_API_TOKEN="+n.secrets.APIToken, envSDKAppID+"="+strconv.FormatUint(n.secrets.SDKAppID, 10), "PATH="+bin+":"+os.Getenv("PATH"))
				cmd.Dir = dir
				var out bytes.Buffer
				cmd.Stdout, cmd.Stderr = &out, &out
				if err := cmd.Run(); err != nil {
					t.Errorf("%v\n%s\n%s", err, block, out.String())
				}
			}
		})
	}
}

// blocks takes the blocks that begin with ``` and a mark out of a document.
func blocks(doc, mark string) (found []string) {
	for {
		_, rest, more := strings.Cut(doc, "```"+mark+"\n")
		if !more {
			return found
		}
		block, after, _ := strings.Cut(rest, "```")
		found = append(found, block)
		doc = after
	}
}

// TestDocumentedMetricsAreServed looks for each metric that docs/operating.md names, with its labels.
func TestDocumentedMetricsAreServed(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	for _, path := range []string{"/api/v1/rooms", "/live/nobody.flv", "/v4/openim/querystate"} { // counted once there was one
		resp, err := http.Get("http://" + n.http + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
	}
	push(t, "rtmp://"+n.rtmp+"/live/nobody").wait()
	if named := documentedMetrics(t, "| metric,", get(t, "http://"+n.ops+"/metrics")); named < 20 {
		t.Errorf("found %d metrics in the document", named)
	}
}

// documentedMetrics looks for the metrics of a table in what is served, and answers how many the table has.
func documentedMetrics(t *testing.T, head, served string) (named int) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "docs", "operating.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(raw), "\n"+head)
	table, _, _ = strings.Cut(table, "\n\n")
	for _, row := range strings.Split(table, "\n")[2:] {
		for _, m := range regexp.MustCompile("`([*a-z_]+)(?:{([a-z,]+)})?`").FindAllStringSubmatch(strings.Split(row, "|")[1], -1) {
			named++
			line := regexp.MustCompile(`(?m)^liveroom_` + strings.ReplaceAll(m[1], "*", "[a-z]+") + `(_count)?[{ ].*$`).FindString(served)
			if line == "" {
				t.Errorf("%s is documented and not served", m[1])
			}
			for _, label := range strings.Split(m[2], ",") {
				if label != "" && !strings.Contains(line, label+`="`) {
					t.Errorf("%s has no label %s: %s", m[1], label, line)
				}
			}
		}
	}
	return named
}

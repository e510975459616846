package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"strconv"
)

// scale multiplies how long and how much: 1 for `make test`, more for `make check-long` (design §10).
func scale() int {
	n, err := strconv.Atoi(os.Getenv("LIVEROOM_SCALE"))
	if err != nil || n < 1 {
		return 1
	}
	return n
}

// try does an API request that may find no server; it says whether it was acknowledged.
func (n *node) try(method, path string, body, out any) bool {
	raw, err := json.Marshal(body)
	if err != nil {
		return false
	}
	req, err := http.NewRequest(method, "http://"+n.http+path, bytes.NewReader(raw))
	if err != nil {
		return false
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+n.secrets.APIToken)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer func() { _ = resp.Body.Close() }()
	return resp.StatusCode < 300 && json.NewDecoder(resp.Body).Decode(out) == nil
}

// read asks until it is answered: where a machine is so busy that its Redis stands still, a node says for a moment that it is away.
func (n *node) read(path string, out any) {
	n.t.Helper()
	n.eventually("an answer of "+path, func() bool { return n.try(http.MethodGet, path, nil, out) })
}

package main

import (
	"crypto/md5"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"liveroom/status"
)

// signature is what a row of the matrix signs with: the keys of the door's purpose, that of the other one, and what for.
type signature struct {
	key, backup, foreign string
	name                 string
	now                  time.Time
}

// sign is written out here, for what is tested must not sign for itself.
func (s signature) sign(key, name, txTime string) string {
	sum := md5.Sum([]byte(key + name + txTime)) //nolint:gosec // as Tencent signs
	return "txSecret=" + hex.EncodeToString(sum[:]) + "&txTime=" + txTime
}

// at is txTime as many minutes from now.
func (s signature) at(minutes int) string {
	return strings.ToUpper(strconv.FormatInt(s.now.Add(time.Duration(minutes)*time.Minute).Unix(), 16))
}

// letters is the first txTime from now on with a letter in it, whose case can be changed.
func (s signature) letters() string {
	for m := 60; ; m++ {
		if at := s.at(m); strings.ContainsAny(at, "ABCDEF") {
			return at
		}
	}
}

func (s signature) good() string { return s.sign(s.key, s.name, s.at(60)) }

var addressMatrix = []struct {
	name  string
	code  string // empty: let in
	query func(s signature) string
}{
	{"good", "", signature.good},
	{"good, backup key", "", func(s signature) string { return s.sign(s.backup, s.name, s.at(60)) }},
	{"good, decimal time", "", func(s signature) string {
		return s.sign(s.key, s.name, strconv.FormatInt(s.now.Add(time.Hour).Unix(), 10))
	}},
	{"good, time in lower case", "", func(s signature) string { return s.sign(s.key, s.name, strings.ToLower(s.letters())) }},
	{"good, secret in upper case", "", func(s signature) string {
		secret, at, _ := strings.Cut(s.good(), "&")
		return "txSecret=" + strings.ToUpper(strings.TrimPrefix(secret, "txSecret=")) + "&" + at
	}},
	{"good, percent-encoded", "", func(s signature) string {
		name, value, _ := strings.Cut(s.good(), "=")
		return strings.Replace(name, "S", "%53", 1) + "=" + fmt.Sprintf("%%%02x", value[0]) + value[1:]
	}},
	{"good, among others and turned round", "", func(s signature) string {
		secret, at, _ := strings.Cut(s.good(), "&")
		return "vid=a&" + at + "&bizid=1&" + secret + "&x"
	}},

	{"expired", "expired", func(s signature) string { return s.sign(s.key, s.name, s.at(-1)) }},
	{"expired, backup key", "expired", func(s signature) string { return s.sign(s.backup, s.name, s.at(-1)) }},
	{"expired and tampered", "bad_signature", func(s signature) string { return tamper(s.sign(s.key, s.name, s.at(-1))) }},

	{"tampered secret", "bad_signature", func(s signature) string { return tamper(s.good()) }},
	{"secret cut short", "bad_signature", func(s signature) string {
		secret, at, _ := strings.Cut(s.good(), "&")
		return secret[:len(secret)-1] + "&" + at
	}},
	{"empty secret", "bad_signature", func(s signature) string { return "txSecret=&txTime=" + s.at(60) }},
	{"tampered time", "bad_signature", func(s signature) string { return strings.Replace(s.good(), s.at(60), s.at(61), 1) }},
	{"time in another case", "bad_signature", func(s signature) string {
		at := s.letters()
		return strings.Replace(s.sign(s.key, s.name, at), at, strings.ToLower(at), 1)
	}},
	{"no time", "malformed_time", func(s signature) string { return s.sign(s.key, s.name, "soon") }},
	{"empty time", "malformed_time", func(s signature) string { return s.sign(s.key, s.name, "") }},

	{"missing", "missing_signature", func(signature) string { return "" }},
	{"missing time", "missing_signature", func(s signature) string { return strings.Split(s.good(), "&")[0] }},
	{"missing secret", "missing_signature", func(s signature) string { return strings.Split(s.good(), "&")[1] }},
	{"names in another case", "missing_signature", func(s signature) string {
		return strings.ToLower(strings.Split(s.good(), "&")[0]) + "&txtime=" + s.at(60)
	}},

	{"key of the other purpose", "bad_signature", func(s signature) string { return s.sign(s.foreign, s.name, s.at(60)) }},
	{"no key", "bad_signature", func(s signature) string { return s.sign("", s.name, s.at(60)) }},
	{"of another stream", "bad_signature", func(s signature) string { return s.sign(s.key, s.name+"x", s.at(60)) }},

	{"secret twice", "duplicate_parameter", func(s signature) string { return s.good() + "&" + strings.Split(s.good(), "&")[0] }},
	{"time twice", "duplicate_parameter", func(s signature) string { return s.good() + "&txTime=" + s.at(90) }},
	{"secret twice, once encoded", "duplicate_parameter", func(s signature) string {
		return s.good() + "&" + strings.Replace(strings.Split(s.good(), "&")[0], "tx", "%74x", 1)
	}},
}

// tamper changes the first digit of a query's secret.
func tamper(query string) string {
	digit := query[len("txSecret=")]
	other := byte('0')
	if digit == other {
		other = '1'
	}
	return "txSecret=" + string(other) + query[len("txSecret=")+1:]
}

// door is a way in, as the matrix tries it.
type door struct {
	name             string
	action, protocol string // as metrics call them
	// try asks for a stream and returns the code of the refusal, empty if it was let in. The error says what else was wrong.
	try func(name, query string) (code string, err error)
}

// TestAddressMatrix tries each kind of address at each door.
func TestAddressMatrix(t *testing.T) {
	t.Parallel()
	const pushBackup, playBackup = "push-backup-key", "play-backup-key"
	files, https, rtmps := newPair(t, "one"), freeAddr(t), freeAddr(t)
	n := startNodeIn(t, []string{"LIVEROOM_PUSH_KEY_BACKUP=" + pushBackup, "LIVEROOM_PLAY_KEY_BACKUP=" + playBackup},
		"--https", https, "--rtmps", rtmps, "--tls-cert", files.cert, "--tls-key", files.key)
	n.createRoom(map[string]any{"id": "watched"})
	pushClip(t, n.addresses("watched").Push.RTMP)
	n.waitStatus("watched", status.Live)
	get(t, n.addresses("watched").Play.HLS) // waits for the first segment

	want := map[string]int{} // refusals by labels
	t.Run("at", func(t *testing.T) {
		for _, d := range n.doors(https, rtmps) {
			for i, row := range addressMatrix {
				if row.code != "" {
					want[fmt.Sprintf("action=%q,code=%q,protocol=%q", d.action, row.code, d.protocol)]++
				}
				t.Run(d.name+"/"+row.name, func(t *testing.T) {
					s := signature{n.secrets.PlayKey, playBackup, n.secrets.PushKey, "watched", time.Now()}
					if d.action == "push" { // each to a room of its own, which only a good signature makes
						s = signature{n.secrets.PushKey, pushBackup, n.secrets.PlayKey, strings.ToLower(d.name) + "-" + strconv.Itoa(i), time.Now()}
					}
					t.Parallel()
					code, err := d.try(s.name, row.query(s))
					if err != nil || code != row.code {
						t.Errorf("%q %v, want %q", code, err, row.code)
					}
					if d.action != "push" {
						return
					}
					exists := http.StatusNotFound
					if row.code == "" {
						exists = http.StatusOK
					}
					if resp, _ := n.with(t).request(http.MethodGet, "/api/v1/rooms/"+s.name, nil, ""); resp.StatusCode != exists {
						t.Errorf("the room of the push: %s", resp.Status)
					}
				})
			}
		}
	})
	got, metrics := map[string]int{}, n.metrics()
	for _, m := range regexp.MustCompile(`(?m)^liveroom_refusals_total\{(.*)\} (\d+)$`).FindAllStringSubmatch(metrics, -1) {
		got[m[1]], _ = strconv.Atoi(m[2])
	}
	for labels, count := range want {
		if got[labels] != count {
			t.Errorf("%d refusals are counted under %s, want %d", got[labels], labels, count)
		}
	}
	if len(got) != len(want) {
		t.Errorf("counted are %v, want %v", got, want)
	}
	for where, text := range map[string]string{"log": n.log.String(), "metrics": metrics} {
		for _, key := range []string{n.secrets.PushKey, n.secrets.PlayKey, pushBackup, playBackup} {
			if strings.Contains(text, key) {
				t.Errorf("the %s holds a key", where)
			}
		}
	}
}

// doors are all ways in, over TLS as well.
func (n *node) doors(https, rtmps string) []door {
	skip := &tls.Config{InsecureSkipVerify: true} //nolint:gosec // the test's own certificate
	tr := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: skip}
	n.t.Cleanup(tr.CloseIdleConnections)
	secure, ws, wss := &http.Client{Transport: tr}, websocket.DefaultDialer, &websocket.Dialer{TLSClientConfig: skip.Clone()}
	return []door{
		{"RTMP-push", "push", "rtmp", func(name, query string) (string, error) { return askRTMP("rtmp://"+n.rtmp, name, query, true) }},
		{"RTMPS-push", "push", "rtmp", func(name, query string) (string, error) { return askRTMP("rtmps://"+rtmps, name, query, true) }},
		{"RTMP-play", "play", "rtmp", func(name, query string) (string, error) { return askRTMP("rtmp://"+n.rtmp, name, query, false) }},
		{"RTMPS-play", "play", "rtmp", func(name, query string) (string, error) { return askRTMP("rtmps://"+rtmps, name, query, false) }},
		{"FLV", "play", "flv", func(name, query string) (string, error) {
			return askHTTP(http.DefaultClient, "http://"+n.http+"/live/"+name+".flv?"+query)
		}},
		{"FLV-h2", "play", "flv", func(name, query string) (string, error) {
			return askHTTP(secure, "https://"+https+"/live/"+name+".flv?"+query)
		}},
		{"WS-FLV", "play", "wsflv", func(name, query string) (string, error) {
			return askWebSocket(ws, "ws://"+n.http+"/live/"+name+".flv?"+query)
		}},
		{"WSS-FLV", "play", "wsflv", func(name, query string) (string, error) {
			return askWebSocket(wss, "wss://"+https+"/live/"+name+".flv?"+query)
		}},
		{"HLS", "play", "hls", func(name, query string) (string, error) {
			return askHTTP(http.DefaultClient, "http://"+n.http+"/live/"+name+".m3u8?"+query)
		}},
		{"HLS-h2", "play", "hls", func(name, query string) (string, error) {
			return askHTTP(secure, "https://"+https+"/live/"+name+".m3u8?"+query)
		}},
	}
}

// clients numbers the loopback addresses that connections come from: pushes are limited per address.
var clients atomic.Uint32

// dialApart connects from a loopback address of its own.
func dialApart(addr string) (net.Conn, error) {
	i := clients.Add(1)
	d := net.Dialer{Timeout: 10 * time.Second, LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 1, byte(i>>8), byte(i))}}
	return d.Dial("tcp", addr)
}

// askRTMP tries to push or play, the query behind the stream's name, as encoders have it.
func askRTMP(base, name, query string, push bool) (string, error) {
	to := parseRTMP(base + "/live/" + name)
	if query != "" {
		to.name += "?" + query
	}
	return askTarget(to, push)
}

func askTarget(to rtmpTarget, push bool) (string, error) {
	p, err := dialTarget(to, dialApart)
	if err != nil {
		return "", err
	}
	defer func() { _ = p.Close() }()
	ask, started, refused := p.play, "NetStream.Play.Start", "NetStream.Play.Failed"
	if push {
		ask, started, refused = p.publish, "NetStream.Publish.Start", "NetStream.Publish.Denied"
	}
	code, description, err := ask()
	switch {
	case err != nil || code == started:
		return "", err
	case code != refused:
		return "", fmt.Errorf("refused with %s, want %s", code, refused)
	}
	why, detail, _ := strings.Cut(description, ": ")
	if detail == "" {
		return why, errors.New("refused without a word")
	}
	return why, nil
}

// askHTTP tries to play over HTTP.
func askHTTP(client *http.Client, rawURL string) (string, error) {
	resp, err := client.Get(strings.TrimSuffix(rawURL, "?"))
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode == http.StatusOK {
		_, err := io.ReadFull(resp.Body, make([]byte, 7)) // the beginning of a playlist or of FLV
		return "", err
	}
	return problemCode(resp)
}

// askWebSocket tries to play over WebSocket.
func askWebSocket(dialer *websocket.Dialer, rawURL string) (string, error) {
	conn, resp, err := dialer.Dial(strings.TrimSuffix(rawURL, "?"), nil)
	if err == nil {
		return "", conn.Close()
	}
	if resp == nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	return problemCode(resp)
}

// problemCode is the code of a refusal, which must have the HTTP status that goes with it.
func problemCode(resp *http.Response) (string, error) {
	var problem struct{ Code, Detail string }
	if err := json.NewDecoder(resp.Body).Decode(&problem); err != nil {
		return "", fmt.Errorf("%s: %w", resp.Status, err)
	}
	want := http.StatusForbidden
	if problem.Code == "malformed_time" || problem.Code == "duplicate_parameter" {
		want = http.StatusBadRequest
	}
	if resp.StatusCode != want || problem.Detail == "" {
		return problem.Code, fmt.Errorf("%s %+v, want status %d", resp.Status, problem, want)
	}
	return problem.Code, nil
}

// TestSignaturesInOtherPlaces: RTMP clients write the query of the address wherever their fields end.
func TestSignaturesInOtherPlaces(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	n.createRoom(map[string]any{"id": "watched"})
	pushClip(t, n.addresses("watched").Push.RTMP)
	n.waitStatus("watched", status.Live)
	for i, c := range []struct {
		name  string
		code  string
		place func(to *rtmpTarget, good string)
	}{
		{"tcUrl", "", func(to *rtmpTarget, good string) { to.tcURL += "?" + good }},
		{"app", "", func(to *rtmpTarget, good string) { to.app += "?" + good }},
		{"app with a slash", "", func(to *rtmpTarget, good string) { to.app += "/?" + good }},
		{"everywhere alike", "", func(to *rtmpTarget, good string) {
			to.tcURL, to.app, to.name = to.tcURL+"?"+good, to.app+"?"+good, to.name+"?"+good
		}},
		{"name, escaped as if it were a part of it", "", func(to *rtmpTarget, good string) { to.name += "%3F" + good }},
		{"half here, half there", "", func(to *rtmpTarget, good string) {
			secret, at, _ := strings.Cut(good, "&")
			to.tcURL, to.name = to.tcURL+"?"+secret, to.name+"?"+at
		}},
		{"two that differ", "duplicate_parameter", func(to *rtmpTarget, good string) {
			to.tcURL, to.name = to.tcURL+"?"+tamper(good), to.name+"?"+good
		}},
		{"tampered in tcUrl", "bad_signature", func(to *rtmpTarget, good string) { to.tcURL += "?" + tamper(good) }},
		{"tampered and escaped", "bad_signature", func(to *rtmpTarget, good string) { to.name += "%3F" + tamper(good) }},
		{"nowhere", "missing_signature", func(*rtmpTarget, string) {}},
	} {
		for action, key := range map[string]string{"push": n.secrets.PushKey, "play": n.secrets.PlayKey} {
			t.Run(action+", "+c.name, func(t *testing.T) {
				t.Parallel()
				s := signature{key: key, name: "watched", now: time.Now()}
				if action == "push" {
					s.name = "place-" + strconv.Itoa(i)
				}
				to := parseRTMP("rtmp://" + n.rtmp + "/live/" + s.name)
				c.place(&to, s.good())
				if code, err := askTarget(to, action == "push"); err != nil || code != c.code {
					t.Errorf("%q %v, want %q", code, err, c.code)
				}
			})
		}
	}
}

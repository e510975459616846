package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// backend is somebody else's server program that speaks Tencent's REST API with a node. It knows of the node its address,
// the application's id and its key, and nothing else.
type backend struct {
	t      testing.TB
	base   string // scheme://host:port
	client *http.Client
	app    uint64
	key    string
	sig    string // of administrator
	dials  *atomic.Int64
}

// backend returns a backend that calls the node over plain HTTP.
func (n *node) backend() *backend {
	n.t.Helper()
	b := &backend{t: n.t, base: "http://" + n.http, app: n.secrets.SDKAppID, key: n.secrets.AppSecret}
	b.connect(&http.Transport{})
	b.sig = b.userSig("administrator")
	return b
}

// connect makes calls go by tr, whose connections are kept and counted.
func (b *backend) connect(tr *http.Transport) {
	dials := &atomic.Int64{}
	tr.MaxIdleConnsPerHost = 64
	tr.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		dials.Add(1)
		return (&net.Dialer{}).DialContext(ctx, network, addr)
	}
	b.t.Cleanup(tr.CloseIdleConnections)
	b.client, b.dials = &http.Client{Transport: tr}, dials
}

// secure is b as it calls the node at https, whose certificate is in a file.
func (b *backend) secure(addr, certificate string) *backend {
	b.t.Helper()
	raw, err := os.ReadFile(certificate)
	if err != nil {
		b.t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(raw)
	s := *b
	s.base = "https://" + addr
	s.connect(&http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}})
	return &s
}

// kept checks that so many calls, one after the other, went by connections that stay: nearly all by one, since Go's client
// leaves the one that a busy machine was slow on.
func (b *backend) kept(calls int64) {
	b.t.Helper()
	if dials := b.dials.Load(); dials > 1+calls/4 {
		b.t.Errorf("%d connections for %d calls one after the other", dials, calls)
	}
}

// as is b in a test within the test.
func (b *backend) as(t *testing.T) *backend {
	own := *b
	own.t = t
	return &own
}

// as is n in a test within the test.
func (n *node) as(t *testing.T) *node {
	return &node{t: t, data: n.data, http: n.http, rtmp: n.rtmp, ops: n.ops, env: n.env, flags: n.flags, cmd: n.cmd, log: n.log, secrets: n.secrets}
}

// userSig is a UserSig of user, made by Tencent's own package.
func (b *backend) userSig(user string) string {
	b.t.Helper()
	return signedByTencent(b.t, b.app, b.key, user, 0)
}

// query is the query of a call as user with sig.
func (b *backend) query(user, sig string) string {
	return fmt.Sprintf("sdkappid=%d&identifier=%s&usersig=%s&random=%d&contenttype=json", b.app, user, sig, 99999999)
}

// reply is what a command was answered.
type reply struct {
	ActionStatus string
	ErrorCode    int
	ErrorInfo    string

	raw    []byte
	status int
	header http.Header
}

// into decodes the reply's own fields.
func (r reply) into(t testing.TB, out any) {
	t.Helper()
	if err := json.Unmarshal(r.raw, out); err != nil {
		t.Fatalf("%v: %s", err, r.raw)
	}
}

// send makes a request of bytes as they are.
func (b *backend) send(path, query, body string, header ...string) reply {
	b.t.Helper()
	r, err := b.attempt(path, query, body, header...)
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

// attempt is send that may fail. What comes back is an envelope whatever was asked (spec im-rest §1.2).
func (b *backend) attempt(path, query, body string, header ...string) (reply, error) {
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.base+"/v4/"+path+"?"+query, strings.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := b.client.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	r := reply{status: resp.StatusCode, header: resp.Header}
	if r.raw, err = io.ReadAll(resp.Body); err != nil {
		return r, err
	}
	return r, r.enveloped()
}

// enveloped reads the envelope and checks that it is one, and consistent.
func (r *reply) enveloped() error {
	var head struct {
		ActionStatus *string
		ErrorCode    *int
		ErrorInfo    *string
	}
	if err := json.Unmarshal(r.raw, &head); err != nil || r.status != http.StatusOK || head.ActionStatus == nil || head.ErrorCode == nil || head.ErrorInfo == nil {
		return fmt.Errorf("no envelope: HTTP %d %.300s (%w)", r.status, r.raw, err)
	}
	r.ActionStatus, r.ErrorCode, r.ErrorInfo = *head.ActionStatus, *head.ErrorCode, *head.ErrorInfo
	switch ok := r.ErrorCode == 0; {
	case ok && r.ActionStatus != "OK" && r.ActionStatus != "SomeError",
		!ok && r.ActionStatus != "FAIL",
		!ok && r.ErrorInfo == "":
		return fmt.Errorf("the envelope contradicts itself: %.300s", r.raw)
	}
	return nil
}

// call does a command as administrator; body is text as it is, or a value to encode.
func (b *backend) call(command string, body any) reply {
	b.t.Helper()
	text, ok := body.(string)
	if !ok {
		raw, err := json.Marshal(body)
		if err != nil {
			b.t.Fatal(err)
		}
		text = string(raw)
	}
	return b.send(service(command), b.query("administrator", b.sig), text, "Content-Type", "application/json")
}

// must does a command that must be answered with a code, and decodes its own fields into out, if there is one.
func (b *backend) must(code int, command string, body any, out ...any) reply {
	b.t.Helper()
	r := b.call(command, body)
	if r.ErrorCode != code {
		b.t.Fatalf("%s %v: %.400s, want %d", command, body, r.raw, code)
	}
	for _, o := range out {
		r.into(b.t, o)
	}
	return r
}

// ok does a command that must succeed.
func (b *backend) ok(command string, body any, out ...any) reply {
	b.t.Helper()
	return b.must(0, command, body, out...)
}

// service puts the name of its service before that of a command.
func service(command string) string {
	if strings.Contains(command, "/") {
		return command
	}
	return "group_open_http_svc/" + command
}

// group makes a group of its own and returns its id.
func (b *backend) group() string {
	b.t.Helper()
	id := fmt.Sprint("g", groupsMade.Add(1))
	b.ok("create_group", map[string]any{"Type": "AVChatRoom", "Name": "r", "GroupId": id, "Owner_Account": "host"})
	return id
}

var groupsMade atomic.Int64 // by group

// people are imported: a host and some users.
func (b *backend) people() {
	b.t.Helper()
	b.ok("im_open_login_svc/multiaccount_import", `{"Accounts":["host","u1","u2","u3"]}`)
}

// text is a message's body with one text element.
func text(s string) []any { return textBody(s) }

// custom is a message's body with one custom element, as backends send gifts.
func custom(data string) []any {
	return []any{map[string]any{"MsgType": "TIMCustomElem", "MsgContent": map[string]any{"Data": data, "Desc": "gift", "Ext": "", "Sound": ""}}}
}

// message is a send_group_msg to group; more are further fields, as names and values.
func message(group string, body any, more ...any) map[string]any {
	m := map[string]any{"GroupId": group, "Random": randoms.Add(1), "MsgBody": body}
	for i := 0; i < len(more); i += 2 {
		m[more[i].(string)] = more[i+1]
	}
	return m
}

var randoms atomic.Uint32 // given out by message

// sent is the answer to send_group_msg.
type sent struct {
	MsgTime       int64
	MsgSeq        uint64
	MsgDropReason string
}

// compact is JSON without what has no meaning.
func compact(t testing.TB, raw []byte) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	return b.String()
}

// signedAt is a UserSig made at a time, for some seconds.
func (b *backend) signedAt(user string, at time.Time, seconds int64) string {
	b.t.Helper()
	return pack(b.t, document(b.app, b.key, user, at.Unix(), seconds), 6)
}

// escaped is a UserSig as a client writes it that encodes what need not be.
func escaped(sig string) string { return url.QueryEscape(sig) }

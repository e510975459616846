package im

import (
	"context"
	"maps"
	"slices"

	"golang.org/x/time/rate"

	"liveroom/chat"
)

// Bounds of a request's body. The larger one is for a hundred accounts with their profiles.
const (
	maxBodyBytes      = 128 << 10
	maxBatchBodyBytes = 512 << 10
)

// service is what the commands of a path's first element have in common: the numbers of common errors (spec im-rest §1.5–1.7).
type service struct {
	name      string
	badJSON   int
	parameter int // a field is missing, of the wrong type or not allowed
	noAccount int
	noSender  int               // there is no account to send as
	internal  int               // this server's fault, or its store is away
	tooFast   int               // of a command
	display   bool              // refusals have words for end users too
	fields    map[string]string // the domain's names of fields, as the service has them
}

// The services.
var (
	login = service{
		name: "im_open_login_svc", badJSON: 60003, parameter: 70402, noAccount: 70107, internal: 70500, tooFast: 60007,
		fields: map[string]string{"userId": "UserID", "nick": "Nick", "avatar": "FaceUrl"},
	}
	profile = service{
		name: "profile", badJSON: 60003, parameter: 40001, noAccount: 40003, internal: 40006, tooFast: 60007, display: true,
		fields: map[string]string{
			"userId": "From_Account", "nick": tagNick, "avatar": tagImage, "gender": tagPrefix + "Gender", "location": tagPrefix + "Location",
			"selfSignature": tagPrefix + "SelfSignature", "allowType": tagPrefix + "AllowType", "adminForbidType": tagPrefix + "AdminForbidType",
		},
	}
	openIM = service{
		name: "openim", badJSON: 90001, parameter: 90001, noAccount: 90012, noSender: 90008, internal: 90994, tooFast: 60007,
		fields: map[string]string{"user": "To_Account", "from": "From_Account", "body": "MsgBody", "cloudCustomData": "CloudCustomData"},
	}
	openConfig = service{
		name: "openconfigsvr", badJSON: 60003, parameter: 130002, noAccount: 130004, internal: 130001, tooFast: 60007,
		fields: map[string]string{"user": "Set_Account"},
	}
	openMessages = service{name: "open_msg_svc", badJSON: 60003, parameter: 1001, internal: 1005, tooFast: 60007}
	configs      = service{name: "ConfigSvc", badJSON: 60003, parameter: 60002, internal: 60008, tooFast: 60007}
	groups       = groupService("group_open_http_svc")
	attributes   = groupService("group_open_attr_http_svc")
	liveGroups   = groupService("group_open_avchatroom_http_svc")
)

func groupService(name string) service {
	return service{name: name, badJSON: 60003, parameter: 10004, noAccount: 10019, noSender: 10019, internal: 10002, tooFast: 10006, fields: groupFields}
}

// field is what clients of the service know a field by. One that it has no name for keeps the domain's.
func (s *service) field(name string) string {
	if of, ok := s.fields[name]; ok {
		return of
	}
	return name
}

// limits are what a command allows, where that is not what most do.
type limits struct {
	rate    int // calls a second; 0: defaultRate
	tooFast int // the number of that refusal; 0: the service's
	body    int // bytes; 0: maxBodyBytes
}

// command is an entry of the table.
type command struct {
	*service
	limits
	name  string
	run   func(ctx context.Context, by chat.Identity, body []byte) (any, error)
	calls *rate.Limiter // nil: any number
	tally tally
}

// register puts a command into the table. Its request is decoded into Req (see decode); a nil answer is the bare envelope.
// An answer that implements outcome says itself what stands in the envelope.
func register[Req, Resp any](s *Server, of *service, name string, l limits, handle func(ctx context.Context, by chat.Identity, in *Req) (*Resp, error)) {
	if l.rate == 0 {
		l.rate = defaultRate
	}
	if l.tooFast == 0 {
		l.tooFast = of.tooFast
	}
	if l.body == 0 {
		l.body = maxBodyBytes
	}
	shape := shapeOf[Req]()
	c := &command{service: of, limits: l, name: name}
	c.run = func(ctx context.Context, by chat.Identity, body []byte) (any, error) {
		in := new(Req)
		if err := shape.decode(of, body, in); err != nil {
			return nil, err
		}
		out, err := handle(ctx, by, in)
		if out == nil || err != nil {
			return nil, err
		}
		return out, nil
	}
	s.commands[of.name+"/"+name] = c
}

// Commands are all there are, as service/command, in order.
func Commands() []string {
	table := Server{commands: map[string]*command{}}
	table.register()
	return slices.Sorted(maps.Keys(table.commands))
}

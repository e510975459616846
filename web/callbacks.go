package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"liveroom/web/callback"
	"liveroom/web/callback/delivery"
)

// Callbacks are the receivers of callbacks and what waits for them.
type Callbacks struct {
	Endpoints *callback.Registry
	Queues    CallbackQueues
	AppID     uint64 // that examples of events are of, for a test fire
}

// CallbackQueues is what is asked of the queues (delivery.Service, delivery.Node). On another node than the one that delivers
// each may answer delivery.ErrNoCourier.
type CallbackQueues interface {
	AllFigures(ctx context.Context) (map[string]delivery.Figures, error)
	Tries(ctx context.Context, endpoint string, limit int) ([]delivery.Try, error)
	Try(ctx context.Context, e delivery.Event) (delivery.Result, time.Duration, error)
	Dead(ctx context.Context, endpoint string, from delivery.Place, limit int) ([]delivery.DeadLetter, error)
	Replay(ctx context.Context, endpoint string, letters ...uint64) (int, error)
	DeleteDead(ctx context.Context, endpoint string, letters ...uint64) (int, error)
}

func (s *Server) registerCallbacks() {
	op := func(id, method, path, summary string) huma.Operation {
		return s.operation(id, method, "/callbacks"+path, "callbacks", summary, tokenHolder)
	}
	register(s, op("callbacks", http.MethodGet, "", "List the receivers of callbacks, and how they are"), s.listCallbacks)
	create := op("create-callback", http.MethodPost, "", "Add a receiver of callbacks")
	create.DefaultStatus = http.StatusCreated
	register(s, create, s.createCallback)
	register(s, op("callback", http.MethodGet, "/{callback}", "Show a receiver of callbacks, and how it is"), s.showCallback)
	register(s, op("change-callback", http.MethodPatch, "/{callback}", "Change a receiver of callbacks"), s.changeCallback)
	remove := op("delete-callback", http.MethodDelete, "/{callback}", "Remove a receiver of callbacks, and all that waits for it")
	remove.DefaultStatus = http.StatusNoContent
	register(s, remove, s.deleteCallback)
	register(s, op("test-callback", http.MethodPost, "/{callback}/test", "Send an example of an event, and show what is answered"), s.testCallback)
	register(s, op("callback-deliveries", http.MethodGet, "/{callback}/deliveries", "List the newest tries"), s.listDeliveries)
	s.registerDeadLetters(op)
}

// CallbackPath names a receiver.
type CallbackPath struct {
	Callback string `path:"callback" pattern:"^[a-z0-9-]{1,32}$" maxLength:"32" doc:"The receiver's id." example:"backend"`
}

// CallbackBody is a receiver as the API shows it. Its key is never shown.
type CallbackBody struct {
	ID           string             `json:"id" example:"backend"`
	URL          string             `json:"url"`
	Format       callback.Format    `json:"format" enum:"im,css,status,events"`
	Events       []string           `json:"events" doc:"Names of events. * is all of its format but what a receiver is asked before it happens, which must be named."`
	HasKey       bool               `json:"hasKey" doc:"What it gets is signed."`
	OnFailure    callback.OnFailure `json:"onFailure" enum:"deliver,reject"`
	Retry        callback.Retry     `json:"retry" enum:"stored,tencent,tencent_on_timeout"`
	Enabled      bool               `json:"enabled"`
	FromSettings bool               `json:"fromSettings" doc:"It can only be changed there."`
	CreatedAt    NullTime           `json:"createdAt"`
	ChangedAt    NullTime           `json:"changedAt"`
	State        CallbackState      `json:"state"`
}

// CallbackState is how a receiver is. What counts up does so since the server's start.
type CallbackState struct {
	Circuit   delivery.Circuit `json:"circuit" enum:"closed,open,paused,unknown" doc:"open: it is unwell, and asked with one event from time to time; paused: it is off; unknown: the node that delivers does not say, and the numbers are 0."`
	UnderWay  int              `json:"underWay" doc:"Tries at this moment."`
	Queued    ClassCounts      `json:"queued" doc:"Events that wait or are under way."`
	OldestAt  NullTime         `json:"oldestAt" doc:"When the oldest of them was queued."`
	Delivered uint64           `json:"delivered" doc:"Tries that the receiver took."`
	Refused   uint64           `json:"refused" doc:"Tries that it will never take."`
	Failed    uint64           `json:"failed" doc:"Tries that it did not answer as it should."`
	Unwell    uint64           `json:"unwell" doc:"Tries that it did not answer at all, or as one who is ill."`
	Dropped   ClassCounts      `json:"dropped" doc:"Events that were too old or too much."`
	GivenUp   uint64           `json:"givenUp" doc:"Messages that had the tries that retry allows them."`
	Dead      ClassCounts      `json:"dead" doc:"Dead letters."`
}

// ClassCounts are numbers of events by class.
type ClassCounts struct {
	State  uint64 `json:"state" doc:"Statuses and streams."`
	People uint64 `json:"people" doc:"Members, attributes, groups, sign-ins."`
	Talk   uint64 `json:"talk" doc:"Messages."`
}

func classCounts[N int | uint64](of map[delivery.Class]N) ClassCounts {
	return ClassCounts{uint64(of[delivery.State]), uint64(of[delivery.People]), uint64(of[delivery.Talk])}
}

// callbackFigures are those of all receivers; none where they are not known.
func (s *Server) callbackFigures(ctx context.Context) map[string]delivery.Figures {
	all, err := s.callbacks.Queues.AllFigures(ctx)
	if err != nil {
		s.log.Debug("figures of callbacks are not known", "err", err)
	}
	return all
}

// oneCallback is a receiver as it is now.
func (s *Server) oneCallback(ctx context.Context, e callback.Endpoint) *callbackOut {
	return &callbackOut{callbackBody(e, s.callbackFigures(ctx))}
}

func callbackBody(e callback.Endpoint, all map[string]delivery.Figures) CallbackBody {
	f, known := all[e.ID]
	if !known {
		f.Circuit = "unknown"
	}
	return CallbackBody{
		ID: e.ID, URL: e.URL, Format: e.Format, Events: e.Events, HasKey: e.Key != "", OnFailure: e.OnFailure, Retry: e.Retry,
		Enabled: e.Enabled, FromSettings: e.Fixed, CreatedAt: NullTime{e.CreatedAt}, ChangedAt: NullTime{e.ChangedAt},
		State: CallbackState{
			Circuit: f.Circuit, UnderWay: f.UnderWay, Queued: classCounts(f.Queued), OldestAt: NullTime{f.Oldest},
			Delivered: f.Delivered, Refused: f.Refused, Failed: f.Failed, Unwell: f.Unwell,
			Dropped: classCounts(f.Dropped), GivenUp: f.GivenUp, Dead: classCounts(f.Dead),
		},
	}
}

type callbackOut struct{ Body CallbackBody }

type callbacksOut struct {
	Body struct {
		Callbacks []CallbackBody `json:"callbacks"`
	}
}

func (s *Server) listCallbacks(ctx context.Context, _ *empty) (*callbacksOut, error) {
	out := &callbacksOut{}
	out.Body.Callbacks = []CallbackBody{}
	figures := s.callbackFigures(ctx)
	for _, e := range s.callbacks.Endpoints.All() {
		out.Body.Callbacks = append(out.Body.Callbacks, callbackBody(e, figures))
	}
	return out, nil
}

// endpoint finds a receiver.
func (s *Server) endpoint(id string) (callback.Endpoint, error) {
	e, ok := s.callbacks.Endpoints.Endpoint(id)
	if !ok {
		return e, callback.ErrNoEndpoint
	}
	return e, nil
}

func (s *Server) showCallback(ctx context.Context, in *CallbackPath) (*callbackOut, error) {
	e, err := s.endpoint(in.Callback)
	if err != nil {
		return nil, err
	}
	return s.oneCallback(ctx, e), nil
}

// CallbackDraft is a new receiver.
type CallbackDraft struct {
	ID        string             `json:"id,omitempty" maxLength:"32" pattern:"^[a-z0-9-]{1,32}$" doc:"Default: a random one."`
	URL       string             `json:"url" maxLength:"1024" doc:"http or https, without user, password and fragment."`
	Format    callback.Format    `json:"format" enum:"im,css,status,events" doc:"im: Tencent IM's callbacks; css: Tencent CSS's stream events; status: liveroom's own of statuses; events: liveroom's own of gifts, levels, draws and the like, and the settlement of gifts."`
	Events    []string           `json:"events,omitempty" maxItems:"64" doc:"Names of events of the format; default: *, all but what it is asked before it happens."`
	Key       string             `json:"key,omitempty" maxLength:"128" doc:"What it gets is signed with it. It is never shown."`
	OnFailure callback.OnFailure `json:"onFailure,omitempty" enum:"deliver,reject" doc:"What becomes of what it is asked about when it gives no valid answer in time; default: deliver."`
	Retry     callback.Retry     `json:"retry,omitempty" enum:"stored,tencent,tencent_on_timeout" doc:"stored, the default: at least once. tencent: as Tencent does: IM events are tried once, others up to 13 times, a minute apart. tencent_on_timeout: and IM events up to three times where no answer came in time."`
	Enabled   *bool              `json:"enabled,omitempty" doc:"Default: true."`
}

type createCallbackIn struct{ Body CallbackDraft }

func (s *Server) createCallback(ctx context.Context, in *createCallbackIn) (*callbackOut, error) {
	ctx, cancel := timed(ctx)
	defer cancel()
	d := in.Body
	e, err := s.callbacks.Endpoints.Create(ctx, callback.Endpoint{
		ID: d.ID, URL: d.URL, Format: d.Format, Events: d.Events, Key: d.Key, OnFailure: d.OnFailure, Retry: d.Retry,
		Enabled: d.Enabled == nil || *d.Enabled,
	})
	if err != nil {
		return nil, err
	}
	s.record(ctx, "", "callback_create", e.ID, map[string]string{"host": e.Host(), "format": string(e.Format)})
	return s.oneCallback(ctx, e), nil
}

// CallbackPatch is what is to be changed of a receiver.
type CallbackPatch struct {
	URL       *string             `json:"url,omitempty" maxLength:"1024"`
	Events    *[]string           `json:"events,omitempty" maxItems:"64"`
	Key       *string             `json:"key,omitempty" maxLength:"128" doc:"Empty: what it gets is signed no longer."`
	OnFailure *callback.OnFailure `json:"onFailure,omitempty" enum:"deliver,reject"`
	Retry     *callback.Retry     `json:"retry,omitempty" enum:"stored,tencent,tencent_on_timeout"`
	Enabled   *bool               `json:"enabled,omitempty" doc:"false: nothing is sent; what waits, waits, within its bounds, and what happens meanwhile it never learns."`
}

// apply changes an endpoint and returns the names of what was given.
func (p CallbackPatch) apply(e *callback.Endpoint) (changed []string) {
	changed = given(changed, "url", &e.URL, p.URL)
	changed = given(changed, "events", &e.Events, p.Events)
	changed = given(changed, "key", &e.Key, p.Key)
	changed = given(changed, "onFailure", &e.OnFailure, p.OnFailure)
	changed = given(changed, "retry", &e.Retry, p.Retry)
	return given(changed, "enabled", &e.Enabled, p.Enabled)
}

// given sets a field where there is a value for it, and adds its name then.
func given[T any](names []string, name string, field, value *T) []string {
	if value == nil {
		return names
	}
	*field = *value
	return append(names, name)
}

type changeCallbackIn struct {
	CallbackPath
	Body CallbackPatch
}

func (s *Server) changeCallback(ctx context.Context, in *changeCallbackIn) (*callbackOut, error) {
	ctx, cancel := timed(ctx)
	defer cancel()
	var changed []string
	e, err := s.callbacks.Endpoints.Change(ctx, in.Callback, func(e *callback.Endpoint) error {
		if changed = in.Body.apply(e); len(changed) == 0 {
			return newProblem(http.StatusUnprocessableEntity, "invalid", "name at least one thing to change")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.record(ctx, "", "callback_change", e.ID, map[string]string{"changed": strings.Join(changed, " "), "host": e.Host()})
	return s.oneCallback(ctx, e), nil
}

func (s *Server) deleteCallback(ctx context.Context, in *CallbackPath) (*empty, error) {
	ctx, cancel := timed(ctx)
	defer cancel()
	if err := s.callbacks.Endpoints.Delete(ctx, in.Callback); err != nil {
		return nil, err
	}
	s.record(ctx, "", "callback_delete", in.Callback, nil)
	return nil, nil
}

type testCallbackIn struct {
	CallbackPath
	Body *struct {
		Event string `json:"event,omitempty" maxLength:"64" doc:"Name of an event of its format; default: the first that it wants."`
	}
}

// CallbackTest is what became of a test fire.
type CallbackTest struct {
	Event   string   `json:"event"`
	ID      string   `json:"id" doc:"The Liveroom-Event-Id it was sent with."`
	Outcome string   `json:"outcome" enum:"delivered,refused,failed,unwell"`
	Status  int      `json:"status" doc:"Of the receiver's HTTP answer; 0: none came."`
	Took    Duration `json:"took"`
	Why     string   `json:"why" doc:"Why it was not delivered."`
	Answer  string   `json:"answer" doc:"The start of what was answered, at most 1 KiB."`
}

type testCallbackOut struct{ Body CallbackTest }

func (s *Server) testCallback(ctx context.Context, in *testCallbackIn) (*testCallbackOut, error) {
	to, err := s.endpoint(in.Callback)
	if err != nil {
		return nil, err
	}
	command := to.Events[0]
	if command == callback.AllEvents {
		names := callback.Known()[to.Format]
		command = names[slices.IndexFunc(names, func(name string) bool { return !callback.Asked(name) })]
	}
	if in.Body != nil && in.Body.Event != "" {
		command = in.Body.Event
	}
	e, ok := callback.Sample(s.callbacks.AppID, to.Format, command, time.Now())
	if !ok {
		return nil, newProblem(http.StatusUnprocessableEntity, "invalid", "there is no such event of format "+string(to.Format)).at("event")
	}
	e.Endpoint = to.ID
	r, took, err := s.callbacks.Queues.Try(ctx, e)
	if err != nil {
		return nil, err
	}
	s.record(ctx, "", "callback_test", to.ID, map[string]string{"event": command, "outcome": r.Outcome.String()})
	return &testCallbackOut{CallbackTest{command, e.ID, r.Outcome.String(), r.Status, Duration(took), r.Why, r.Answer}}, nil
}

// CallbackTry is one try.
type CallbackTry struct {
	Event   string   `json:"event"`
	ID      string   `json:"id"`
	Room    string   `json:"room" doc:"The room or its chat group, as the event says; empty: of none."`
	Class   string   `json:"class" enum:"state,people,talk"`
	At      Time     `json:"at"`
	Took    Duration `json:"took"`
	Outcome string   `json:"outcome" enum:"delivered,refused,failed,unwell"`
	Status  int      `json:"status" doc:"Of the HTTP answer; 0: none came."`
	Why     string   `json:"why"`
}

type deliveriesIn struct {
	CallbackPath
	Limit int `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type deliveriesOut struct {
	Body struct {
		Deliveries []CallbackTry `json:"deliveries" doc:"The newest first; of the last 200 since the server's start."`
	}
}

func (s *Server) listDeliveries(ctx context.Context, in *deliveriesIn) (*deliveriesOut, error) {
	tries, err := s.callbacks.Queues.Tries(ctx, in.Callback, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &deliveriesOut{}
	out.Body.Deliveries = make([]CallbackTry, len(tries))
	for i, t := range tries {
		out.Body.Deliveries[i] = CallbackTry{t.Command, t.ID, t.Room, t.Class.String(), Time{t.At}, Duration(t.Took), t.Outcome.String(), t.Status, t.Why}
	}
	return out, nil
}

// callbackProblem is a refusal of the receivers of callbacks.
func callbackProblem(err error) *Problem {
	var refused *callback.EndpointError
	if !errors.As(err, &refused) {
		return newProblem(http.StatusNotFound, "not_found", "there is no such receiver of callbacks")
	}
	switch refused.Code {
	case "exists":
		return newProblem(http.StatusConflict, "exists", refused.Detail).at(refused.Field)
	case "fixed":
		return newProblem(http.StatusConflict, "from_settings", refused.Detail)
	case "too_many":
		return newProblem(http.StatusUnprocessableEntity, "too_many_callbacks", refused.Detail)
	default:
		return newProblem(http.StatusUnprocessableEntity, "invalid", refused.Detail).at(refused.Field)
	}
}

// refusedByCallbacks says whether an error is about receivers of callbacks.
func refusedByCallbacks(err error) bool {
	var refused *callback.EndpointError
	return errors.As(err, &refused) || errors.Is(err, callback.ErrNoEndpoint) || errors.Is(err, delivery.ErrNoEndpoint)
}

// CallbackSource reads the figures of the queues of callbacks.
func CallbackSource(stats func() delivery.Stats) Source {
	return func() []Sample {
		st := stats()
		out := []Sample{
			{Name: "callback_oldest_seconds", Help: "Age of the oldest event that waits for its receiver.", Value: st.Oldest.Seconds()},
			{Name: "callback_under_way", Help: "Tries at this moment.", Value: float64(st.UnderWay)},
			{Name: "callback_circuits_open", Help: "Receivers that are unwell, and asked with one event from time to time.", Value: float64(st.Open)},
			{Name: "callback_circuits_opened_total", Help: "Times that a receiver was found unwell.", Counter: true, Value: float64(st.Opened)},
			{Name: "callback_backlog_bytes", Help: "Messages that wait for their receivers, about.", Value: float64(st.Backlog)},
			{Name: "callback_unstored_bytes", Help: "Events that the store does not have yet, about.", Value: float64(st.Unstored)},
			{Name: "callback_dead_letters", Help: "Events that were put aside and are kept.", Value: float64(st.Letters)},
			{Name: "callback_died_total", Help: "Events that were put aside.", Counter: true, Value: float64(st.Dead)},
			{Name: "callback_given_up_total", Help: "Messages that had all the tries they get with Tencent's habits.", Counter: true, Value: float64(st.GivenUp)},
			{Name: "callback_lost_total", Help: "Events that could neither be stored nor dropped.", Counter: true, Value: float64(st.Lost)},
			{Name: "callback_store_failures_total", Help: "Writes of queues that failed and were tried again.", Counter: true, Value: float64(st.Failures)},
		}
		for outcome, n := range st.Tries {
			out = append(out, Sample{
				Name: "callback_tries_total", Help: "Tries by outcome.", Counter: true, Value: float64(n), Labels: []Label{{"outcome", outcome.String()}},
			})
		}
		for class, n := range st.Queued {
			out = append(out, Sample{
				Name: "callback_queued", Help: "Events that wait or are under way, by class.", Value: float64(n), Labels: []Label{{"class", class.String()}},
			})
		}
		for class, n := range st.Dropped {
			out = append(out, Sample{
				Name: "callback_dropped_total", Help: "Events that were too old or too much, by class.", Counter: true, Value: float64(n), Labels: []Label{{"class", class.String()}},
			})
		}
		return out
	}
}

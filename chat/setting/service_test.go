package setting_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"liveroom/chat/setting"
	"liveroom/chat/setting/settingtest"
)

func TestMemory(t *testing.T) {
	settingtest.Store(t, func(*testing.T) setting.Store { return setting.NewMemory() })
}

func service(t *testing.T, configured setting.Values, store setting.Store) *setting.Service {
	t.Helper()
	s, err := setting.New(t.Context(), configured, store, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// set is a change of some switches.
func set(pairs ...string) setting.Change {
	c := setting.Change{Set: map[string]json.RawMessage{}, By: "anna"}
	for i := 0; i < len(pairs); i += 2 {
		c.Set[pairs[i]] = json.RawMessage(pairs[i+1])
	}
	return c
}

func change(t *testing.T, s *setting.Service, c setting.Change) (setting.State, []setting.Step) {
	t.Helper()
	st, steps, err := s.Change(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return st, steps
}

// TestWhatIsChangedStays: what was changed holds whatever is configured later, what was not follows it.
func TestWhatIsChangedStays(t *testing.T) {
	store := setting.NewMemory()
	first := service(t, settingtest.Values(), store)
	st, steps := change(t, first, set("history", " 50", "admins", `["ops"]`, "tips", "100"))
	if st.Version != 1 || st.ChangedBy != "anna" || st.ChangedAt.IsZero() || !slices.Equal(st.Changed, []string{"history", "tips", "admins"}) {
		t.Errorf("%+v", st)
	}
	if want := []setting.Step{{"history", "20", "50"}, {"tips", "100", "100"}, {"admins", "[]", `["ops"]`}}; !slices.Equal(steps, want) {
		t.Errorf("%v", steps)
	}
	other := settingtest.Values()
	other.History, other.Tips, other.Rate = 7, 8, 9
	again := service(t, other, store)
	now := again.State()
	if now.Values.History != 50 || now.Values.Tips != 100 || now.Values.Rate != 9 || now.Configured.History != 7 || now.Version != 1 {
		t.Errorf("with another configuration: %+v", now)
	}
	st, steps = change(t, again, set("history", "null", "rate", "null"))
	if st.Values.History != 7 || !slices.Equal(st.Changed, []string{"tips", "admins"}) || !slices.Equal(steps, []setting.Step{{"history", "50", "7"}}) {
		t.Errorf("given back: %+v, %v", st, steps)
	}
	if st, steps := change(t, again, set("tips", "100", "history", "null")); st.Version != 2 || steps != nil {
		t.Errorf("what changes nothing: %+v, %v", st, steps)
	}
}

// TestEverybodyIsTold: in order, at once here, and on another node when it reloads; what is told again is not.
func TestEverybodyIsTold(t *testing.T) {
	store := setting.NewMemory()
	here, there := service(t, settingtest.Values(), store), service(t, settingtest.Values(), store)
	var told [2][]int
	for i, s := range []*setting.Service{here, there} {
		s.Watch(func(v setting.Values) {
			if now := s.Now(); !reflect.DeepEqual(*now, v) {
				t.Error("what is told is not in force")
			}
			told[i] = append(told[i], v.History)
		})
	}
	for _, n := range []string{"1", "2", "2", "3"} {
		change(t, here, set("history", n))
		if n == "2" {
			for range 2 {
				if err := there.Reload(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	change(t, here, set("history", "20", "tips", "100")) // pinned, and as before
	if want := [2][]int{{20, 1, 2, 3, 20}, {20, 2}}; !reflect.DeepEqual(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
}

// away is a Store that does not answer while it is told so, and can be beaten to a change.
type away struct {
	setting.Store
	gone   atomic.Bool
	before func()
}

var errAway = errors.New("away")

func (a *away) Settings(ctx context.Context) (setting.Record, error) {
	if a.gone.Load() {
		return setting.Record{}, errAway
	}
	return a.Store.Settings(ctx)
}

func (a *away) PutSettings(ctx context.Context, next setting.Record) error {
	if a.before != nil {
		a.before()
	}
	return a.Store.PutSettings(ctx, next)
}

func TestTheLastKnownStayWhileTheStoreIsAway(t *testing.T) {
	store := &away{Store: setting.NewMemory()}
	s := service(t, settingtest.Values(), store)
	change(t, s, set("history", "50"))
	store.gone.Store(true)
	if err := s.Reload(t.Context()); !errors.Is(err, errAway) || s.Now().History != 50 {
		t.Errorf("%v, %d", err, s.Now().History)
	}
	if _, _, err := s.Change(t.Context(), set("history", "60")); !errors.Is(err, errAway) || s.Now().History != 50 {
		t.Errorf("%v, %d", err, s.Now().History)
	}
	if _, err := setting.New(t.Context(), settingtest.Values(), store, slog.New(slog.DiscardHandler)); !errors.Is(err, errAway) {
		t.Errorf("a node began without knowing: %v", err)
	}
	store.gone.Store(false)
	if st, _ := change(t, s, set("tips", "1")); st.Values.History != 50 || st.Values.Tips != 1 {
		t.Errorf("%+v", st)
	}
}

// TestConflicts: a change for a version that is over is refused, one for any is made upon what others did.
func TestConflicts(t *testing.T) {
	memory := setting.NewMemory()
	rival := service(t, settingtest.Values(), memory)
	beaten := 0
	store := &away{Store: memory}
	store.before = func() {
		if beaten++; beaten <= 2 {
			change(t, rival, set("rate", string(rune('0'+beaten))))
		}
	}
	s := service(t, settingtest.Values(), store)
	st, _ := change(t, s, set("history", "50"))
	if st.Version != 3 || st.Values.Rate != 2 || st.Values.History != 50 || beaten != 3 {
		t.Errorf("%+v after %d", st, beaten)
	}
	for version, want := range map[uint64]error{2: setting.ErrChanged, 4: setting.ErrChanged, 0: setting.ErrChanged} {
		c := set("history", "60")
		c.Version = &version
		if _, _, err := s.Change(t.Context(), c); !errors.Is(err, want) {
			t.Errorf("for version %d: %v", version, err)
		}
	}
	beaten = 0
	c, three := set("history", "60"), uint64(3)
	c.Version = &three
	if _, _, err := s.Change(t.Context(), c); !errors.Is(err, setting.ErrChanged) || s.Now().History != 50 {
		t.Errorf("beaten to it: %v", err)
	}
	store.before = func() { change(t, rival, set("rate", string(rune('3'+rival.State().Version%2)))) }
	if _, _, err := s.Change(t.Context(), set("history", "60")); !errors.Is(err, setting.ErrChanged) {
		t.Errorf("beaten for ever: %v", err)
	}
}

// TestManyAtATime: no change is lost, and all see the last.
func TestManyAtATime(t *testing.T) {
	store := setting.NewMemory()
	names := []string{"history", "tips", "rate", "memberList"}
	nodes := make([]*setting.Service, len(names))
	for i := range nodes {
		nodes[i] = service(t, settingtest.Values(), store)
	}
	var wg sync.WaitGroup
	for i, s := range nodes {
		wg.Go(func() {
			for n := 0; n < 5; {
				_, _, err := s.Change(t.Context(), set(names[i], string(rune('1'+n))))
				if err == nil {
					n++
				} else if !errors.Is(err, setting.ErrChanged) {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	for _, s := range nodes {
		if err := s.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
		if st := s.State(); st.Version != 20 || st.Values.History != 5 || st.Values.Tips != 5 || st.Values.Rate != 5 || st.Values.MemberList != 5 {
			t.Errorf("%+v", st)
		}
	}
}

// TestWhatAnotherVersionStored: what means nothing here stays stored, and is as it is configured.
func TestWhatAnotherVersionStored(t *testing.T) {
	store := setting.NewMemory()
	if err := store.PutSettings(t.Context(), settingtest.Record(1, "5000")); err != nil {
		t.Fatal(err)
	}
	s := service(t, settingtest.Values(), store)
	if st := s.State(); st.Values.History != 20 || !st.Values.GuestLogin || slices.Contains(st.Changed, "history") || len(st.Changed) != 4 {
		t.Errorf("%+v", st)
	}
	change(t, s, set("tips", "1"))
	if r, err := store.Settings(t.Context()); err != nil || string(r.Values["history"]) != "5000" || r.Values["of another version"] == nil {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestBounds holds every switch to its bounds, over JSON and as it is configured.
func TestBounds(t *testing.T) {
	s := service(t, settingtest.Values(), setting.NewMemory())
	text := func(v any) string { raw, _ := json.Marshal(v); return string(raw) }
	long := strings.Repeat("a", 300)
	for _, sw := range setting.Table() {
		var good, bad []string
		switch sw.Kind {
		case setting.Whole:
			good = []string{text(sw.Min), text(sw.Max)}
			bad = []string{text(sw.Min - 1), text(sw.Max + 1), "1.5", "true", `"1"`, "1e99", "[1]"}
		case setting.Real:
			good = []string{text(sw.Min), text(sw.Max), "1.5"}
			bad = []string{text(sw.Min - 0.001), text(sw.Max + 0.001), "true", `"1"`, "-1", "1e400"}
		case setting.Length:
			least, most := time.Duration(sw.Min)*time.Second, time.Duration(sw.Max)*time.Second
			good = []string{text(least.String()), text(most.String()), `"1m30s"`}
			bad = []string{text((most + time.Millisecond).String()), "90", `"90"`, `""`, `"-1s"`, `"soon"`, `"99999999h"`}
			if least > 0 {
				bad = append(bad, text((least - time.Millisecond).String()))
			}
		case setting.OnOff:
			good, bad = []string{"true", "false"}, []string{"1", `"on"`, `"true"`}
		case setting.Choice:
			for _, word := range sw.Choices {
				good, bad = append(good, text(word)), append(bad, text(strings.ToUpper(word)))
			}
			bad = append(bad, `""`, "1", "["+text(sw.Choices[0])+"]", text(long))
		case setting.List:
			word := map[string]string{"embedOrigins": "https://a.example", "admins": "ops"}[sw.Name]
			good = []string{"[]", text(slices.Repeat([]string{word}, sw.Most))}
			bad = []string{text(slices.Repeat([]string{word}, sw.Most+1)), text(word), `[""]`, "[1]", `["a b"]`, text([]string{long}), "{}", "[null]"}
		}
		for _, raw := range good {
			if _, _, err := s.Change(t.Context(), set(sw.Name, raw)); err != nil {
				t.Errorf("%s=%s: %v", sw.Name, raw, err)
			}
		}
		for _, raw := range bad {
			other, before := "history", *s.Now()
			if sw.Name == other {
				other = "tips"
			}
			var refused *setting.Error
			if _, _, err := s.Change(t.Context(), set(sw.Name, raw, other, "9")); !errors.As(err, &refused) || refused.Name != sw.Name || len(err.Error()) > 400 {
				t.Errorf("%s=%s: %v", sw.Name, raw, err)
			}
			if !reflect.DeepEqual(*s.Now(), before) {
				t.Errorf("%s=%s: something of it is in force", sw.Name, raw)
			}
		}
	}
	for _, origin := range []string{"https://a.example", "http://a", "https://*.b.example:8443", "http://127.0.0.1:80", "*"} {
		if _, _, err := s.Change(t.Context(), set("embedOrigins", text([]string{origin}))); err != nil {
			t.Error(err)
		}
	}
	for _, origin := range []string{"https://", "a.example", "https://a/", "https://a;x", "https://a b", "https://a,b", "https://*", "https://a.*", "https://u@a", "'none'", "data:", "https://a\n", "https://a:", "https://-a", "ftp://a", "https://é.example"} {
		if _, _, err := s.Change(t.Context(), set("embedOrigins", text([]string{origin}))); err == nil {
			t.Errorf("%q is taken", origin)
		}
	}
	for _, user := range []string{"guest_x", "anon_x", "a b", ""} {
		if _, _, err := s.Change(t.Context(), set("admins", text([]string{user}))); err == nil {
			t.Errorf("%q is taken", user)
		}
	}
	if _, _, err := s.Change(t.Context(), set("colour", "1")); err == nil {
		t.Error("a switch that there is not is taken")
	}
	for name, spoil := range map[string]func(*setting.Values){
		"chat-history is 0, must be from 1 to 1000":                    func(v *setting.Values) { v.History = 0 },
		"chat-user-rate is NaN, must be from 0.01 to 1000":             func(v *setting.Values) { v.UserRate = math.NaN() },
		"chat-recall-window is 24h0m0.001s, must be from 0 to 24h":     func(v *setting.Values) { v.RecallWindow = setting.Duration(24*time.Hour + time.Millisecond) },
		"chat-rivals is none, must be one of platform, apps, all":      func(v *setting.Values) { v.Rivals = "none" },
		"admins is 6 long, must be a list of at most 5":                func(v *setting.Values) { v.Admins = []string{"a", "b", "c", "d", "e", "f"} },
		`embed-origins is "x", must be an origin such as https://www.`: func(v *setting.Values) { v.EmbedOrigins = []string{"*", "x"} },
	} {
		v := settingtest.Values()
		spoil(&v)
		if _, err := setting.New(t.Context(), v, setting.NewMemory(), slog.New(slog.DiscardHandler)); err == nil || !strings.HasPrefix(err.Error(), name) {
			t.Errorf("%v, want %s", err, name)
		}
	}
}

// TestEveryValueHasASwitch: nothing is in Values that is not in the table, in the same order.
func TestEveryValueHasASwitch(t *testing.T) {
	var fields, switches []string
	for _, f := range reflect.VisibleFields(reflect.TypeFor[setting.Values]()) {
		fields = append(fields, f.Tag.Get("json"))
	}
	for _, sw := range setting.Table() {
		switches = append(switches, sw.Name)
	}
	if !slices.Equal(fields, switches) {
		t.Errorf("%v\n%v", fields, switches)
	}
}

package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"liveroom/chat/setting"
)

// Settings is what the API asks of the switches that are changed while the server runs (setting.Service).
type Settings interface {
	State() setting.State
	Change(ctx context.Context, c setting.Change) (setting.State, []setting.Step, error)
}

func (s *Server) registerSettings() {
	offer(s, s.settings != nil, s.operation("settings", http.MethodGet, "/settings", "settings", "Show the switches", tokenHolder), s.showSettings)
	offer(s, s.settings != nil, s.operation("change-settings", http.MethodPatch, "/settings", "settings", "Change switches while the server runs, on all nodes", tokenHolder), s.changeSettings)
}

// Switches are the values of all switches.
type Switches struct{ setting.Values }

// Schema describes the type in the API's description: as the table of switches does.
func (Switches) Schema(huma.Registry) *huma.Schema {
	s := switchesSchema(false)
	for _, sw := range setting.Table() {
		s.Required = append(s.Required, sw.Name)
	}
	return s
}

// SwitchesPatch are the switches that change: null gives one back to what is configured, one that is absent stays.
type SwitchesPatch map[string]json.RawMessage

// Schema describes the type in the API's description.
func (SwitchesPatch) Schema(huma.Registry) *huma.Schema { return switchesSchema(true) }

func switchesSchema(nullable bool) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeObject, AdditionalProperties: false, Properties: map[string]*huma.Schema{}}
	for _, sw := range setting.Table() {
		s.Properties[sw.Name] = switchSchema(sw, nullable)
	}
	s.PrecomputeMessages()
	return s
}

// switchSchema describes one switch. Its bounds are the Service's to check, which says them in words.
func switchSchema(sw setting.Switch, nullable bool) *huma.Schema {
	s := &huma.Schema{Description: sw.About, Nullable: nullable}
	switch sw.Kind {
	case setting.Whole:
		s.Type, s.Minimum, s.Maximum = huma.TypeInteger, ptr(sw.Min), ptr(sw.Max)
	case setting.Real:
		s.Type, s.Minimum, s.Maximum = huma.TypeNumber, ptr(sw.Min), ptr(sw.Max)
	case setting.Length:
		s.Type, s.Examples = huma.TypeString, []any{"90s"}
		s.Description += " A length of time such as 90s, " + sw.Must() + "."
	case setting.OnOff:
		s.Type = huma.TypeBoolean
	case setting.Choice:
		s.Type = huma.TypeString
		for _, word := range sw.Choices {
			s.Enum = append(s.Enum, word)
		}
		if nullable {
			s.Enum = append(s.Enum, nil)
		}
	case setting.List:
		s.Type, s.MaxItems, s.Items = huma.TypeArray, ptr(sw.Most), &huma.Schema{Type: huma.TypeString, MaxLength: ptr(200)}
	}
	s.PrecomputeMessages()
	return s
}

// SettingsBody is what is in force and what is known of it.
type SettingsBody struct {
	Version    uint64   `json:"version" doc:"Grows with each change; 0: nothing was ever changed."`
	ChangedAt  NullTime `json:"changedAt"`
	ChangedBy  string   `json:"changedBy" doc:"Account; empty: nobody."`
	Settings   Switches `json:"settings" doc:"In force."`
	Configured Switches `json:"configured" doc:"What flag, environment, file or default of the node that answers say; in force for what was not changed."`
	Changed    []string `json:"changed" doc:"The names of those that were changed; they stay when the configuration changes."`
}

func settingsBody(st setting.State) SettingsBody {
	return SettingsBody{st.Version, NullTime{st.ChangedAt}, st.ChangedBy, Switches{st.Values}, Switches{st.Configured}, append([]string{}, st.Changed...)}
}

type settingsOut struct{ Body SettingsBody }

func (s *Server) showSettings(context.Context, *struct{}) (*settingsOut, error) {
	return &settingsOut{settingsBody(s.settings.State())}, nil
}

type changeSettingsIn struct {
	Body struct {
		Version  *uint64       `json:"version,omitempty" doc:"The one that you read: if it is another meanwhile, nothing changes and the answer is 409 settings_changed. Absent: whatever it is."`
		Settings SwitchesPatch `json:"settings" doc:"Those to change, all or none."`
	}
}

func (s *Server) changeSettings(ctx context.Context, in *changeSettingsIn) (*settingsOut, error) {
	ctx, cancel := timed(ctx)
	defer cancel()
	by := s.speaker(ctx)
	st, steps, err := s.settings.Change(ctx, setting.Change{Version: in.Body.Version, Set: in.Body.Settings, By: by.User})
	if err != nil {
		return nil, err
	}
	if len(steps) > 0 {
		s.record(ctx, "", "settings_change", "", stepsTaken(steps))
	}
	return &settingsOut{settingsBody(st)}, nil
}

// maxStepBytes is how much of a step stands in one value of the audit log, which cuts off what is longer.
const maxStepBytes = 900

// stepsTaken are what a change did, for the audit log. A step of long lists has what was before in a value of its own, or the log
// would not show what is now.
func stepsTaken(steps []setting.Step) map[string]string {
	detail := make(map[string]string, len(steps))
	for _, step := range steps {
		if len(step.Old)+len(step.New) <= maxStepBytes {
			detail[step.Name] = step.Old + " → " + step.New
			continue
		}
		detail[step.Name+"Before"], detail[step.Name] = step.Old, "→ "+step.New
	}
	return detail
}

// settingsProblem is a refusal of the switches; nil: it is none.
func settingsProblem(err error) *Problem {
	var refused *setting.Error
	switch {
	case errors.As(err, &refused):
		must := "must be " + refused.Must
		if refused.Is != "" {
			must = "is " + refused.Is + ", " + must
		}
		return newProblem(http.StatusUnprocessableEntity, "invalid", must).at("settings." + refused.Name)
	case errors.Is(err, setting.ErrChanged):
		return newProblem(http.StatusConflict, "settings_changed", "the settings have changed meanwhile; read them again").at("version").retry(time.Second)
	}
	return nil
}

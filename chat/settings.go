package chat

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits of a group's settings (spec im-rest §3.0; slow mode is ours).
const (
	maxIntroduction = 240 // bytes
	maxGroupAvatar  = 100 // bytes
	maxSlowMode     = time.Hour
)

// Uploads says who may upload files to a group.
type Uploads string

// Who may upload. Guests and anonymous ones never may.
const (
	UploadsMembers Uploads = "members"
	UploadsAdmins  Uploads = "admins" // owner and administrators
	UploadsNone    Uploads = "none"
)

// Settings are what the owner and the administrators of a group set beside name, notice and custom fields. On the wire
// and in a store slowMode is in seconds; what is absent there keeps its value.
type Settings struct {
	Introduction string        // at most 240 bytes
	Avatar       string        // URL of the group's picture, at most 100 bytes
	MuteAll      bool          // only owner and administrators may speak
	SlowMode     time.Duration // least time between two messages of a member, whole seconds up to an hour; 0: off
	GuestsSpeak  bool          // named guests may speak, as members do; anonymous guests never may
	Uploads      Uploads
}

// DefaultSettings are those of a group that nobody has set any for.
func DefaultSettings() Settings { return Settings{GuestsSpeak: true, Uploads: UploadsMembers} }

// settingsJSON is Settings on the wire.
type settingsJSON struct {
	Introduction string  `json:"introduction"`
	Avatar       string  `json:"avatar"`
	MuteAll      bool    `json:"muteAll"`
	SlowMode     int64   `json:"slowMode"`
	GuestsSpeak  bool    `json:"guestsSpeak"`
	Uploads      Uploads `json:"uploads"`
}

func (s Settings) wire() settingsJSON {
	return settingsJSON{s.Introduction, s.Avatar, s.MuteAll, int64(s.SlowMode / time.Second), s.GuestsSpeak, s.Uploads}
}

// MarshalJSON writes the wire form.
func (s Settings) MarshalJSON() ([]byte, error) { return json.Marshal(s.wire()) }

// UnmarshalJSON reads it, over what is there.
func (s *Settings) UnmarshalJSON(raw []byte) error {
	w := s.wire()
	if err := json.Unmarshal(raw, &w); err != nil {
		return err
	}
	*s = Settings{w.Introduction, w.Avatar, w.MuteAll, time.Duration(w.SlowMode) * time.Second, w.GuestsSpeak, w.Uploads}
	return nil
}

// SettingsPatch changes some settings; nil stays.
type SettingsPatch struct {
	Introduction *string
	Avatar       *string
	MuteAll      *bool
	SlowMode     *time.Duration
	GuestsSpeak  *bool
	Uploads      *Uploads
}

func (p SettingsPatch) apply(s Settings) Settings {
	set(&s.Introduction, p.Introduction)
	set(&s.Avatar, p.Avatar)
	set(&s.MuteAll, p.MuteAll)
	set(&s.SlowMode, p.SlowMode)
	set(&s.GuestsSpeak, p.GuestsSpeak)
	set(&s.Uploads, p.Uploads)
	return s
}

func set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}

func (p SettingsPatch) check() error {
	s := p.apply(DefaultSettings())
	switch {
	case len(s.Introduction) > maxIntroduction || !utf8.ValidString(s.Introduction):
		return ErrParameter.with("introduction", "must be at most %d bytes of UTF-8", maxIntroduction)
	case len(s.Avatar) > maxGroupAvatar || !utf8.ValidString(s.Avatar):
		return ErrParameter.with("avatar", "must be at most %d bytes of UTF-8", maxGroupAvatar)
	case strings.ContainsFunc(s.Avatar, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		return ErrParameter.with("avatar", "must be a URL: no spaces or control characters")
	case s.SlowMode < 0 || s.SlowMode > maxSlowMode || s.SlowMode%time.Second != 0:
		return ErrParameter.with("slowMode", "must be whole seconds from 0 (off) to %d", maxSlowMode/time.Second)
	}
	switch s.Uploads {
	case UploadsMembers, UploadsAdmins, UploadsNone:
		return nil
	default:
		return ErrParameter.with("uploads", "must be members, admins or none")
	}
}

// VersionedSettings are settings with the version of their last change.
type VersionedSettings struct {
	Settings
	Version uint64
}

// MarshalJSON writes the settings' wire form and the version.
func (v VersionedSettings) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		settingsJSON
		Version uint64 `json:"version"`
	}{v.wire(), v.Version})
}

// UnmarshalJSON reads it, over what is there.
func (v *VersionedSettings) UnmarshalJSON(raw []byte) error {
	if err := v.Settings.UnmarshalJSON(raw); err != nil {
		return err
	}
	return json.Unmarshal(raw, &struct {
		Version *uint64 `json:"version"`
	}{&v.Version})
}

// SettingsStore keeps the settings of groups, durable before they are answered (class A).
type SettingsStore interface {
	// PutSettings changes settings and answers them all. A patch that changes nothing makes no new version.
	PutSettings(ctx context.Context, group string, p SettingsPatch) (VersionedSettings, error)
}

// PutSettings is SettingsStore.PutSettings.
func (l *Ledger) PutSettings(now time.Time, p SettingsPatch, save Save) (VersionedSettings, error) {
	next := l.Head()
	if s := p.apply(next.Settings); s != next.Settings {
		next.Settings = s
		next.SettingsVersion++
		next.ChangedAt = now
	}
	if err := l.put(next, save); err != nil {
		return VersionedSettings{}, err
	}
	return VersionedSettings{next.Settings, next.SettingsVersion}, nil
}

// PutSettings implements SettingsStore.
func (s *Memory) PutSettings(_ context.Context, group string, p SettingsPatch) (v VersionedSettings, err error) {
	err = s.with(group, func(l *Ledger) (err error) { v, err = l.PutSettings(time.Now(), p, nil); return err })
	return v, err
}

// SetSettings changes settings of a group. Owner and administrators may. Members are told all settings if any changed.
func (s *Service) SetSettings(ctx context.Context, group string, by Identity, p SettingsPatch) (Settings, error) {
	cleaned, err := s.cleanPatch(by, GroupPatch{Settings: p})
	if err != nil {
		return Settings{}, err
	}
	p = cleaned.Settings
	if err := p.check(); err != nil {
		return Settings{}, err
	}
	var known uint64
	var was, now Settings // not to be read unless the change was waited for
	_, quiet := isFounding(ctx)
	permit := func(r *room) error {
		was, known = r.settings.Settings, r.settings.Version
		return r.mayManage(by)
	}
	done := func(v VersionedSettings) outcome { // what the maker tells
		now = v.Settings
		out := outcome{acts: acts(by, group, "settings", []string{""}, p.detail())}
		if v.Version != known && !quiet {
			out.facts = v.changes(group, by, was)
		}
		return out
	}
	err = s.change(ctx, group, permit, func(ctx context.Context) (outcome, error) {
		v, err := s.store.PutSettings(ctx, group, p)
		if err != nil {
			return outcome{late: func(e Entry) outcome { return done(*e.Settings) }}, s.storeError(err, "put settings")
		}
		out := done(v)
		if v.Version != known {
			out.items = []Item{event("settings", v.Version, v.Settings)}
			out.update = func(r *room) { r.settings = v }
		}
		return out, nil
	})
	if err != nil {
		return Settings{}, err
	}
	return now, nil
}

// changes tells of introduction and avatar, if they are others than they were.
func (s Settings) changes(group string, by Identity, was Settings) []Fact {
	f := GroupChanged{Occasion: Occasion{group, time.Now(), by}}
	if s.Introduction != was.Introduction {
		f.Introduction = &s.Introduction
	}
	if s.Avatar != was.Avatar {
		f.Avatar = &s.Avatar
	}
	if f.Introduction == nil && f.Avatar == nil {
		return nil
	}
	return []Fact{f}
}

// detail names what a patch set, for the journal.
func (p SettingsPatch) detail() map[string]string {
	d := map[string]string{}
	note := func(name string, value any, given bool) {
		if given {
			d[name] = fmt.Sprint(value)
		}
	}
	s := p.apply(Settings{})
	note("introduction", s.Introduction, p.Introduction != nil)
	note("avatar", s.Avatar, p.Avatar != nil)
	note("muteAll", s.MuteAll, p.MuteAll != nil)
	note("slowMode", s.SlowMode, p.SlowMode != nil)
	note("guestsSpeak", s.GuestsSpeak, p.GuestsSpeak != nil)
	note("uploads", s.Uploads, p.Uploads != nil)
	return d
}

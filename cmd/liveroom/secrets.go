package main

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"

	"github.com/goccy/go-yaml"
)

// Secrets is the complete set of keys. Each is a different secret; none has a built-in default.
type Secrets struct {
	APIToken      string `yaml:"api-token,omitempty"`       // bearer token of /api/v1, admin scope
	SDKAppID      uint64 `yaml:"sdk-app-id,omitempty"`      // IM application id; not secret, but belongs to the set
	AppSecret     string `yaml:"app-secret,omitempty"`      // UserSig key
	PushKey       string `yaml:"push-key,omitempty"`        // signs push addresses
	PushKeyBackup string `yaml:"push-key-backup,omitempty"` // also accepted
	PlayKey       string `yaml:"play-key,omitempty"`        // signs play addresses
	PlayKeyBackup string `yaml:"play-key-backup,omitempty"` // also accepted
	NodeKey       string `yaml:"node-key,omitempty"`        // between nodes; signs play sessions
	FileKey       string `yaml:"file-key,omitempty"`        // signs addresses of uploaded files
	CallbackKey   string `yaml:"callback-key,omitempty"`    // signs what goes to --callback-url; none: nothing does
	StreamKey     string `yaml:"stream-callback-key,omitempty"`
	StatusKey     string `yaml:"status-callback-key,omitempty"`
	EventKey      string `yaml:"event-callback-key,omitempty"`
	IMAppID       uint64 `yaml:"im-app-id,omitempty"` // application id on the IM host; 0: SDKAppID
	IMSecret      string `yaml:"im-secret,omitempty"` // UserSig key there; empty: AppSecret
	S3AccessKey   string `yaml:"s3-access-key,omitempty"`
	S3SecretKey   string `yaml:"s3-secret-key,omitempty"`
}

// field is one secret with the name of its environment variable.
type field struct {
	env      string
	value    *string
	least    int // characters
	optional bool
	foreign  bool // somebody else's: it may be one of ours as well
	young    bool // clusters know it only where it is set: those of earlier versions, which don't, go on
}

// fields lists the text secrets; the application id is a number and handled beside them.
func (s *Secrets) fields() []field {
	return []field{
		{env: "LIVEROOM_API_TOKEN", value: &s.APIToken, least: 16},
		{env: "LIVEROOM_APP_SECRET", value: &s.AppSecret, least: 8},
		{env: "LIVEROOM_PUSH_KEY", value: &s.PushKey, least: 8},
		{env: "LIVEROOM_PUSH_KEY_BACKUP", value: &s.PushKeyBackup, least: 8, optional: true},
		{env: "LIVEROOM_PLAY_KEY", value: &s.PlayKey, least: 8},
		{env: "LIVEROOM_PLAY_KEY_BACKUP", value: &s.PlayKeyBackup, least: 8, optional: true},
		{env: "LIVEROOM_NODE_KEY", value: &s.NodeKey, least: 16},
		{env: "LIVEROOM_FILE_KEY", value: &s.FileKey, least: 16},
		{env: "LIVEROOM_CALLBACK_KEY", value: &s.CallbackKey, least: 8, optional: true},
		{env: "LIVEROOM_STREAM_CALLBACK_KEY", value: &s.StreamKey, least: 8, optional: true},
		{env: "LIVEROOM_STATUS_CALLBACK_KEY", value: &s.StatusKey, least: 8, optional: true},
		{env: "LIVEROOM_EVENT_CALLBACK_KEY", value: &s.EventKey, least: 8, optional: true},
		{env: "LIVEROOM_IM_SECRET", value: &s.IMSecret, least: 8, optional: true, foreign: true},
		{env: envS3AccessKey, value: &s.S3AccessKey, least: 3, optional: true, foreign: true, young: true},
		{env: envS3SecretKey, value: &s.S3SecretKey, least: 8, optional: true, foreign: true, young: true},
	}
}

// The variables that are named elsewhere too: of application ids, and of the S3 server's keys.
const (
	envS3AccessKey = "LIVEROOM_S3_ACCESS_KEY"
	envS3SecretKey = "LIVEROOM_S3_SECRET_KEY"
	envSDKAppID    = "LIVEROOM_SDK_APP_ID"
	envIMAppID     = "LIVEROOM_IM_APP_ID"
)

// fromEnv lets set variables win over what s holds.
func (s *Secrets) fromEnv() error {
	for _, f := range s.fields() {
		if v, ok := os.LookupEnv(f.env); ok {
			*f.value = v
		}
	}
	return errors.Join(appIDFromEnv(envSDKAppID, &s.SDKAppID), appIDFromEnv(envIMAppID, &s.IMAppID))
}

func appIDFromEnv(name string, id *uint64) error {
	v := os.Getenv(name)
	if v == "" {
		return nil
	}
	n, err := strconv.ParseUint(v, 10, 32)
	if err != nil || n == 0 {
		return fmt.Errorf("%s must be a number from 1 to 4294967295", name)
	}
	*id = n
	return nil
}

// fill takes from other what s lacks.
func (s *Secrets) fill(other Secrets) {
	mine, theirs := s.fields(), other.fields()
	for i := range mine {
		if *mine[i].value == "" {
			*mine[i].value = *theirs[i].value
		}
	}
	s.SDKAppID, s.IMAppID = cmp.Or(s.SDKAppID, other.SDKAppID), cmp.Or(s.IMAppID, other.IMAppID)
}

// missing names the variables of what s lacks.
func (s *Secrets) missing() []string {
	var names []string
	for _, f := range s.fields() {
		if *f.value == "" && !f.optional {
			names = append(names, f.env)
		}
	}
	if s.SDKAppID == 0 {
		names = append(names, envSDKAppID)
	}
	return names
}

// check refuses secrets that would be none: short ones, and one value in two places.
func (s *Secrets) check() error {
	seen := map[string]string{}
	for _, f := range s.fields() {
		v := *f.value
		if v == "" {
			continue
		}
		if len(v) < f.least {
			return fmt.Errorf("%s is too short: at least %d characters", f.env, f.least)
		}
		if f.foreign {
			continue
		}
		if other, twice := seen[v]; twice {
			return fmt.Errorf("%s and %s are the same: each must be a secret of its own", other, f.env)
		}
		seen[v] = f.env
	}
	for name, id := range map[string]uint64{envSDKAppID: s.SDKAppID, envIMAppID: s.IMAppID} {
		if id > math.MaxUint32 {
			return fmt.Errorf("%s must be a number from 1 to 4294967295", name)
		}
	}
	return nil
}

// newSecrets makes a complete set.
func newSecrets() Secrets {
	return Secrets{
		APIToken: "lr_" + randomHex(24), SDKAppID: 1400000000 + uint64(randomByte())<<8 + uint64(randomByte()),
		AppSecret: randomHex(32), PushKey: randomHex(16), PlayKey: randomHex(16), NodeKey: randomHex(32), FileKey: randomHex(32),
	}
}

// generate makes what s lacks, and returns only that: what is given is nobody else's to keep.
func (s *Secrets) generate() Secrets {
	var made Secrets
	fresh := newSecrets()
	mine, theirs, out := s.fields(), fresh.fields(), made.fields()
	for i := range mine {
		if *mine[i].value == "" && !mine[i].optional {
			*out[i].value = *theirs[i].value
		}
	}
	if s.SDKAppID == 0 {
		made.SDKAppID = fresh.SDKAppID
	}
	s.fill(made)
	return made
}

func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return hex.EncodeToString(b)
}

func randomByte() byte {
	var b [1]byte
	_, _ = rand.Read(b[:])
	return b[0]
}

// secretsFile is where generated secrets are kept, readable by their owner alone.
func secretsFile(data string) string { return filepath.Join(data, "secrets.yaml") }

// loadSecrets completes given (from YAML) with the environment and the data folder; generate makes what is still missing. That
// is made, with what the folder had, for the caller to keep there; nil: nothing was missing.
func loadSecrets(data string, given Secrets, generate bool) (s Secrets, made *Secrets, err error) {
	s = given
	if err := s.fromEnv(); err != nil {
		return s, nil, err
	}
	kept, err := readSecrets(secretsFile(data))
	if err != nil {
		return s, nil, err
	}
	s.fill(kept)
	if len(s.missing()) > 0 && generate {
		kept.fill(s.generate())
		made = &kept
	}
	return s, made, s.check()
}

func readSecrets(path string) (Secrets, error) {
	var s Secrets
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	if err := yaml.UnmarshalWithOptions(raw, &s, yaml.Strict()); err != nil {
		// Not the library's own message: it quotes lines of the file.
		return s, fmt.Errorf("%s holds a key that means nothing, or is not YAML", path)
	}
	return s, nil
}

// writeSecrets replaces the file in one step, so that a crash leaves the old set or the new one.
func writeSecrets(path string, s Secrets) error {
	raw, err := yaml.Marshal(s)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), "secrets-*") // 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	header := "# Generated at the first start. Keep it: addresses and signatures are made with it.\n"
	if _, err := tmp.WriteString(header + string(raw)); err != nil {
		_ = tmp.Close()
		return err
	}
	if err := errors.Join(tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

package main

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"liveroom/address"
	"liveroom/chat/account"
	"liveroom/live"
)

type addressCmd struct {
	Push  pushAddressCmd  `cmd:"" help:"Make a signed push address for a stream."`
	Play  playAddressCmd  `cmd:"" help:"Make signed play addresses for a stream."`
	Check checkAddressCmd `cmd:"" help:"Explain whether an address would be accepted, and why not."`
}

// streamFlags name a stream. A room's stream has the room's id unless it was created otherwise.
type streamFlags struct {
	Room    string        `help:"Room whose stream has the room's id." xor:"what" required:""`
	Stream  string        `help:"Stream name, where it differs from the room's id." xor:"what" required:""`
	Expires time.Duration `help:"How long the address can begin something." default:"24h"`
}

// ask checks the flags and loads what an address is signed with.
func (f streamFlags) ask(e *env) (name string, expires time.Time, keys Secrets, err error) {
	name = f.Stream
	if name == "" {
		name = f.Room
	}
	if err := address.ValidName(name); err != nil {
		return "", time.Time{}, Secrets{}, err
	}
	if f.Expires < live.MinAddressTTL || f.Expires > live.MaxAddressTTL {
		return "", time.Time{}, Secrets{}, fmt.Errorf("--expires must be from %s to %s", live.MinAddressTTL, live.MaxAddressTTL)
	}
	keys, err = e.signing()
	return name, time.Now().Add(f.Expires), keys, err
}

type pushAddressCmd struct {
	streamFlags `embed:""`
}

// Run prints the push address and its OBS halves.
func (c pushAddressCmd) Run(e *env) error {
	name, expires, s, err := c.ask(e)
	if err != nil {
		return err
	}
	a := e.cli.base().Push(s.PushKey, name, expires)
	_, err = fmt.Fprintf(e.out, "rtmp:        %s\nOBS server:  %s\nstream key:  %s\nexpires:     %s\n",
		a.RTMP, a.OBS.Server, a.OBS.StreamKey, expires.UTC().Format(time.RFC3339))
	return err
}

type playAddressCmd struct {
	streamFlags `embed:""`
}

// Run prints the play addresses.
func (c playAddressCmd) Run(e *env) error {
	name, expires, s, err := c.ask(e)
	if err != nil {
		return err
	}
	a := e.cli.base().Play(s.PlayKey, name, expires)
	_, err = fmt.Fprintf(e.out, "rtmp:     %s\nflv:      %s\nhls:      %s\nws-flv:   %s\nexpires:  %s\n",
		a.RTMP, a.FLV, a.HLS, a.WSFLV, expires.UTC().Format(time.RFC3339))
	return err
}

type checkAddressCmd struct {
	URL string `arg:"" help:"The address, in quotes."`
}

// Run prints, sentence by sentence, what the server would make of the address.
func (c checkAddressCmd) Run(e *env) error {
	s, err := e.signing()
	if err != nil {
		return err
	}
	push := address.New(s.pushKeys(), 0)
	play := address.New(s.playKeys(), 0)
	for _, line := range address.Explain(c.URL, push, play, time.Now()) {
		if _, err := fmt.Fprintln(e.out, line); err != nil {
			return err
		}
	}
	return nil
}

type usersigCmd struct {
	User    string        `help:"The account that signs in with it." required:""`
	Expires time.Duration `help:"Lifetime." default:"24h"`
}

// Run prints a UserSig.
func (c usersigCmd) Run(e *env) error {
	s, err := e.secrets()
	if err != nil {
		return err
	}
	if c.Expires < time.Second {
		return fmt.Errorf("--expires must be at least 1s")
	}
	sig, err := account.Signer{AppID: s.SDKAppID, Key: s.AppSecret}.Sign(c.User, time.Now(), c.Expires)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(e.out, sig)
	return err
}

type secretsCmd struct{}

// Run prints a fresh set, ready for an environment file.
func (secretsCmd) Run(e *env) error {
	s := newSecrets()
	for _, f := range s.fields() {
		if *f.value == "" {
			continue
		}
		if _, err := fmt.Fprintf(e.out, "%s=%s\n", f.env, *f.value); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(e.out, "%s=%s\n", envSDKAppID, strconv.FormatUint(s.SDKAppID, 10))
	return err
}

type configCmd struct{}

// Run prints the effective configuration. Of secrets it says only whether they are set.
func (configCmd) Run(e *env) error {
	out, err := effective(e.cli)
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(e.out, out)
	return err
}

// redacted is a URL without its password. What is none, such as one whose scheme was forgotten, may hold one anywhere.
func redacted(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" && raw != "" {
		return "hidden: not a URL"
	}
	return u.Redacted()
}

// withoutQuery is the URL of a receiver without what may be a secret in its query.
func withoutQuery(raw string) string {
	if base, _, found := strings.Cut(raw, "?"); found {
		return base + "?hidden"
	}
	return raw
}

// effective is the configuration as YAML that could be given back, secrets as comments.
func effective(c *cli) (string, error) {
	settings := c.Settings
	settings.Redis = redacted(settings.Redis)
	for _, u := range []*string{&settings.CallbackURL, &settings.StreamURL, &settings.StatusURL, &settings.EventURL} {
		*u = withoutQuery(redacted(*u))
	}
	raw, err := yaml.Marshal(settings)
	if err != nil {
		return "", err
	}
	s, _, err := loadSecrets(c.Data, c.given, false)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.Write(raw)
	missing := s.missing()
	for _, f := range s.fields() {
		state := "set"
		if *f.value == "" {
			state = "not set"
		}
		fmt.Fprintf(&b, "# %s: %s\n", f.env, state)
	}
	if len(missing) > 0 && c.Redis == "" {
		b.WriteString("# what is missing is generated at the first start\n")
	}
	return b.String(), nil
}

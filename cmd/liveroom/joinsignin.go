package main

import (
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
	"io"
	"time"

	"liveroom/live"
	"liveroom/web"
	"liveroom/web/signin"
)

// signInKey is what browsers' sessions and links are made with. It changes with the node key and with the API token: who
// got in by a token that was replaced is out.
func signInKey(keys Secrets) ([]byte, error) {
	key, err := hkdf.Key(sha256.New, []byte(keys.NodeKey), []byte(keys.APIToken), "liveroom sign-in", sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("derive the key of sign-ins: %w", err)
	}
	return key, nil
}

// joinSignIn makes who knows who is signed in with a browser.
func (p *program) joinSignIn(keys Secrets) error {
	key, err := signInKey(keys)
	if err == nil {
		p.signIn, err = signin.New(signin.Config{Key: key}, p.stores.signIn)
	}
	return err
}

// firstLinkTTL is how long links are good that the server prints when it starts.
const firstLinkTTL = time.Hour

func (p *program) firstLink(purpose signin.Purpose, room string) (string, error) {
	_, code, err := p.signIn.NewLink(purpose, room, firstLinkTTL)
	return web.LinkURL(p.set.PublicURL, purpose, code), err
}

// welcome tells who started a server for the first time how to get in. The link is a secret: it goes to the terminal, never
// to the log.
func (p *program) welcome(out io.Writer) error {
	admin, err := p.firstLink(signin.ForAdmin, "")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "\n  liveroom is running.\n\n  Admin: %s\n         (good once, for an hour; liveroom link admin makes another)\n\n", admin)
	return err
}

type linkCmd struct {
	Admin  adminLinkCmd  `cmd:"" help:"Make a link to the administrator's console."`
	Anchor anchorLinkCmd `cmd:"" help:"Make a link to the console of a room's anchor."`
}

// linkFlags are those of all links.
type linkFlags struct {
	Expires time.Duration `help:"How long the link is good, at most 24h." default:"15m"`
}

// print makes a link and prints it. The server needn't run: it takes what is signed with its keys.
func (f linkFlags) print(e *env, purpose signin.Purpose, room string) error {
	if f.Expires < signin.MinLinkTTL || f.Expires > signin.MaxLinkTTL {
		return fmt.Errorf("--expires must be from %s to %s", signin.MinLinkTTL, signin.MaxLinkTTL)
	}
	keys, err := e.secrets()
	if err != nil {
		return err
	}
	key, err := signInKey(keys)
	if err != nil {
		return err
	}
	links, err := signin.New(signin.Config{Key: key}, nil) // which making them doesn't need
	if err != nil {
		return err
	}
	_, code, err := links.NewLink(purpose, room, f.Expires)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(e.out, web.LinkURL(e.cli.PublicURL, purpose, code))
	return err
}

type adminLinkCmd struct {
	linkFlags `embed:""`
}

// Run prints a link.
func (c adminLinkCmd) Run(e *env) error { return c.print(e, signin.ForAdmin, "") }

type anchorLinkCmd struct {
	linkFlags `embed:""`
	Room      string `help:"The room, by its id." required:""`
}

// Run prints a link. Who is the room's anchor is looked up when it is used.
func (c anchorLinkCmd) Run(e *env) error {
	if !live.ValidID(c.Room) {
		return fmt.Errorf("--room %q is no id of a room", c.Room)
	}
	return c.print(e, signin.ForAnchor, c.Room)
}

// Command liveroom is a self-hosted live room: signed push and play addresses, RTMP ingest, play-out, the room's status
// and the chat beside it, in one binary.
//
// This package is the only one that knows all the others: it reads the configuration, joins the parts and runs them.
// A newcomer reads serve.go from top to bottom.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// version is set by the build.
var version = "dev"

// cli is the command line.
type cli struct {
	Config   string `help:"YAML file; an unknown key in it is an error." type:"path" env:"LIVEROOM_CONFIG" placeholder:"liveroom.yaml"`
	Settings `embed:""`

	Serve     serveCmd   `cmd:"" help:"Run the server."`
	Address   addressCmd `cmd:"" help:"Make or explain push and play addresses."`
	Usersig   usersigCmd `cmd:"" help:"Make a UserSig for a user."`
	Link      linkCmd    `cmd:"" help:"Make a link that signs in to a console once."`
	Draw      drawCmd    `cmd:"" help:"Verify a lucky draw."`
	Bench     benchCmd   `cmd:"" help:"Measure a server under load."`
	MakeKeys  secretsCmd `cmd:"" name:"secrets" help:"Print a complete set of secrets for an environment file."`
	ShowConf  configCmd  `cmd:"" name:"config" help:"Print the effective configuration, secrets hidden."`
	ShowBuild versionCmd `cmd:"" name:"version" help:"Print the version."`

	given Secrets // from the YAML file
}

// env is what a command runs in.
type env struct {
	ctx    context.Context
	out    io.Writer
	errOut io.Writer
	cli    *cli
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "liveroom:", err)
		os.Exit(1)
	}
}

// run parses args and runs the command they name. The program is a value, so that a test can start it.
func run(ctx context.Context, args []string, out, errOut io.Writer) error {
	var c cli
	present, given, err := configFile(args)
	if err != nil {
		return err
	}
	c.given = given
	exited := false
	parser, err := kong.New(&c,
		kong.Name("liveroom"),
		kong.Description("A live room under your own roof: the stream and the chat beside it."),
		kong.UsageOnError(),
		kong.Writers(out, errOut),
		kong.Resolvers(resolver(present)),
		kong.Exit(func(int) { exited = true }),
	)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	k, err := parser.Parse(args)
	if exited { // --help
		return nil
	}
	if err != nil {
		return err
	}
	if err := c.Settings.Validate(); err != nil {
		return err
	}
	return k.Run(&env{ctx: ctx, out: out, errOut: errOut, cli: &c})
}

// configFile reads the file named by --config, or by LIVEROOM_CONFIG, before anything else is parsed: it holds defaults
// for the rest.
func configFile(args []string) (map[string]any, Secrets, error) {
	path := os.Getenv("LIVEROOM_CONFIG")
	for i, arg := range args {
		if arg == "--config" && i+1 < len(args) {
			path = args[i+1]
		} else if value, ok := strings.CutPrefix(arg, "--config="); ok {
			path = value
		}
	}
	if path == "" {
		return nil, Secrets{}, nil
	}
	return readFile(path)
}

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run(e *env) error {
	_, err := fmt.Fprintln(e.out, "liveroom", version)
	return err
}

var errNoSecrets = errors.New("no secrets yet: start the server once, or set them in the environment (liveroom secrets makes a set)")

// secrets loads the secrets that a running server uses, without making any.
func (e *env) secrets() (Secrets, error) {
	s, _, err := loadSecrets(e.cli.Data, e.cli.given, false)
	if err == nil && len(s.missing()) > 0 {
		return s, fmt.Errorf("%w; missing %v", errNoSecrets, s.missing())
	}
	return s, err
}

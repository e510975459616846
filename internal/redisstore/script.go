package redisstore

import (
	"context"
	"crypto/sha1"
	"embed"
	"encoding/hex"
	"strings"

	"github.com/redis/go-redis/v9"
)

//go:embed lua/*.lua
var sources embed.FS

// script is one file of lua/. It is sent whole where Redis does not know it, which it may forget at any time.
type script struct{ name, source, sha string }

// load reads lua/NAME.lua, after the files it builds on; it is called for package variables only.
func load(name string, after ...string) script {
	var all []byte
	for _, file := range append(after, name) {
		source, err := sources.ReadFile("lua/" + file + ".lua")
		if err != nil {
			panic(err) // the file is part of the program
		}
		all = append(all, source...)
	}
	sum := sha1.Sum(all)
	return script{name, string(all), hex.EncodeToString(sum[:])}
}

var scriptNow = load("now")

// within bounds all that one operation asks of Redis.
func (s *Store) within(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, s.cfg.Timeout)
}

// once is a command that go-redis sends at most once: a cluster client otherwise repeats what it got no reply to, whatever
// MaxRetries says.
type once struct{ *redis.Cmd }

// NoRetry implements redis.Cmder.
func (once) NoRetry() bool { return true }

// run runs a script, within Config.Timeout. All keys have one hash tag.
func (s *Store) run(ctx context.Context, sc script, keys []string, args ...any) *redis.Cmd {
	ctx, cancel := s.within(ctx)
	defer cancel()
	cmd := s.eval(ctx, "evalsha", sc.sha, keys, args)
	if err := cmd.Err(); err != nil && strings.HasPrefix(err.Error(), "NOSCRIPT") { // nothing was done
		cmd = s.eval(ctx, "eval", sc.source, keys, args)
	}
	return cmd
}

func (s *Store) eval(ctx context.Context, command, what string, keys []string, args []any) *redis.Cmd {
	all := make([]any, 0, 3+len(keys)+len(args))
	all = append(all, command, what, len(keys))
	for _, k := range keys {
		all = append(all, k)
	}
	return s.send(ctx, append(all, args...))
}

// command runs a command of one key or channel, within Config.Timeout. It is for those that must not happen twice.
func (s *Store) command(ctx context.Context, args ...any) *redis.Cmd {
	ctx, cancel := s.within(ctx)
	defer cancel()
	return s.send(ctx, args)
}

func (s *Store) send(ctx context.Context, args []any) *redis.Cmd {
	cmd := redis.NewCmd(ctx, args...)
	_ = s.rdb.Process(ctx, once{cmd}) // the command has its error
	return cmd
}

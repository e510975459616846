package redisstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"liveroom/chat/account"
	"liveroom/status"
)

// ErrAway says that Redis did not answer, or can't serve now. Whether a change happened is not known. It is also
// status.ErrUnavailable, which all doors answer as what is to be tried again, and account.ErrAway.
var ErrAway error = awayError{}

type awayError struct{}

func (awayError) Error() string { return "redis is away" }

// Is implements what errors.Is asks for.
func (awayError) Is(target error) bool {
	return target == status.ErrUnavailable || target == account.ErrAway
}

// Config says which Redis, and how it is used. The zero value of a field but URL means its default.
type Config struct {
	// URL is redis://[user:password@]host:port[/db] or rediss:// for one server; redis+sentinel://host:port[/db]?master_name=…
	// [&addr=host:port…] for one that sentinels watch, its user and password being those of the sentinels, and the parameters
	// username and password those of the servers; redis+cluster://[user:password@]host:port[?addr=host:port…] for a cluster. The
	// last two have a rediss+ form too.
	URL string

	Prefix  string        // of all keys and channels (lr:)
	Timeout time.Duration // for one command, dialing included (1.5 s; design §7: an answer within 2 s)
	Pool    int           // connections to each server (32)
}

// Store is a Redis. It is safe for concurrent use. Close it when everything that uses it has ended.
type Store struct {
	cfg   Config
	log   *slog.Logger
	rdb   redis.UniversalClient
	watch *watch
}

// Open prepares the connection; it does not wait for Redis.
func Open(cfg Config, log *slog.Logger) (*Store, error) {
	if cfg.Prefix == "" {
		cfg.Prefix = "lr:"
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 1500 * time.Millisecond
	}
	if cfg.Pool == 0 {
		cfg.Pool = 32
	}
	rdb, err := connect(cfg)
	if err != nil {
		return nil, err
	}
	s := &Store{cfg: cfg, log: log, rdb: rdb}
	s.watch = newWatch(&s.cfg, log)
	s.watch.over(rdb)
	return s, nil
}

// connect makes the client that a URL asks for. Its errors never show the URL, which may hold a password.
func connect(cfg Config) (redis.UniversalClient, error) {
	scheme, rest, found := strings.Cut(cfg.URL, "://")
	base, kind, _ := strings.Cut(scheme, "+")
	if !found || base != "redis" && base != "rediss" {
		return nil, errors.New("redis: the URL must begin with redis://, rediss://, redis+sentinel:// or redis+cluster://")
	}
	plain := base + "://" + rest
	switch kind {
	case "":
		o, err := redis.ParseURL(plain)
		if err != nil {
			return nil, badURL(err)
		}
		cfg.apply(&o.MaxRetries, &o.DialerRetries, &o.PoolSize, &o.ContextTimeoutEnabled, &o.DialTimeout, &o.ReadTimeout, &o.WriteTimeout, &o.PoolTimeout)
		return redis.NewClient(o), nil
	case "sentinel":
		o, err := redis.ParseFailoverURL(plain)
		if err != nil {
			return nil, badURL(err)
		}
		if o.MasterName == "" {
			return nil, errors.New("redis: a redis+sentinel:// URL needs master_name")
		}
		cfg.apply(&o.MaxRetries, &o.DialerRetries, &o.PoolSize, &o.ContextTimeoutEnabled, &o.DialTimeout, &o.ReadTimeout, &o.WriteTimeout, &o.PoolTimeout)
		return redis.NewFailoverClient(o), nil
	case "cluster":
		o, err := redis.ParseClusterURL(plain)
		if err != nil {
			return nil, badURL(err)
		}
		// MaxRetries does nothing here; MaxRedirects also follows MOVED, so it stays, and once keeps commands from being sent
		// twice.
		cfg.apply(&o.MaxRetries, &o.DialerRetries, &o.PoolSize, &o.ContextTimeoutEnabled, &o.DialTimeout, &o.ReadTimeout, &o.WriteTimeout, &o.PoolTimeout)
		return redis.NewClusterClient(o), nil
	}
	return nil, fmt.Errorf("redis: unknown kind %q in the URL, must be sentinel or cluster", kind)
}

// apply sets what all kinds of client are told alike, whose options have no type in common: nothing is sent twice, one dial is
// one try, and nothing takes longer than Timeout.
func (cfg *Config) apply(maxRetries, dialerRetries, pool *int, contextTimeouts *bool, timeouts ...*time.Duration) {
	*maxRetries, *dialerRetries, *pool, *contextTimeouts = -1, 1, cfg.Pool, true
	for _, t := range timeouts {
		*t = cfg.Timeout
	}
}

// SetLog has the client library log to log, at debug: what matters of it this package says itself. It holds for the whole
// process.
func SetLog(log *slog.Logger) { redis.SetLogger(libraryLog{log}) }

type libraryLog struct{ log *slog.Logger }

// Printf implements the library's logger.
func (l libraryLog) Printf(ctx context.Context, format string, v ...any) {
	l.log.DebugContext(ctx, "redis client", "says", fmt.Sprintf(format, v...))
}

// badURL is an error of parsing without the URL in it.
func badURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return fmt.Errorf("redis: the URL can't be used: %w", err)
}

// Close ends all connections.
func (s *Store) Close() error {
	s.watch.close()
	return s.rdb.Close()
}

// Now is Redis's clock, UTC, in whole milliseconds. In a cluster it is that of the server of the control plane.
func (s *Store) Now(ctx context.Context) (time.Time, error) {
	us, err := s.micros(ctx)
	return time.UnixMilli(us / 1000).UTC(), err
}

// micros is Redis's clock in µs since 1970.
func (s *Store) micros(ctx context.Context) (int64, error) {
	us, err := s.run(ctx, scriptNow, []string{s.key("lr", "clock")}).Int64()
	return us, away(err)
}

// key is a key, or a channel, whose hash tag is tag.
func (s *Store) key(tag string, parts ...string) string {
	return s.cfg.Prefix + "{" + tag + "}:" + strings.Join(parts, ":")
}

// away wraps what a command failed with, but redis.Nil and what a script refused by itself (error replies that begin with
// "LR").
func away(err error) error {
	if err == nil || errors.Is(err, redis.Nil) || errors.Is(err, ErrAway) {
		return err
	}
	var reply redis.Error
	if errors.As(err, &reply) && strings.HasPrefix(reply.Error(), "LR") {
		return err
	}
	return fmt.Errorf("%w: %w", ErrAway, err)
}

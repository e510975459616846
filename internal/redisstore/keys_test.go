package redisstore

import (
	"context"
	"errors"
	flags "flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
)

// keysTable is where operators read what is in their Redis.
const keysTable = "../../docs/redis.md"

// keysSeen are the keys and channels that commands of the tests named, without prefix.
var keysSeen struct {
	mu  sync.Mutex
	all map[string]bool
}

// keysNobodyHas are named by tests alone, or are never written.
var keysNobodyHas = regexp.MustCompile(`^\{lr\}:(clock|counter|kept|x)$|^\{g:.+\}:(x|o:)$|^\*$`)

// keySeer is a redis.Hook that fills keysSeen.
type keySeer struct{ prefix string }

func (k keySeer) DialHook(next redis.DialHook) redis.DialHook { return next }

func (k keySeer) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		k.see(cmd)
		return next(ctx, cmd)
	}
}

func (k keySeer) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		for _, cmd := range cmds {
			k.see(cmd)
		}
		return next(ctx, cmds)
	}
}

// see notes the keys of a script, or that of a command of one key.
func (k keySeer) see(cmd redis.Cmder) {
	args := cmd.Args()
	keys := args[1:min(2, len(args))]
	if strings.HasPrefix(cmd.Name(), "eval") {
		count, _ := args[2].(int)
		keys = args[3 : 3+count]
	}
	keysSeen.mu.Lock()
	defer keysSeen.mu.Unlock()
	if keysSeen.all == nil {
		keysSeen.all = make(map[string]bool)
	}
	for _, key := range keys {
		if name, ours := strings.CutPrefix(fmt.Sprint(key), k.prefix); ours && !keysNobodyHas.MatchString(name) {
			keysSeen.all[name] = true
		}
	}
}

// checkKeys compares the table of keys with what the tests used: it must have all of that, and, if all tests ran, nothing else.
func checkKeys() (err error) {
	table, err := readKeysTable()
	if err != nil {
		return err
	}
	used := make(map[string]bool)
	for key := range keysSeen.all {
		known := false
		for row, pattern := range table {
			if pattern.MatchString(key) {
				known, used[row] = true, true
			}
		}
		if !known {
			err = errors.Join(err, fmt.Errorf("%s does not have the key %q", keysTable, key))
		}
	}
	for _, narrowed := range []string{"test.run", "test.skip", "test.list"} {
		if flags.Lookup(narrowed).Value.String() != "" {
			return err
		}
	}
	for row := range table {
		if !used[row] {
			err = errors.Join(err, fmt.Errorf("%s has the key %q, which no test used", keysTable, row))
		}
	}
	return err
}

// readKeysTable reads the keys of the table. In it words in capitals stand for anything, and … for the key before without its
// last part.
func readKeysTable() (map[string]*regexp.Regexp, error) {
	text, err := os.ReadFile(keysTable)
	if err != nil {
		return nil, err
	}
	code, anything := regexp.MustCompile("`([^`]+)`"), regexp.MustCompile(`[A-Z]+`)
	table := make(map[string]*regexp.Regexp)
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "| `lr:") {
			continue
		}
		last := ""
		for _, found := range code.FindAllStringSubmatch(strings.Split(line, "|")[1], -1) {
			key := found[1]
			if rest, short := strings.CutPrefix(key, "…"); short {
				key = last[:strings.LastIndex(last, ":")] + rest
			}
			name := strings.TrimPrefix(key, "lr:")
			table[key] = regexp.MustCompile("^" + anything.ReplaceAllString(regexp.QuoteMeta(name), "(?s:.+)") + "$")
			last = key
		}
	}
	return table, nil
}

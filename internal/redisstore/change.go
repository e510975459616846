package redisstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"liveroom/chat"
)

var scriptChange = load("change")

// maxArgs is how many values one command of a change has: what Lua can put on its stack is bounded.
const maxArgs = 1000

// draft is a change that is being made of what is read: what it reads it compares when it writes.
type draft struct {
	s        *Store
	keys     []string
	number   map[string]int // of a key in keys, from 1 on
	compared int
	compares []any
	writes   []any
}

// change lets f read, and note what to write, until all that it read is still so when it is written: f is called again for
// each other change that came between. It ends within Config.Timeout. The operation of ctx is remembered for an age: asked
// again, it is not done again. One whose answer was lost is asked again once.
func (s *Store) change(ctx context.Context, age time.Duration, f func(ctx context.Context, d *draft) error) error {
	return s.changeIn(ctx, "lr", age, f)
}

// changeIn is change of keys with another hash tag than that of the control plane.
func (s *Store) changeIn(ctx context.Context, tag string, age time.Duration, f func(ctx context.Context, d *draft) error) error {
	ctx, cancel := s.within(ctx)
	defer cancel()
	op := s.key(tag, "op", chat.Operation(ctx))
	for {
		d := &draft{s: s, keys: []string{op}, number: map[string]int{}}
		if err := f(ctx, d); err != nil {
			return err
		}
		if len(d.writes) == 0 {
			return nil
		}
		done, err := d.commit(ctx, age)
		if err != nil && ctx.Err() == nil {
			done, err = d.commit(ctx, age)
		}
		if err != nil || done {
			return err
		}
	}
}

func (d *draft) commit(ctx context.Context, age time.Duration) (bool, error) {
	args := append([]any{age.Milliseconds(), d.compared}, d.compares...)
	done, err := d.s.run(ctx, scriptChange, d.keys, append(args, d.writes...)...).Bool()
	return done, away(err)
}

// key is the number of a key in the script's KEYS.
func (d *draft) key(key string) int {
	n := d.number[key]
	if n == 0 {
		d.keys = append(d.keys, key)
		n = len(d.keys)
		d.number[key] = n
	}
	return n
}

// text reads a string; found is false where there is none.
func (d *draft) text(ctx context.Context, key string) (value string, found bool, err error) {
	value, err = d.s.rdb.Get(ctx, key).Result()
	found = err == nil
	if err != nil && !errors.Is(err, redis.Nil) {
		return "", false, away(err)
	}
	d.compare(key, "s", "", value, found)
	return value, found, nil
}

// fields reads fields of a hash, as many values as fields; nil where there is none.
func (d *draft) fields(ctx context.Context, key string, fields ...string) ([]any, error) {
	values, err := d.s.fields(ctx, key, fields...)
	for i, v := range values {
		value, found := v.(string)
		d.compare(key, "h", fields[i], value, found)
	}
	return values, err
}

func (d *draft) compare(key, kind, field, value string, found bool) {
	d.compared++
	is := 0
	if found {
		is = 1
	}
	d.compares = append(d.compares, d.key(key), kind, field, is, value)
}

// do notes a command. Where it takes any number of values they come in groups of size.
func (d *draft) do(command, key string, args ...any) {
	d.writes = append(d.writes, len(args), command, d.key(key))
	d.writes = append(d.writes, args...)
}

// each notes a command for any number of args, some at a time. There is none without any.
func (d *draft) each(command, key string, args []any) {
	for len(args) > 0 {
		n := min(len(args), maxArgs)
		d.do(command, key, args[:n]...)
		args = args[n:]
	}
}

// put notes that a field of a hash becomes a value, as JSON.
func (d *draft) put(key, field string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encode %s: %w", field, err)
	}
	d.do("HSET", key, field, text)
	return nil
}

// fields reads fields of a hash, as many values as fields; nil where there is none.
func (s *Store) fields(ctx context.Context, key string, fields ...string) ([]any, error) {
	values := make([]any, 0, len(fields))
	for len(fields) > 0 {
		n := min(len(fields), maxArgs)
		some, err := s.rdb.HMGet(ctx, key, fields[:n]...).Result()
		if err != nil {
			return nil, away(err)
		}
		values, fields = append(values, some...), fields[n:]
	}
	return values, nil
}

// decode reads JSON of a value that fields returned.
func decode[T any](value any) (v T, found bool, err error) {
	text, found := value.(string)
	if !found {
		return v, false, nil
	}
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		return v, false, fmt.Errorf("decode %T: %w", v, err)
	}
	return v, true, nil
}

// decodeFound reads JSON of those values that are there.
func decodeFound[T any](values []any) (all []T, err error) {
	for _, value := range values {
		v, found, err := decode[T](value)
		if err != nil {
			return nil, err
		}
		if found {
			all = append(all, v)
		}
	}
	return all, nil
}

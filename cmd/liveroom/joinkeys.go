package main

import (
	"context"
	"strconv"
	"time"

	"liveroom/address"
	"liveroom/chat"
	"liveroom/internal/keyfile"
	"liveroom/internal/redisstore"
	"liveroom/live/keyring"
)

const (
	// keysTimeout is how long reading the push and play keys may take at the start.
	keysTimeout = 30 * time.Second
	// keysSettle is how long the nodes of a cluster accept a new key before they sign with it: all have heard of it by then.
	keysSettle = 4 * time.Second
)

// pushKeys are the configured keys of push addresses.
func (s *Secrets) pushKeys() address.Keys {
	return address.Keys{Primary: s.PushKey, Backup: s.PushKeyBackup}
}

// playKeys are those of play addresses.
func (s *Secrets) playKeys() address.Keys {
	return address.Keys{Primary: s.PlayKey, Backup: s.PlayKeyBackup}
}

// joinKeys puts the push and play keys in force that were rotated since they were configured. All that signs or verifies with
// them is made before.
func (p *program) joinKeys(keys Secrets) error {
	ctx, cancel := context.WithTimeout(context.Background(), keysTimeout)
	defer cancel()
	file := keyfile.Open(p.set.Data)
	var store keyring.Store = file
	cfg := keyring.Config{
		Push: keys.pushKeys(), Play: keys.playKeys(), NodeKey: []byte(keys.NodeKey), Others: keys.others(),
		Apply: p.rekey, UsedAt: p.keyUsedAt, Replaced: func(version uint64) { p.keysReplaced(ctx, version) },
	}
	if p.cluster != nil {
		sealer, err := keyring.NewSealer([]byte(keys.NodeKey))
		if err != nil {
			return err
		}
		if cfg.Kept, err = file.Ring(ctx); err != nil {
			p.log.Warn("the copy of the push and play keys can't be read", "err", err)
		}
		store, cfg.Settle, cfg.Keep = p.cluster.redis.Keyring(sealer), keysSettle, file.Keep
	}
	var err error
	if p.keys, err = keyring.New(ctx, cfg, store, p.log); err != nil {
		return err
	}
	p.interaction.actors = append(p.interaction.actors, actor{"keys", p.keys.Run})
	return nil
}

// others are the secrets that no push or play key may be.
func (s *Secrets) others() (values []string) {
	for _, f := range s.fields() {
		switch f.value {
		case &s.PushKey, &s.PushKeyBackup, &s.PlayKey, &s.PlayKeyBackup:
		default:
			if *f.value != "" && !f.foreign {
				values = append(values, *f.value)
			}
		}
	}
	return values
}

// rekey has all parts sign and verify with other keys.
func (p *program) rekey(push, play address.Keys) {
	p.rooms.Rekey(push, play)
	p.hls.SetPlayKeys([]byte(play.Primary), []byte(play.Backup))
	p.vod.SetPlayKeys([]byte(play.Primary), []byte(play.Backup))
}

// keyUsedAt is when this node accepted something last that was signed with a key.
func (p *program) keyUsedAt(kind keyring.Kind, secret string) time.Time {
	if kind == keyring.Push {
		return p.rooms.PushKeyUsedAt(secret)
	}
	latest := p.rooms.PlayKeyUsedAt(secret)
	for _, at := range []time.Time{p.hls.PlayKeyUsedAt([]byte(secret)), p.vod.PlayKeyUsedAt([]byte(secret))} {
		if at.After(latest) {
			latest = at
		}
	}
	return latest
}

// keysReplaced notes that the configured keys have taken the place of those that were rotated.
func (p *program) keysReplaced(ctx context.Context, version uint64) {
	by := chat.Identity{User: chat.Administrator, Admin: true}
	p.audit.Record(chat.Act{Time: time.Now(), By: by, Action: "keys_configured", Detail: map[string]string{"version": strconv.FormatUint(version, 10)}})
	p.audit.Settle(ctx)
}

// watchKeys has this node hear of keys that others change.
func (p *program) watchKeys() { p.cluster.news.Watch(redisstore.NewsKeys, p.keys.Reload) }

// signing are the secrets with the push and play keys that a server with this data folder signs with.
func (e *env) signing() (Secrets, error) {
	s, err := e.secrets()
	if err != nil {
		return s, err
	}
	push, play, err := keyfile.Keys(e.cli.Data, s.pushKeys(), s.playKeys())
	s.PushKey, s.PushKeyBackup, s.PlayKey, s.PlayKeyBackup = push.Primary, push.Backup, play.Primary, play.Backup
	return s, err
}

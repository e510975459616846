package redisstore

import (
	"context"
	"strings"
)

// About is what Redis says of itself, for operators. What it does not say, or not to this user, is empty.
type About struct {
	Error       string `json:"error,omitempty"` // why the rest is missing
	Version     string `json:"version,omitempty"`
	Mode        string `json:"mode,omitempty"`        // standalone, sentinel or cluster
	Role        string `json:"role,omitempty"`        // master or slave
	AppendOnly  string `json:"appendOnly,omitempty"`  // yes: changes go to a file
	AppendFsync string `json:"appendFsync,omitempty"` // when the file is synced: always loses nothing that was answered
	Eviction    string `json:"eviction,omitempty"`    // maxmemory-policy; anything but noeviction may lose what was stored
}

// About asks Redis; of a cluster, one of its servers.
func (s *Store) About(ctx context.Context) About {
	ctx, cancel := s.within(ctx)
	defer cancel()
	info, err := s.rdb.Info(ctx, "server", "replication").Result()
	if err != nil {
		return About{Error: err.Error()}
	}
	var a About
	said := map[string]*string{"redis_version": &a.Version, "redis_mode": &a.Mode, "role": &a.Role}
	for line := range strings.Lines(info) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		if to := said[name]; to != nil {
			*to = value
		}
	}
	settings := map[string]*string{"appendonly": &a.AppendOnly, "appendfsync": &a.AppendFsync, "maxmemory-policy": &a.Eviction}
	for name, to := range settings {
		if got, err := s.rdb.ConfigGet(ctx, name).Result(); err == nil { // hosted ones often refuse
			*to = got[name]
		}
	}
	return a
}

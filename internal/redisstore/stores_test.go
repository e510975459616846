package redisstore

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"liveroom/chat/account"
	"liveroom/chat/account/accounttest"
	"liveroom/chat/audit"
	"liveroom/chat/audit/audittest"
	"liveroom/chat/file"
	"liveroom/chat/file/filetest"
	"liveroom/chat/level"
	"liveroom/chat/level/leveltest"
	"liveroom/chat/popularity"
	"liveroom/chat/popularity/popularitytest"
	"liveroom/chat/summary"
	"liveroom/chat/summary/summarytest"
	"liveroom/chat/words"
	"liveroom/chat/words/wordstest"
	"liveroom/internal/redistest"
	"liveroom/web/callback"
	"liveroom/web/callback/callbacktest"
)

// patient is a Store with the keys of another that waits long: tests share their machine, and a list of words may be large.
func patient(t *testing.T, s *Store) *Store {
	t.Helper()
	cfg := s.cfg
	cfg.Timeout = 20 * time.Second
	other, err := Open(cfg, s.log)
	if err != nil {
		t.Fatal(err)
	}
	other.rdb.AddHook(keySeer{cfg.Prefix})
	t.Cleanup(func() { _ = other.Close() })
	return other
}

func TestAccounts(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *Store) {
		accounttest.Store(t, func(t *testing.T) account.Store { return patient(t, open(t)).Accounts() })
	})
}

func TestAudit(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *Store) {
		audittest.Store(t, func(t *testing.T) audit.Store { return patient(t, open(t)).Audit() })
	})
}

func TestWords(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *Store) {
		wordstest.Store(t, func(t *testing.T) words.Store { return patient(t, open(t)).Words() })
	})
}

func TestPopularity(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *Store) {
		popularitytest.Store(t, func(t *testing.T) popularity.Store { return patient(t, open(t)).Popularity() })
		popularitytest.Once(t, patient(t, open(t)).Popularity())
	})
}

func TestSummaries(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *Store) {
		summarytest.Store(t, func(t *testing.T) summary.Store { return patient(t, open(t)).Summaries() })
		summarytest.Once(t, patient(t, open(t)).Summaries())
	})
}

func TestFiles(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *Store) {
		filetest.Store(t, func(t *testing.T) file.Store { return patient(t, open(t)).Files() })
		filetest.Shared(t, patient(t, open(t)).Files())
	})
}

func TestLevels(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *Store) {
		leveltest.Store(t, func(t *testing.T) level.Store { return patient(t, open(t)).Levels() })
		leveltest.News(t, func(t *testing.T) (a, b leveltest.Shared) {
			s := open(t)
			return patient(t, s).Levels(), patient(t, s).Levels()
		})
	})
}

func TestEndpoints(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *Store) {
		callbacktest.Endpoints(t, func(t *testing.T) callback.EndpointStore { return patient(t, open(t)).Endpoints() })
	})
}

func TestPushes(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *Store) {
		callbacktest.Pushes(t, func(t *testing.T) callback.PushStore { return patient(t, open(t)).Pushes() })
	})
}

// TestFilesOfManyGroups: all groups are found though they are read some at a time.
func TestFilesOfManyGroups(t *testing.T) {
	f := open(t, redistest.Shared(t).URL()).Files()
	var members []redis.Z
	var want []string
	for i := range 2*groupsAtOnce + 1 {
		group := fmt.Sprintf("g%04d", i)
		want = append(want, group)
		members = append(members, redis.Z{Member: groupMember(group, "a")}, redis.Z{Member: groupMember(group, "b")})
	}
	if err := f.s.rdb.ZAdd(t.Context(), f.group, members...).Err(); err != nil {
		t.Fatal(err)
	}
	if got, err := f.FileGroups(t.Context()); err != nil || !slices.Equal(got, want) {
		t.Errorf("%d groups, want %d: %v", len(got), len(want), err)
	}
}
